/** Pillow's resampling weights of one axis in fixed point (src/libImaging/Resample.c: precompute_coeffs, normalize_coeffs_8bpc). */
import type { Filter } from "./pixels.ts";

/** Bits after the point of a weight: 32, less 8 of a pixel, less 2 so that overshooting sums still fit an int32. */
export const WEIGHT_BITS = 22;

/** For output i: the pixels `first[i]` .. `first[i] + count[i]`, weighted by `weights[i * stride ..]`; the rest of a stride is 0. */
export interface FilterWeights {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

interface Kernel {
  readonly reach: number; // half-width, in pixels of the coarser of the two grids
  readonly at: (x: number) => number;
}

const kernels: Readonly<Record<Filter, Kernel>> = {
  box: { reach: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { reach: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { reach: 2, at: (x) => cubic(Math.abs(x)) },
  lanczos: { reach: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** The filters' names, for messages and checks. */
export const filters = Object.keys(kernels) as readonly Filter[];

/** Keys' cubic with a = -0.5; the order of operations is Pillow's, so that the last bit is, too. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/**
 * Weights that map [from, to) of an axis of `size` pixels onto `out` pixels. `from` and `to` are float32 numbers, as Pillow's box is;
 * pixels outside [from, to) but inside the axis are read where the kernel reaches them.
 */
export function filterWeights(filter: Filter, size: number, from: number, to: number, out: number): FilterWeights {
  const kernel = kernels[filter];
  const scale = Math.fround(to - from) / out; // the difference is float32 in Pillow, all else double
  const stretch = Math.max(1, scale);
  const reach = kernel.reach * stretch;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(out);
  const count = new Int32Array(out);
  const weights = new Int32Array(out * stride);
  const exact = new Float64Array(stride);
  const shrink = 1 / stretch;
  for (let i = 0; i < out; i++) {
    const center = from + (i + 0.5) * scale;
    const start = Math.max(Math.trunc(center - reach + 0.5), 0);
    const taps = Math.min(Math.trunc(center + reach + 0.5), size) - start;
    let sum = 0;
    for (let k = 0; k < taps; k++) sum += exact[k] = kernel.at((k + start - center + 0.5) * shrink);
    for (let k = 0; k < taps; k++) weights[i * stride + k] = fixedPoint(sum === 0 ? exact[k] : exact[k] / sum);
    first[i] = start;
    count[i] = taps;
  }
  return { first, count, weights, stride };
}

/** Rounds halves away from zero. Rounded weights may miss a sum of one by a bit or two; Pillow leaves that so. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * 2 ** WEIGHT_BITS + (weight < 0 ? -0.5 : 0.5));
}

/** The weights as a matrix [out, size]; a weight of 22 bits is exact in float32. */
export function filterMatrix(filter: Filter, size: number, from: number, to: number, out: number): Float32Array {
  const { first, count, weights, stride } = filterWeights(filter, size, Math.fround(from), Math.fround(to), out);
  const matrix = new Float32Array(out * size);
  for (let i = 0; i < out; i++) {
    for (let k = 0; k < count[i]; k++) matrix[i * size + first[i] + k] = weights[i * stride + k] / 2 ** WEIGHT_BITS;
  }
  return matrix;
}
