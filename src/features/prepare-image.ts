/** One image as a model was trained to see it: its middle, at the model's size, normalized. */
import type { Tensor } from "../core/index.ts";
import { imagenet, normalizer, type Photo, type Preprocessing, resizePixels } from "../images/index.ts";

/** [1, 3, height, width] of `size`: the largest box of that shape in the image's middle. */
export function prepareImage(
  image: Photo,
  [height, width]: readonly [height: number, width: number],
  preprocessing: Preprocessing = imagenet,
): Tensor {
  const scale = Math.min(image.width / width, image.height / height);
  const [left, right] = middle(image.width, width * scale);
  const [top, bottom] = middle(image.height, height * scale);
  const pixels = resizePixels(image, [height, width], preprocessing.filter, [left, top, right, bottom]);
  const data = new Float32Array(3 * height * width);
  normalizer(preprocessing)(pixels, 0, 0, height, width, data, 0);
  return { dims: [1, 3, height, width], data };
}

/** The middle `length` of a side: rounding must not take it outside. */
const middle = (side: number, length: number): [number, number] => {
  const from = Math.max(0, (side - length) / 2);
  return [from, Math.min(side, from + length)];
};
