/** The two passes of a resize, along rows and along columns: int32 sums in fixed point, rounded and clamped to 8 bits after each. */
import { type FilterWeights, WEIGHT_BITS } from "./filter-weights.ts";

const HALF = 1 << (WEIGHT_BITS - 1); // sums start here, so that >> rounds halves up

/**
 * Filters along x the rows [top, top + rows) of `source` (`width` pixels a row) into the start of `out`: [rows, outputs, channels].
 * Clamped arrays, because their store is the clamp.
 */
export function filterRows(
  source: Uint8Array,
  width: number,
  channels: 1 | 3 | 4,
  top: number,
  rows: number,
  along: FilterWeights,
  out: Uint8ClampedArray,
): void {
  const pass = channels === 3 ? rowOfRgb : channels === 4 ? rowOfRgba : rowOfGray;
  for (let y = 0; y < rows; y++) pass(source, (top + y) * width * channels, out, y * along.first.length * channels, along);
}

function rowOfGray(source: Uint8Array, from: number, out: Uint8ClampedArray, to: number, along: FilterWeights): void {
  const { first, count, weights, stride } = along;
  for (let x = 0; x < first.length; x++) {
    let p = from + first[x];
    let sum = HALF;
    for (let k = x * stride, end = k + count[x]; k < end; k++) sum = (sum + Math.imul(source[p++], weights[k])) | 0;
    out[to + x] = sum >> WEIGHT_BITS;
  }
}

function rowOfRgb(source: Uint8Array, from: number, out: Uint8ClampedArray, to: number, along: FilterWeights): void {
  const { first, count, weights, stride } = along;
  let q = to;
  for (let x = 0; x < first.length; x++) {
    let p = from + first[x] * 3;
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (let k = x * stride, end = k + count[x]; k < end; k++) {
      const weight = weights[k];
      red = (red + Math.imul(source[p], weight)) | 0;
      green = (green + Math.imul(source[p + 1], weight)) | 0;
      blue = (blue + Math.imul(source[p + 2], weight)) | 0;
      p += 3;
    }
    out[q] = red >> WEIGHT_BITS;
    out[q + 1] = green >> WEIGHT_BITS;
    out[q + 2] = blue >> WEIGHT_BITS;
    q += 3;
  }
}

function rowOfRgba(source: Uint8Array, from: number, out: Uint8ClampedArray, to: number, along: FilterWeights): void {
  const { first, count, weights, stride } = along;
  let q = to;
  for (let x = 0; x < first.length; x++) {
    let p = from + first[x] * 4;
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let alpha = HALF;
    for (let k = x * stride, end = k + count[x]; k < end; k++) {
      const weight = weights[k];
      red = (red + Math.imul(source[p], weight)) | 0;
      green = (green + Math.imul(source[p + 1], weight)) | 0;
      blue = (blue + Math.imul(source[p + 2], weight)) | 0;
      alpha = (alpha + Math.imul(source[p + 3], weight)) | 0;
      p += 4;
    }
    out[q] = red >> WEIGHT_BITS;
    out[q + 1] = green >> WEIGHT_BITS;
    out[q + 2] = blue >> WEIGHT_BITS;
    out[q + 3] = alpha >> WEIGHT_BITS;
    q += 4;
  }
}

/**
 * Filters along y the output rows [from, to), each of `length` bytes, into their places in `out`. The first row of `source` is row `top` of
 * the axis that `along` speaks of. Whole rows are added up, four at a time, so that memory is read in order.
 */
export function filterColumns(
  source: Uint8Array | Uint8ClampedArray,
  length: number,
  top: number,
  along: FilterWeights,
  from: number,
  to: number,
  out: Uint8ClampedArray,
): void {
  const { first, count, weights, stride } = along;
  const sums = new Int32Array(length);
  for (let y = from; y < to; y++) {
    const start = (first[y] - top) * length;
    sums.fill(HALF);
    let k = 0;
    for (; k + 4 <= count[y]; k += 4) addFourRows(sums, source, start + k * length, weights, y * stride + k);
    for (; k < count[y]; k++) addRow(sums, source, start + k * length, weights[y * stride + k]);
    const line = y * length;
    for (let i = 0; i < length; i++) out[line + i] = sums[i] >> WEIGHT_BITS;
  }
}

function addRow(sums: Int32Array, source: Uint8Array | Uint8ClampedArray, from: number, weight: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] += Math.imul(source[from + i], weight);
}

function addFourRows(
  sums: Int32Array,
  source: Uint8Array | Uint8ClampedArray,
  from: number,
  weights: Int32Array,
  at: number,
): void {
  const length = sums.length;
  const [second, third, fourth] = [from + length, from + 2 * length, from + 3 * length];
  const a = weights[at];
  const b = weights[at + 1];
  const c = weights[at + 2];
  const d = weights[at + 3];
  for (let i = 0; i < length; i++) {
    const upper = (Math.imul(source[from + i], a) + Math.imul(source[second + i], b)) | 0;
    const lower = (Math.imul(source[third + i], c) + Math.imul(source[fourth + i], d)) | 0;
    sums[i] = (sums[i] + ((upper + lower) | 0)) | 0;
  }
}
