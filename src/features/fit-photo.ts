/** A photo as a square of a side, as transformers' CLIP and SigLIP processors and LLaVA's "pad" make it: bit for bit, before normalising. */
import { type Filter, type Pixels, resizePixels } from "../images/index.ts";

/** "crop": short side resized, the middle taken. "squash": resized to the square. "pad": in the middle of a square of `background`. */
export function fitPhoto(
  photo: Pixels,
  side: number,
  fit: "crop" | "squash" | "pad",
  filter: Filter,
  background: readonly number[],
): Pixels {
  if (fit === "squash") return resizePixels(photo, [side, side], filter);
  if (fit === "pad") return resizePixels(padded(photo, background), [side, side], filter);
  // As transformers' get_resize_output_image_size and center_crop: the long side is cut to a whole number, then half of the rest.
  const { width, height } = photo;
  const short = Math.min(width, height);
  const long = (length: number) => (length === short ? side : Math.trunc((side * length) / short));
  const resized = resizePixels(photo, [long(height), long(width)], filter);
  return part(resized, Math.floor((resized.height - side) / 2), Math.floor((resized.width - side) / 2), side);
}

/** LLaVA's `expand2square`. */
function padded({ width, height, channels, data }: Pixels, background: readonly number[]): Pixels {
  if (width === height) return { width, height, channels, data };
  const side = Math.max(width, height);
  const square = new Uint8Array(side * side * channels);
  for (let i = 0; i < square.length; i++) square[i] = background[i % channels];
  const [top, left] = [Math.floor((side - height) / 2), Math.floor((side - width) / 2)];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    square.set(row, ((top + y) * side + left) * channels);
  }
  return { width: side, height: side, channels, data: square };
}

function part({ width, channels, data }: Pixels, top: number, left: number, side: number): Pixels {
  const out = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    out.set(data.subarray(from, from + side * channels), y * side * channels);
  }
  return { width: side, height: side, channels, data: out };
}
