/** Standardized features, each scale with the same weight, and linear maps of them taken back to features as they are. */
import { S2Error, type Tensor } from "../core/index.ts";
import { addMoments, type Moments, meanAndDeviation, newMoments } from "../tensors/index.ts";
import { type Batches, channelsOf, type FeatureBatch, rowCount } from "./batches.ts";
import type { FitOptions } from "./options.ts";

/** z = (x - mean) · factor, channel by channel. */
export interface Standardization {
  readonly mean: Float32Array;
  readonly factor: Float32Array;
}

/** A deviation below this multiple of the mean is rounding of float32: such a channel counts as constant. */
const noise = 1e-6;

/**
 * Computes mean and deviation of each channel over the rows that count, in one pass. The factor is 1 / deviation times
 * sqrt(channels / (scales · channels of the scale)), so that the squares of each scale's z have the same expected sum.
 * @throws S2Error "rows" when there are no rows, or numbers that are not finite; "labels" when no row counts.
 */
export async function standardizationOf(
  batches: Batches<FeatureBatch>,
  channelsPerScale: readonly number[],
  { signal, onProgress }: Omit<FitOptions, "openGraph">,
): Promise<Standardization> {
  const channels = channelsOf(channelsPerScale);
  const moments = newMoments(channels);
  let seen = 0;
  for await (const { features, weights } of batches()) {
    signal?.throwIfAborted();
    const rows = rowCount(features, channels, seen);
    seen += rows;
    for (let from = 0, to = 0; from < rows; from = to + 1) {
      for (to = from; to < rows && weights?.[to] !== 0; ) to++; // up to the next row that does not count
      addMoments(moments, features.subarray(from * channels, to * channels));
    }
    onProgress?.({ step: "statistics", done: seen });
  }
  if (seen > 0 && moments.count === 0) throw nothingCounts();
  return standardizationFrom(moments, channelsPerScale);
}

/** Returns the error of a data set without labels. */
export const nothingCounts = () =>
  new S2Error(
    "labels",
    "No row has a label, a target, a weight or a pixel that counts; give classes from 0, and at least one batch with some.",
  );

/** Computes the standardization of features in memory. */
export function standardizationOfFeatures(features: Float32Array, channelsPerScale: readonly number[]): Standardization {
  const moments = newMoments(channelsOf(channelsPerScale));
  rowCount(features, moments.shift.length);
  addMoments(moments, features);
  return standardizationFrom(moments, channelsPerScale);
}

function standardizationFrom(moments: Moments, channelsPerScale: readonly number[]): Standardization {
  if (moments.count === 0) throw new S2Error("rows", "There are no rows to fit to; give at least one batch with features.");
  const { mean, deviation } = meanAndDeviation(moments);
  const weights = channelsPerScale.flatMap((channels) =>
    Array<number>(channels).fill(Math.sqrt(mean.length / (channelsPerScale.length * channels))),
  );
  const factor = weights.map((weight, c) => weight / (deviation[c] > noise * Math.abs(mean[c]) ? deviation[c] : 1));
  return { mean: Float32Array.from(mean), factor: Float32Array.from(factor) };
}

/** Weights [outputs, channels] and biases [outputs] of a linear map of standardized features. */
export interface Solution {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** A linear map of features as they are: weight [outputs, channels], bias [outputs], as in torch's Linear. */
export interface LinearMap {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Folds the standardization into the map, as batch norm is folded into a linear layer. */
export function foldStandardization({ weight, bias }: Solution, { mean, factor }: Standardization): LinearMap {
  const [outputs, channels] = [bias.length, mean.length];
  const scaled = Float32Array.from(weight, (value, i) => value * factor[i % channels]);
  const shifted = Float32Array.from(bias, (value, k) => {
    for (let c = 0; c < channels; c++) value -= scaled[k * channels + c] * mean[c];
    return value;
  });
  return { weight: { dims: [outputs, channels], data: scaled }, bias: { dims: [outputs], data: shifted } };
}
