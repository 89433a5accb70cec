/** Features as a picture: the tokens' three main directions of difference become red, green and blue. */

import { S2Error } from "../core/index.ts";
import type { Pixels } from "../images/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";

/** Directions that are iterated together: three for the colors, the others make the three settle sooner. */
const BLOCK = 6;

/** Tokens without prefix, [rows, cols, channels] row-major. */
export interface ScaleMap {
  readonly rows: number;
  readonly cols: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/**
 * Colors several maps, the scales of an image for example, by the principal components of all their tokens together, so that a token has
 * one color in all of them. @throws S2Error "colors" for maps of different channels.
 */
export function principalColors(maps: readonly ScaleMap[]): Pixels[];
/**
 * Returns the first three principal components of a map's tokens as RGB, one pixel per token. Each component is stretched so that its 2nd to
 * 98th percentile fill 0 to 255, for a few outlying tokens must not gray out all others; a component without variance is mid-gray.
 * The same tokens always give the same colors. @throws S2Error "colors" for a wrong count of numbers and for numbers that are not finite.
 */
export function principalColors(map: ScaleMap): Pixels;
export function principalColors(given: ScaleMap | readonly ScaleMap[]): Pixels | Pixels[] {
  if ("data" in given) return principalColors([given])[0];
  if (given.length === 0) return [];
  const { channels } = given[0];
  for (const map of given) checkMap(map, channels);
  const tokens = given.map(({ data }) => data);
  const colors = colorsOf(joinArrays(Float32Array, tokens), channels);
  let end = 0;
  return given.map(({ rows, cols }) => {
    const data = colors.slice(end, (end += rows * cols * 3));
    return { width: cols, height: rows, channels: 3, data };
  });
}

function colorsOf(data: Float32Array, channels: number): Uint8Array {
  const tokens = data.length / channels;
  const { mean, matrix } = covariance(data, tokens, channels);
  const axes = mainAxes(matrix, channels);
  const colors = new Uint8Array(tokens * 3).fill(128);
  const along = new Float64Array(tokens);
  for (let color = 0; color < Math.min(3, channels); color++) {
    project(data, mean, axes[color], along);
    stretch(along, colors, color);
  }
  return colors;
}

function checkMap({ rows, cols, channels, data }: ScaleMap, expected: number): void {
  const isValid = [rows, cols, channels].every((size) => Number.isSafeInteger(size) && size > 0);
  if (!isValid || rows * cols * channels !== data.length) {
    throw new S2Error(
      "colors",
      `Got ${data.length} numbers for ${rows} x ${cols} tokens of ${channels} channels; expected whole sizes of at least 1 whose product is the count.`,
    );
  }
  if (channels !== expected)
    throw new S2Error("colors", `Got maps of ${expected} and ${channels} channels; expected as many in all maps.`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new S2Error(
      "colors",
      `Token ${Math.floor(bad / channels)} has ${data[bad]} in channel ${bad % channels}; colors need finite features. Check the model's output.`,
    );
  }
}

function meanToken(data: Float32Array, tokens: number, channels: number): Float64Array {
  const mean = new Float64Array(channels);
  for (let at = 0; at < data.length; at += channels) for (let c = 0; c < channels; c++) mean[c] += data[at + c];
  for (let c = 0; c < channels; c++) mean[c] /= tokens;
  return mean;
}

/** The mean token, and [channels, channels], not divided by the count. Four tokens a pass: the sums are read and written a quarter as often. */
function covariance(data: Float32Array, tokens: number, channels: number): { mean: Float64Array; matrix: Float64Array } {
  const mean = meanToken(data, tokens, channels);
  const sums = new Float64Array(channels * channels);
  const four = new Float64Array(4 * channels);
  for (let token = 0; token < tokens; token += 4) {
    const count = Math.min(4, tokens - token) * channels;
    for (let i = 0; i < four.length; i++) four[i] = i < count ? data[token * channels + i] - mean[i % channels] : 0;
    for (let a = 0; a < channels; a++) {
      const [x0, x1, x2, x3] = [four[a], four[a + channels], four[a + 2 * channels], four[a + 3 * channels]];
      for (let b = a, at = a * channels + a; b < channels; b++, at++) {
        sums[at] += x0 * four[b] + x1 * four[b + channels] + x2 * four[b + 2 * channels] + x3 * four[b + 3 * channels];
      }
    }
  }
  for (let a = 0; a < channels; a++) for (let b = 0; b < a; b++) sums[a * channels + b] = sums[b * channels + a];
  return { mean, matrix: sums };
}

/**
 * The eigenvectors of the largest eigenvalues by orthogonal iteration (Golub and Van Loan, Matrix Computations, 8.2.4). ml-pca would do
 * the same, but works out all eigenvectors: 0.9 s for 1800 tokens of 192 channels, against 0.1 s for the few that are drawn.
 */
function mainAxes(matrix: Float64Array, channels: number): Float64Array[] {
  let axes = startAxes(channels);
  let next: Float64Array[] = axes.map(() => new Float64Array(channels));
  let before = 0;
  for (let round = 0; round < 300; round++) {
    multiply(matrix, axes, next);
    let reach = 0;
    for (let i = 0; i < next.length; i++) reach += orthonormalize(next, i) * (i < 3 ? 1 : 0);
    [axes, next] = [next, axes];
    if (Math.abs(reach - before) <= 1e-8 * reach) break;
    before = reach;
  }
  for (const axis of axes) fixSign(axis);
  return axes;
}

/** Fixed pseudo-random directions (a linear congruence, no Math.sin: engines differ in its last bit). */
function startAxes(channels: number): Float64Array[] {
  let seed = 1;
  const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  return Array.from({ length: BLOCK }, () => Float64Array.from({ length: channels }, next));
}

/** All axes in one pass over the matrix, which is larger than the caches. */
function multiply(matrix: Float64Array, axes: readonly Float64Array[], out: readonly Float64Array[]): void {
  const [x0, x1, x2, x3, x4, x5] = axes;
  for (let a = 0, at = 0; a < x0.length; a++) {
    let [s0, s1, s2, s3, s4, s5] = [0, 0, 0, 0, 0, 0];
    for (let b = 0; b < x0.length; b++, at++) {
      const m = matrix[at];
      s0 += m * x0[b];
      s1 += m * x1[b];
      s2 += m * x2[b];
      s3 += m * x3[b];
      s4 += m * x4[b];
      s5 += m * x5[b];
    }
    out[0][a] = s0;
    out[1][a] = s1;
    out[2][a] = s2;
    out[3][a] = s3;
    out[4][a] = s4;
    out[5][a] = s5;
  }
}

/** Makes axis i orthogonal to those before and of length 1 (or 0: no variance is left); returns the length that it had. */
function orthonormalize(axes: Float64Array[], i: number): number {
  const axis = axes[i];
  const lengthBefore = Math.sqrt(dot(axis, axis));
  for (let j = 0; j < i; j++) {
    const shared = dot(axis, axes[j]);
    for (let c = 0; c < axis.length; c++) axis[c] -= shared * axes[j][c];
  }
  const length = Math.sqrt(dot(axis, axis));
  // What rounding leaves of an axis that lies in the span of the others is noise, not a direction.
  const scale = length > 1e-12 * lengthBefore ? 1 / length : 0;
  for (let c = 0; c < axis.length; c++) axis[c] *= scale;
  return scale === 0 ? 0 : length;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c];
  return sum;
}

/** An eigenvector's sign is arbitrary: its largest weight becomes positive. */
function fixSign(axis: Float64Array): void {
  let largest = 0;
  for (let c = 1; c < axis.length; c++) if (Math.abs(axis[c]) > Math.abs(axis[largest])) largest = c;
  if (axis[largest] < 0) for (let c = 0; c < axis.length; c++) axis[c] = -axis[c];
}

function project(data: Float32Array, mean: Float64Array, axis: Float64Array, along: Float64Array): void {
  for (let token = 0, at = 0; token < along.length; token++) {
    let sum = 0;
    for (let c = 0; c < axis.length; c++, at++) sum += (data[at] - mean[c]) * axis[c];
    along[token] = sum;
  }
}

function stretch(along: Float64Array, colors: Uint8Array, color: number): void {
  const sorted = along.toSorted();
  const low = percentile(sorted, 0.02);
  const range = percentile(sorted, 0.98) - low;
  if (!(range > 0)) return;
  for (let token = 0; token < along.length; token++) {
    colors[token * 3 + color] = Math.round(255 * Math.min(1, Math.max(0, (along[token] - low) / range)));
  }
}

/** Between the two nearest numbers, as NumPy's default. */
function percentile(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below);
}
