/** Resizing float images as torch's `interpolate` does (size given, align_corners false): horizontal pass, then vertical. */
import { S2Error } from "./error.ts";
import { type ResizeMode, type Taps, taps } from "./taps.ts";
import type { Tensor } from "./types.ts";

/**
 * Resizes images [b, c, h, w] to [b, c, height, width] in float32, equal to `torch.nn.functional.interpolate` within 1e-5.
 * Bicubic has a = -0.75 and may overshoot the input's range; with `antialias` it has a = -0.5 and filters before shrinking.
 * @throws S2Error "not-4d" or "image" when images are not float32 [b, c, h, w], "size" when size is not two positive integers, "mode" for an unknown mode.
 */
export function resize(
  images: Tensor,
  size: readonly [height: number, width: number],
  options: { mode?: ResizeMode; antialias?: boolean } = {},
): Tensor {
  const { mode = "bicubic", antialias = false } = options;
  const [b, c, h, w] = imageDims(images);
  const [height, width] = size;
  if (!(Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0)) {
    throw new S2Error("size", `resize: size is [${size}]; expected [height, width], two whole numbers of at least 1.`);
  }
  if (!["bicubic", "bilinear", "area", "nearest", "nearest-exact"].includes(mode)) {
    throw new S2Error("mode", `resize: mode is "${mode}"; expected bicubic, bilinear, area, nearest or nearest-exact.`);
  }
  if (antialias && mode !== "bicubic" && mode !== "bilinear") {
    throw new S2Error("mode", `resize: antialias goes with bicubic and bilinear only, mode is "${mode}"; leave antialias out.`);
  }
  const horizontal = w === width ? undefined : taps(w, width, mode, antialias);
  const vertical = h === height ? undefined : taps(h, height, mode, antialias);
  const data = new Float32Array(b * c * height * width);
  const between = horizontal && vertical ? new Float64Array(h * width) : undefined;
  const row = new Float64Array(width);
  for (let plane = 0; plane < b * c; plane++) {
    const source = images.data.subarray(plane * h * w, (plane + 1) * h * w);
    const target = data.subarray(plane * height * width, (plane + 1) * height * width);
    if (!horizontal && !vertical) target.set(source);
    if (horizontal) resizeRows(source, w, horizontal, between ?? target, width, h);
    if (vertical) resizeColumns(between ?? source, vertical, target, width, height, row);
  }
  return { dims: [b, c, height, width], data };
}

/** The dims of images as four positive integers whose product is the data's length. */
export function imageDims(images: Tensor): readonly [b: number, c: number, h: number, w: number] {
  const dims = images?.dims;
  if (!Array.isArray(dims) || dims.length !== 4 || dims.some((d) => !Number.isInteger(d) || d < 1)) {
    throw new S2Error("not-4d", `Images have dims [${dims}]; expected 4 positive numbers [batch, channels, height, width].`);
  }
  if (!(images.data instanceof Float32Array)) {
    const got = (images.data as object | undefined)?.constructor?.name;
    throw new S2Error("image", `Image data is ${got}; expected a Float32Array (bicubic overshoots, so bytes would wrap).`);
  }
  const [b, c, h, w] = dims as [number, number, number, number];
  if (images.data.length !== b * c * h * w) {
    throw new S2Error("image", `Images of dims [${dims}] hold ${images.data.length} numbers; expected ${b * c * h * w}.`);
  }
  return [b, c, h, w];
}

function resizeRows(
  source: Float32Array,
  w: number,
  along: Taps,
  target: Float32Array | Float64Array,
  width: number,
  rows: number,
): void {
  const { count, first, weight } = along;
  const inFours = count === 4 ? rows - (rows % 4) : 0;
  for (let y = 0; y < inFours; y += 4) fourRows(source, y * w, w, along, target, y * width, width);
  for (let y = inFours; y < rows; y++) {
    const from = y * w;
    const to = y * width;
    for (let x = 0; x < width; x++) {
      const s = from + first[x];
      let sum = 0;
      for (let k = 0; k < count; k++) sum += weight[x * count + k] * source[s + k];
      target[to + x] = sum;
    }
  }
}

// The paper's case: four taps. Four rows at a time read each weight once for four outputs: three times as fast as row by row.
function fourRows(
  source: Float32Array,
  from: number,
  w: number,
  { first, weight }: Taps,
  target: Float32Array | Float64Array,
  to: number,
  width: number,
): void {
  for (let x = 0, k = 0; x < width; x++, k += 4) {
    const a = from + first[x];
    const b = a + w;
    const c = b + w;
    const d = c + w;
    const w0 = weight[k];
    const w1 = weight[k + 1];
    const w2 = weight[k + 2];
    const w3 = weight[k + 3];
    const at = to + x;
    target[at] = w0 * source[a] + w1 * source[a + 1] + w2 * source[a + 2] + w3 * source[a + 3];
    target[at + width] = w0 * source[b] + w1 * source[b + 1] + w2 * source[b + 2] + w3 * source[b + 3];
    target[at + 2 * width] = w0 * source[c] + w1 * source[c + 1] + w2 * source[c + 2] + w3 * source[c + 3];
    target[at + 3 * width] = w0 * source[d] + w1 * source[d + 1] + w2 * source[d + 2] + w3 * source[d + 3];
  }
}

function resizeColumns(
  source: Float32Array | Float64Array,
  { count, first, weight }: Taps,
  target: Float32Array,
  width: number,
  height: number,
  row: Float64Array,
): void {
  for (let y = 0; y < height; y++) {
    const to = y * width;
    const a = first[y] * width;
    if (count === 4) {
      const b = a + width;
      const c = b + width;
      const d = c + width;
      const w0 = weight[4 * y];
      const w1 = weight[4 * y + 1];
      const w2 = weight[4 * y + 2];
      const w3 = weight[4 * y + 3];
      for (let x = 0; x < width; x++)
        target[to + x] = w0 * source[a + x] + w1 * source[b + x] + w2 * source[c + x] + w3 * source[d + x];
      continue;
    }
    row.fill(0);
    for (let k = 0; k < count; k++) {
      const w = weight[y * count + k];
      const s = a + k * width;
      if (w !== 0) for (let x = 0; x < width; x++) row[x] += w * source[s + x];
    }
    for (let x = 0; x < width; x++) target[to + x] = row[x];
  }
}
