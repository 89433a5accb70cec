/** "s2-vision/web": models on onnxruntime-web, images by the browser, features of images. */
import type { Hooks, S2Plan } from "./core/index.ts";
import { type ExtractOptions, extractImage, type Features, type ImageModel } from "./features/index.ts";
import { type ImageSource, isPhoto, type Photo } from "./images/index.ts";
import { loadImage } from "./runtimes/web/index.ts";

export * from "./any-runtime.ts";
export {
  type LoadImageOptions,
  type LoadModelOptions,
  loadImage,
  loadModel,
  type Model,
  modelFile,
  openGraph,
  openLoop,
  type WebModel,
} from "./runtimes/web/index.ts";

/**
 * Extracts multi-scale features of an image: an address (string or URL), a file's bytes, a Blob, or
 * pixels from `loadImage`. Every scale is made from the image's own pixels; without options the scales are 1 and 2 times the model's size.
 * @throws S2Error before the model runs when image, options and model do not fit; docs/errors.md lists the codes.
 */
export async function extract(
  model: ImageModel,
  image: ImageSource | Photo,
  options: ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">) = {},
): Promise<Features> {
  return extractImage(model, isPhoto(image) ? image : await loadImage(image, { signal: options.signal }), options);
}
