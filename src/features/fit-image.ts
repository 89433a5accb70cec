/** An image as a square of a side, as transformers' CLIP and SigLIP processors and LLaVA's "pad" make it: bit for bit, before normalizing. */
import { px, S2Error } from "../core/index.ts";
import { type Filter, type Pixels, resizePixels } from "../images/index.ts";

/** Pixels of what is made on the way, as of the largest image. */
const MAX_PIXELS = 16384 ** 2;

/** "crop": short side resized, the middle taken. "squash": resized to the square. "pad": in the middle of a square of `background`. */
export function fitImage(
  image: Pixels,
  side: number,
  fit: "crop" | "squash" | "pad",
  filter: Filter,
  background: readonly number[],
): Pixels {
  if (fit === "squash") return resizePixels(image, [side, side], filter);
  if (fit === "pad") return resizePixels(padded(image, background), [side, side], filter);
  // As transformers' get_resize_output_image_size and center_crop: the long side is cut to a whole number, then half of the rest.
  const { width, height } = image;
  const short = Math.min(width, height);
  const long = (length: number) => (length === short ? side : Math.trunc((side * length) / short));
  refuseShape(image, [long(height), long(width)], "resized");
  const resized = resizePixels(image, [long(height), long(width)], filter);
  return cutSquare(resized, Math.floor((resized.height - side) / 2), Math.floor((resized.width - side) / 2), side);
}

function refuseShape(image: { width: number; height: number }, size: readonly [number, number], how: string): void {
  if (size[0] * size[1] <= MAX_PIXELS) return;
  throw new S2Error(
    "too-many-pixels",
    `An image of ${px([image.height, image.width])} px becomes ${px(size)} px when it is ${how} as this model's processor does; the limit is ${MAX_PIXELS} pixels. Crop the image.`,
  );
}

/** LLaVA's `expand2square`. */
function padded({ width, height, channels, data }: Pixels, background: readonly number[]): Pixels {
  if (width === height) return { width, height, channels, data };
  const side = Math.max(width, height);
  refuseShape({ width, height }, [side, side], "padded");
  const square = new Uint8Array(side * side * channels);
  for (let i = 0; i < square.length; i++) square[i] = background[i % channels];
  const [top, left] = [Math.floor((side - height) / 2), Math.floor((side - width) / 2)];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    square.set(row, ((top + y) * side + left) * channels);
  }
  return { width: side, height: side, channels, data: square };
}

function cutSquare({ width, channels, data }: Pixels, top: number, left: number, side: number): Pixels {
  const out = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    out.set(data.subarray(from, from + side * channels), y * side * channels);
  }
  return { width: side, height: side, channels, data: out };
}
