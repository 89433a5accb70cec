/**
 * Few-shot classification: a class is the mean of its examples, and a row belongs to the class whose mean lies in the most similar
 * direction from the mean of all (Snell et al., arXiv 1703.05175; centered, with cosines, as Wang et al., arXiv 1911.04623).
 */
import { array, gtValue, number, pipe, string } from "valibot";
import { S2Error, type Tensor } from "../core/index.ts";
import { Mul, type OpenGraph, type ShapedValue, Softmax } from "../onnx/index.ts";
import { type Batches, channelsOf, type LabeledBatch, rowCount } from "./batches.ts";
import { checkHead, type FeatureHead } from "./head.ts";
import { linearRows, type OpenedHead, openRows } from "./linear.ts";
import { unitFeatures } from "./unit-features.ts";

/** A few-shot classifier: the means of the classes. */
export interface PrototypesHead extends FeatureHead {
  readonly kind: "prototypes";
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Divides the cosines before the softmax. */
  readonly temperature: number;
  /** Center [channels], the mean of the classes' means; weight [classes, channels], the means less the center, each scale of equal length. */
  readonly tensors: { readonly center: Tensor; readonly weight: Tensor };
}

/** Options of `fitPrototypes`. */
export interface PrototypesOptions {
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Channels of each scale; the cosines of the scales are averaged. */
  readonly channelsPerScale: readonly number[];
  /** Divides the cosines before the softmax; default 0.07. It changes probabilities, not the best class. */
  readonly temperature?: number;
  /** Stops the fit. */
  readonly signal?: AbortSignal;
}

/**
 * Computes the mean of each class's examples; one example a class is enough.
 * @throws S2Error "labels" for a class without an example; "rows" for features of other channels.
 */
export async function fitPrototypes(
  train: Batches<LabeledBatch>,
  { classes, channelsPerScale, temperature = 0.07, signal }: PrototypesOptions,
): Promise<PrototypesHead> {
  const channels = channelsOf(channelsPerScale);
  const means = new Float64Array(classes.length * channels);
  const counts = new Int32Array(classes.length);
  let seen = 0;
  for await (const { features, labels } of train()) {
    signal?.throwIfAborted();
    seen += rowCount(features, channels, seen);
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes.length) continue;
      counts[labels[i]]++;
      for (let c = 0; c < channels; c++) means[labels[i] * channels + c] += features[i * channels + c];
    }
  }
  const absent = counts.indexOf(0);
  if (absent >= 0)
    throw new S2Error("labels", `The class ${classes[absent]} has no example; give at least one, or leave the class out.`);
  const center = new Float32Array(channels);
  for (let i = 0; i < means.length; i++) {
    means[i] /= counts[Math.floor(i / channels)];
    center[i % channels] += means[i] / classes.length;
  }
  const weight = unitFeatures(Float32Array.from(means), channelsPerScale, channels, center);
  const tensors = { center: { dims: [channels], data: center }, weight: { dims: [classes.length, channels], data: weight } };
  return { kind: "prototypes", classes, channelsPerScale, temperature, tensors };
}

/**
 * Opens the head; it maps features [n, channels] to probabilities [n, classes], the softmax of cosine / temperature.
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for features of other channels.
 */
export async function openPrototypes(
  head: PrototypesHead,
  openGraph: OpenGraph,
): Promise<OpenedHead<Float32Array, Float32Array>> {
  const { channelsPerScale, tensors } = head;
  const channels = checkPrototypes(head);
  return openRows(
    openGraph,
    channels,
    (unit) => prototypeScores(head, unit),
    (features: Float32Array, run) => run(unitFeatures(features, channelsPerScale, channels, tensors.center.data)),
  );
}

/** Checks a head of prototypes and returns its channels. @throws S2Error "head". */
export function checkPrototypes(head: PrototypesHead): number {
  const fields = { classes: array(string()), temperature: pipe(number(), gtValue(0)) };
  const dims = (channels: number) => ({ center: [channels], weight: [head.classes.length, channels] });
  return checkHead(head, "prototypes", fields, dims);
}

/** Adds the head to the graph of centered rows of unit length, [n, channels]: probabilities [n, classes]. */
export function prototypeScores({ classes, temperature, tensors: { weight } }: PrototypesHead, unit: ShapedValue): ShapedValue {
  const bias = { dims: [classes.length], data: new Float32Array(classes.length) };
  return Softmax(Mul(linearRows(unit, { weight, bias }), 1 / temperature));
}
