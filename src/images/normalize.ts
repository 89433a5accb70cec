/** From 8-bit pixels to the float planes that a model reads: rescaled, normalized, zero-padded. */
import { S2Error } from "../core/index.ts";
import { checkPixels, type Pixels } from "./pixels.ts";
import { checkPreprocessing, type Preprocessing } from "./preprocessing.ts";

/**
 * Writes the rectangle at `top`, `left` of RGB `pixels` as [3, height, width] float32 from `offset` of `out`. What lies beyond the
 * picture's right or bottom edge becomes 0: the padding comes after normalization, as in the reference.
 * Throws S2Error "pixels" (not RGB), "box" (the rectangle), "size" (`out` is too short).
 */
export type Normalizer = (
  pixels: Pixels,
  top: number,
  left: number,
  height: number,
  width: number,
  out: Float32Array,
  offset: number,
) => void;

/**
 * A function that normalizes with `preprocessing`: (value * rescale - mean) / std in float32 arithmetic, so that values equal numpy's and
 * torch's to the bit. Throws S2Error "preprocessing" when its numbers cannot be used.
 */
export function normalizer(preprocessing: Preprocessing): Normalizer {
  checkPreprocessing(preprocessing);
  const [reds, greens, blues] = [0, 1, 2].map((channel) => valuesOf(preprocessing, channel));
  return (pixels, top, left, height, width, out, offset) => {
    checkRgb(pixels);
    checkRectangle(top, left, height, width, out, offset);
    const rows = Math.max(0, Math.min(height, pixels.height - top));
    const cols = Math.max(0, Math.min(width, pixels.width - left));
    const plane = height * width;
    const { data } = pixels;
    if (rows < height || cols < width) out.fill(0, offset, offset + 3 * plane);
    for (let y = 0; y < rows; y++) {
      let p = ((top + y) * pixels.width + left) * 3;
      const red = offset + y * width;
      const green = red + plane;
      const blue = green + plane;
      for (let x = 0; x < cols; x++, p += 3) {
        out[red + x] = reds[data[p]];
        out[green + x] = greens[data[p + 1]];
        out[blue + x] = blues[data[p + 2]];
      }
    }
  };
}

/** Normalizes each of the 256 values of a channel, rounded to float32 after every step. */
function valuesOf({ mean, std, rescale }: Preprocessing, channel: number): Float32Array {
  const { fround } = Math;
  // Multiplying by float32(1/255) instead differs in the last bit for about half of the values; ToTensor and numpy code divide.
  const divides = Math.abs(rescale - 1 / 255) < 1e-9;
  return Float32Array.from({ length: 256 }, (_, value) => {
    const scaled = fround(divides ? value / 255 : value * fround(rescale));
    return fround(scaled - fround(mean[channel])) / fround(std[channel]);
  });
}

function checkRgb(pixels: Pixels): void {
  checkPixels(pixels);
  if (pixels.channels !== 3) {
    throw new S2Error(
      "pixels",
      `Got pixels with ${pixels.channels} channels; expected 3 (RGB), as models read. Repeat gray three times, or lay RGBA on a background.`,
    );
  }
}

function checkRectangle(top: number, left: number, height: number, width: number, out: Float32Array, offset: number): void {
  if (![top, left, height, width].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw new S2Error(
      "box",
      `Got a rectangle at top ${top}, left ${left} of height ${height} and width ${width}; expected whole numbers of at least 0. ` +
        "Round it, and clip it at the picture's top and left.",
    );
  }
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + 3 * height * width <= out.length)) {
    throw new S2Error(
      "size",
      `Got ${out.length} places to write 3 x ${height} x ${width} values from place ${offset}; expected at least ` +
        `${offset + 3 * height * width}, and a whole offset of at least 0. Make the output larger.`,
    );
  }
}
