/** The two passes of a resize, along rows and along columns: int32 sums in fixed point, rounded and clamped to 8 bits after each. */
import { type FilterWeights, WEIGHT_BITS } from "./filter-weights.ts";

const HALF = 1 << (WEIGHT_BITS - 1); // sums start here, so that >> rounds halves up

/** Output rows that are made at a time: a band's rows stay in the cache between the passes, and a large image's never fill memory. */
const BAND = 16;

/** Output rows [from, to) and the source rows [top, end) that they need; neighboring bands share some. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly end: number;
}

/** Cuts the output rows into bands. */
export function bands({ first, count }: FilterWeights): Band[] {
  return Array.from({ length: Math.ceil(first.length / BAND) }, (_, i) => {
    const from = i * BAND;
    const to = Math.min(first.length, from + BAND);
    return { from, to, top: first[from], end: first[to - 1] + count[to - 1] };
  });
}

/** Filters `source`, `width` pixels a row, along x and then along y: only those rows that the columns need. */
export function filterBoth(
  source: Uint8Array,
  width: number,
  channels: number,
  across: FilterWeights,
  down: FilterWeights,
  all: readonly Band[],
): Uint8Array {
  const length = across.first.length * channels;
  const mostRows = all.reduce((most, { top, end }) => Math.max(most, end - top), 0);
  const out = new Uint8ClampedArray(down.first.length * length); // clamped arrays, because their store is the clamp
  const between = new Uint8ClampedArray(mostRows * length);
  let done = { top: 0, end: 0 };
  for (const band of all) {
    const { from, to, top, end } = band;
    // Rows that the band before has filtered move to the front.
    if (done.end > top) between.copyWithin(0, (top - done.top) * length, (done.end - done.top) * length);
    for (let y = Math.max(top, done.end); y < end; y++) {
      const pass = channels === 3 ? rowOfRgb : rowOfAny;
      pass(source, y * width * channels, between, (y - top) * length, across, channels);
    }
    done = band;
    filterColumns(between, length, top, down, from, to, out);
  }
  return new Uint8Array(out.buffer);
}

function rowOfAny(
  source: Uint8Array,
  from: number,
  out: Uint8ClampedArray,
  to: number,
  { first, count, weights, stride }: FilterWeights,
  channels: number,
): void {
  for (let i = 0; i < first.length * channels; i++) {
    const x = Math.floor(i / channels);
    let p = from + (first[x] - x) * channels + i;
    let sum = HALF;
    for (let k = x * stride, end = k + count[x]; k < end; k++, p += channels) sum = (sum + Math.imul(source[p], weights[k])) | 0;
    out[to + i] = sum >> WEIGHT_BITS;
  }
}

/** `rowOfAny` of three channels: reads each weight once for all of them. */
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

/** Filters along y the output rows [from, to), each of `length` bytes; the first row of `source` is row `top` of the image. */
function filterColumns(
  source: Uint8ClampedArray,
  length: number,
  top: number,
  { first, count, weights, stride }: FilterWeights,
  from: number,
  to: number,
  out: Uint8ClampedArray,
): void {
  const sums = new Int32Array(length);
  for (let y = from; y < to; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]; k++) {
      const weight = weights[y * stride + k];
      const row = (first[y] - top + k) * length;
      for (let i = 0; i < length; i++) sums[i] += Math.imul(source[row + i], weight); // whole rows: memory is read in order
    }
    const line = y * length;
    for (let i = 0; i < length; i++) out[line + i] = sums[i] >> WEIGHT_BITS;
  }
}
