/** Which source pixels make an output pixel along one axis, and with what weights: torch's `interpolate`, mode by mode. */

/** Output pixel i is the sum over k < count of weight[i·count + k] · source[first[i] + k]; every tap lies inside the source. */
export interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weight: Float64Array;
}

export type ResizeMode = "bicubic" | "bilinear" | "area" | "nearest" | "nearest-exact";

/** The taps of one axis, `from` to `to` pixels. `antialias` widens bicubic and bilinear filters when shrinking. */
export function taps(from: number, to: number, mode: ResizeMode, antialias: boolean): Taps {
  if (mode === "area") return areaTaps(from, to);
  if (mode === "nearest" || mode === "nearest-exact") return nearestTaps(from, to, mode === "nearest" ? 0 : 0.5);
  return antialias ? antialiasTaps(from, to, mode) : pointTaps(from, to, mode);
}

const { fround } = Math;

/** Cubic convolution (Keys); torch uses a = -0.75 without antialias and -0.5, as Pillow does, with it. */
function cubic(x: number, a: number): number {
  x = Math.abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

// Without antialias: 4 taps (bicubic) or 2 (bilinear) whatever the ratio. The ratio is rounded to float32, the rest is exact:
// so torch computes it (shared/reference/numerics.md); taps beyond the edge repeat the edge pixel, so their weight goes there.
function pointTaps(from: number, to: number, mode: "bicubic" | "bilinear"): Taps {
  const reach = mode === "bicubic" ? 2 : 1;
  const count = Math.min(2 * reach, from);
  const first = new Int32Array(to);
  const weight = new Float64Array(to * count);
  const ratio = fround(from / to);
  for (let i = 0; i < to; i++) {
    let at = ratio * (i + 0.5) - 0.5;
    if (mode === "bilinear") at = Math.max(0, at);
    const base = Math.floor(at);
    first[i] = Math.min(Math.max(base - reach + 1, 0), from - count);
    for (let k = 1 - reach; k <= reach; k++) {
      const w = mode === "bicubic" ? cubic(at - base - k, -0.75) : triangle(at - base - k);
      weight[i * count + Math.min(Math.max(base + k, 0), from - 1) - first[i]] += w;
    }
  }
  return { count, first, weight };
}

// With antialias: the filter is stretched by the ratio, taps beyond the edge are dropped, weights sum to 1; all in float32 as torch.
function antialiasTaps(from: number, to: number, mode: "bicubic" | "bilinear"): Taps {
  const ratio = fround(from / to);
  const stretch = Math.max(1, ratio);
  const half = fround((mode === "bicubic" ? 2 : 1) * stretch);
  const count = Math.min(from, 2 * Math.ceil(half) + 1);
  const first = new Int32Array(to);
  const weight = new Float64Array(to * count);
  const inverse = fround(1 / stretch);
  for (let i = 0; i < to; i++) {
    const center = fround(ratio * fround(i + 0.5));
    const start = Math.max(Math.trunc(fround(fround(center - half) + 0.5)), 0);
    const end = Math.min(Math.trunc(fround(fround(center + half) + 0.5)), from);
    first[i] = Math.min(start, from - count);
    const at = i * count - first[i];
    let sum = 0;
    for (let k = start; k < end; k++) {
      const x = fround(fround(fround(k - center) + 0.5) * inverse);
      weight[at + k] = fround(mode === "bicubic" ? cubic(x, -0.5) : triangle(x));
      sum += weight[at + k];
    }
    for (let k = start; k < end; k++) weight[at + k] = fround(weight[at + k] / sum);
  }
  return { count, first, weight };
}

/** The window of source cells [start, end) that adaptive average pooling averages into cell `i` of `to`. */
export function areaWindow(i: number, from: number, to: number): readonly [start: number, end: number] {
  return [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
}

function areaTaps(from: number, to: number): Taps {
  const count = Math.min(from, Math.ceil(from / to) + 1);
  const first = new Int32Array(to);
  const weight = new Float64Array(to * count);
  for (let i = 0; i < to; i++) {
    const [start, end] = areaWindow(i, from, to);
    first[i] = Math.min(start, from - count);
    weight.fill(1 / (end - start), i * count + start - first[i], i * count + end - first[i]);
  }
  return { count, first, weight };
}

function nearestTaps(from: number, to: number, offset: number): Taps {
  const ratio = fround(from / to);
  const first = Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor(fround((i + offset) * ratio)), from - 1));
  return { count: 1, first, weight: new Float64Array(to).fill(1) };
}
