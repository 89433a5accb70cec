/** One photo as a model was trained to see it: its middle, at the model's size, normalised. */
import type { Tensor } from "../core/index.ts";
import { imagenet, normaliser, type Photo, type Preprocessing, resizePixels } from "../images/index.ts";

/** [1, 3, height, width] of `size`: the largest box of that shape in the photo's middle. */
export function prepareImage(
  photo: Photo,
  [height, width]: readonly [height: number, width: number],
  preprocessing: Preprocessing = imagenet,
): Tensor {
  const scale = Math.min(photo.width / width, photo.height / height);
  const [left, right] = middle(photo.width, width * scale);
  const [top, bottom] = middle(photo.height, height * scale);
  const pixels = resizePixels(photo, [height, width], preprocessing.filter, [left, top, right, bottom]);
  const data = new Float32Array(3 * height * width);
  normaliser(preprocessing)(pixels, 0, 0, height, width, data, 0);
  return { dims: [1, 3, height, width], data };
}

/** `part` of `whole`'s middle: rounding must not take it outside. */
const middle = (whole: number, part: number): [number, number] => {
  const from = Math.max(0, (whole - part) / 2);
  return [from, Math.min(whole, from + part)];
};
