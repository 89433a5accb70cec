/** Features with mean 0 and deviation 1 in each channel and every scale of the same weight, and linear maps taken back to features as they are. */
import { S2Error, type Tensor } from "../core/index.ts";
import { type Batches, channelsOf, type FitOptions, type Rows, rowCount } from "./rows.ts";

/** z = (x - mean) · factor, channel by channel. */
export interface Standard {
  readonly mean: Float32Array;
  readonly factor: Float32Array;
}

/** A deviation below this part of the mean is float32's own noise: such a channel counts as constant. */
const noise = 1e-6;

/**
 * Mean and deviation (over n, as scikit-learn's StandardScaler) of each channel, in one pass in float64. The factor is 1 / deviation times
 * sqrt(channels / (scales · width)), so that each scale's part of z has the same expected square: 1 where all widths are equal.
 * @throws S2Error "rows" when there are none, or numbers that are not finite.
 */
export async function standardOf(
  batches: Batches<Rows>,
  widths: readonly number[],
  { signal, onProgress }: Omit<FitOptions, "openGraph">,
): Promise<Standard> {
  const channels = channelsOf(widths);
  const shift = new Float64Array(channels); // near the mean, so that squares do not cancel
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  for await (const { rows } of batches()) {
    signal?.throwIfAborted();
    const more = rowCount(rows, channels);
    if (count === 0 && more > 0) shift.set(rows.subarray(0, channels));
    addMoments(rows, shift, sums, squares);
    count += more;
    onProgress?.({ step: "statistics", done: count });
  }
  if (count === 0) throw new S2Error("rows", "There are no rows to fit to; give at least one batch with features.");
  const bad = sums.findIndex((sum) => !Number.isFinite(sum));
  if (bad >= 0)
    throw new S2Error(
      "rows",
      `Channel ${bad} of the features holds a number that is not finite; leave that photo out, or make its features again.`,
    );
  const mean = new Float32Array(channels);
  const factor = new Float32Array(channels);
  for (let scale = 0, c = 0; scale < widths.length; scale++) {
    const weight = Math.sqrt(channels / (widths.length * widths[scale]));
    for (const end = c + widths[scale]; c < end; c++) {
      const offset = sums[c] / count;
      const deviation = Math.sqrt(Math.max(0, squares[c] / count - offset * offset));
      mean[c] = shift[c] + offset;
      factor[c] = weight / (deviation > noise * Math.abs(mean[c]) ? deviation : 1);
    }
  }
  return { mean, factor };
}

function addMoments(rows: Float32Array, shift: Float64Array, sums: Float64Array, squares: Float64Array): void {
  const channels = shift.length;
  for (let at = 0; at < rows.length; at += channels) {
    for (let c = 0; c < channels; c++) {
      const value = rows[at + c] - shift[c];
      sums[c] += value;
      squares[c] += value * value;
    }
  }
}

/** A linear map of standardised rows in the making: weight [outputs, channels], bias [outputs]. */
export interface Solution {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** A linear map of features as they are: weight [outputs, channels], bias [outputs], as torch's Linear has them. */
export interface LinearMap {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** A map of standardised features as one of features as they are: batch norm folded into a linear layer. */
export function folded({ weight, bias }: Solution, { mean, factor }: Standard): LinearMap {
  const [outputs, channels] = [bias.length, mean.length];
  const folded = new Float32Array(weight.length);
  const moved = new Float32Array(outputs);
  for (let k = 0; k < outputs; k++) {
    let sum = bias[k];
    for (let c = 0, at = k * channels; c < channels; c++, at++) {
      folded[at] = weight[at] * factor[c];
      sum -= folded[at] * mean[c];
    }
    moved[k] = sum;
  }
  return { weight: { dims: [outputs, channels], data: folded }, bias: { dims: [outputs], data: moved } };
}
