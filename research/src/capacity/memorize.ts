/** Training losses of a linear classifier with a fixed number of steps (paper, Table 3): on the labels, and on labels that are shuffled, which it can only memorize. */
import { addImage, type ImageSums, mean, newSums, pooled, type Score } from "s2-vision/metrics";
import { LogSoftmax, Mul, ReduceSum, Reshape } from "s2-vision/onnx";
import { adamW, cosine, fit, linear, makeRandom, makeStep, shuffled } from "s2-vision/train";
import type { ExperimentContext } from "../context.ts";
import type { ImageFeatures } from "../evaluate.ts";
import { channelsOf } from "./systems.ts";

export const STEPS = 300;
/** Learning rates, of which the one with the least loss is taken: what is measured is the training loss itself. */
export const RATES = [1e-2, 3e-3, 1e-3];
/** Orders of shuffled labels. */
export const SHUFFLES = 3;

/** A photo with its class. */
export interface LabeledPhoto {
  readonly key: string;
  readonly label: number;
}

/** Sums of each photo: cross-entropy, and the count of labels. */
export interface TrainingLosses {
  readonly channels: number;
  readonly rate: number;
  readonly labels: ImageSums;
  readonly shuffled: ImageSums;
}

export const lossOf = (sums: ImageSums): Score => pooled(sums, mean);

/** Fits classifiers of the labels and of shuffled ones, all at once, by AdamW on all photos in each step. */
export async function trainingLosses(
  context: ExperimentContext,
  photos: readonly LabeledPhoto[],
  classes: number,
  features: ImageFeatures,
): Promise<TrainingLosses> {
  const channels = channelsOf(features);
  const rows = standardized(photos, features, channels);
  const labelings = labelingsOf(photos);
  let best: { losses: Float64Array; rate: number } | undefined;
  for (const rate of RATES) {
    const losses = await lossesAt(rate, context, rows, channels, labelings, classes);
    if (!best || sum(losses) < sum(best.losses)) best = { losses, rate };
  }
  const { losses, rate } = best!;
  const [labels, shuffledLabels] = [newSums(2), newSums(2)];
  for (const [i, { key }] of photos.entries()) {
    const each = losses.subarray(i * labelings.length, (i + 1) * labelings.length);
    addImage(labels, key, [each[0], 1]);
    addImage(shuffledLabels, key, [sum(each.subarray(1)), SHUFFLES]);
  }
  return { channels, rate, labels, shuffled: shuffledLabels };
}

/** The labels of the photos, then the same labels in other orders. */
function labelingsOf(photos: readonly LabeledPhoto[]): Int32Array[] {
  const labels = Int32Array.from(photos, ({ label }) => label);
  const orders = Array.from({ length: SHUFFLES }, (_, i) => shuffled(photos.length, makeRandom(i + 1)));
  return [labels, ...orders.map((order) => Int32Array.from(order, (at) => labels[at]))];
}

/** Trains and returns the losses [photos, labelings] after the last step. */
async function lossesAt(
  rate: number,
  { openLoop, signal }: ExperimentContext,
  rows: Float32Array,
  channels: number,
  labelings: readonly Int32Array[],
  classes: number,
): Promise<Float64Array> {
  const [photos, outputs] = [rows.length / channels, labelings.length * classes];
  const step = makeStep({
    inputs: {
      rows: { type: "float32", dims: [photos, channels] },
      targets: { type: "float32", dims: [photos * labelings.length, classes] },
    },
    loss(inputs, parameter) {
      const scores = Reshape(linear(inputs.rows, "map", outputs, parameter), [photos * labelings.length, classes]);
      const correct = ReduceSum(Mul(LogSoftmax(scores), inputs.targets), [0, 1], { keepdims: 0 });
      return { loss: Mul(correct, -1 / photos) }; // summed over labelings, whose classifiers share nothing
    },
    optimizer: adamW({ weightDecay: 0 }),
  });
  const targets = new Float32Array(photos * outputs);
  for (const [at, labels] of labelings.entries())
    for (let i = 0; i < photos; i++) targets[(i * labelings.length + at) * classes + labels[i]] = 1;
  const batch = () => ({
    rows: { dims: [photos, channels], data: rows.slice() },
    targets: { dims: [photos * labelings.length, classes], data: targets.slice() },
  });
  const { state } = await fit(step, {
    ...{ steps: STEPS, rate: cosine({ rate, steps: STEPS, warmUp: 1, last: rate / 100 }), openLoop, recipe: "memorize", signal },
    initial: (_, dims) => new Float32Array(dims.reduce((a, b) => a * b, 1)),
    async *batches() {
      for (;;) yield batch();
    },
  });
  signal?.throwIfAborted();
  return crossEntropies(rows, state["map.weight"].data as Float32Array, state["map.bias"].data as Float32Array, labelings);
}

/** Cross-entropy of each row for each labeling: [photos, labelings]. */
function crossEntropies(
  rows: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  labelings: readonly Int32Array[],
): Float64Array {
  const [channels, classes] = [weight.length / bias.length, bias.length / labelings.length];
  const photos = rows.length / channels;
  const losses = new Float64Array(photos * labelings.length);
  const scores = new Float64Array(classes);
  for (let i = 0; i < photos; i++)
    for (const [at, labels] of labelings.entries()) {
      for (let k = 0; k < classes; k++) {
        const output = at * classes + k;
        let score = bias[output];
        for (let c = 0; c < channels; c++) score += rows[i * channels + c] * weight[output * channels + c];
        scores[k] = score;
      }
      const largest = scores.reduce((a, b) => Math.max(a, b));
      let total = 0;
      for (let k = 0; k < classes; k++) total += Math.exp(scores[k] - largest);
      losses[i * labelings.length + at] = Math.log(total) + largest - scores[labels[i]];
    }
  return losses;
}

/** Features of the photos, one row each, with mean 0 and deviation 1 in every channel. */
function standardized(photos: readonly LabeledPhoto[], features: ImageFeatures, channels: number): Float32Array {
  const rows = new Float32Array(photos.length * channels);
  for (const [i, { key }] of photos.entries()) rows.set(features.get(key)!.data, i * channels);
  for (let c = 0; c < channels; c++) {
    let [average, square] = [0, 0];
    for (let at = c; at < rows.length; at += channels) average += rows[at] / photos.length;
    for (let at = c; at < rows.length; at += channels) square += (rows[at] - average) ** 2 / photos.length;
    const factor = 1 / (Math.sqrt(square) || 1);
    for (let at = c; at < rows.length; at += channels) rows[at] = (rows[at] - average) * factor;
  }
  return rows;
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
