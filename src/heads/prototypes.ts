/**
 * Few-shot classification: a class is the mean of its examples, and a row belongs to the one in whose direction it lies from the mean of
 * all (Snell et al., arXiv 1703.05175; centered, with cosines, as Wang et al., arXiv 1911.04623).
 */
import { array, gtValue, number, pipe, string } from "valibot";
import { S2Error, type Tensor } from "../core/index.ts";
import { Mul, type OpenGraph, Softmax } from "../onnx/index.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { type Batches, channelsOf, type LabeledBatch, rowCount } from "./rows.ts";
import { unitFeatures } from "./unit-rows.ts";

/** Tensors: center [channels], the mean of the classes' means; weight [classes, channels], these less the center, in scales of equal length. */
export interface PrototypesHead extends FeatureHead {
  readonly kind: "prototypes";
  readonly classes: readonly string[];
  readonly temperature: number;
  readonly tensors: { readonly center: Tensor; readonly weight: Tensor };
}

export interface PrototypesOptions {
  readonly classes: readonly string[];
  /** Channels of each scale; the cosines of the scales are averaged. */
  readonly channelsPerScale: readonly number[];
  /** Of the softmax over cosines; default 0.07. It sharpens probabilities and does not change which class is best. */
  readonly temperature?: number;
  readonly signal?: AbortSignal;
}

/**
 * Means of the examples; one a class is enough.
 * @throws S2Error "labels" for a class without an example; "rows" for rows of another width.
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
    throw new S2Error("labels", `The class ${classes[absent]} has no example; give one at least, or leave the class out.`);
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
 * Opens it: rows [n, channels] to probabilities [n, classes], the softmax of cosine / temperature.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for rows of another width.
 */
export async function openPrototypes(
  head: PrototypesHead,
  openGraph: OpenGraph,
): Promise<OpenedHead<Float32Array, Float32Array>> {
  checkFields(head, "prototypes", { classes: array(string()), temperature: pipe(number(), gtValue(0)) });
  const { classes, channelsPerScale, temperature, tensors } = head;
  const channels = channelsOf(channelsPerScale);
  checkHead(head, "prototypes", { center: [channels], weight: [classes.length, channels] });
  const bias = { dims: [classes.length], data: new Float32Array(classes.length) };
  const graph = await openGraph(
    mapFile({ weight: tensors.weight, bias }, channels, (cosines) => Softmax(Mul(cosines, 1 / temperature))),
  );
  return {
    async predict(rows) {
      return runMap(graph, unitFeatures(rows, channelsPerScale, channels, tensors.center.data), channels);
    },
    close: () => graph.close(),
  };
}
