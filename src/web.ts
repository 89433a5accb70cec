/** "s2-vision/web": models on onnxruntime-web, images by the browser, features of images. */
import type { Hooks, S2Plan } from "./core/index.ts";
import { type ExtractOptions, extractImage, type Features, type ImageModel } from "./features/index.ts";
import type { Photo } from "./images/index.ts";
import { loadImage } from "./runtimes/web/index.ts";

export * from "./any-runtime.ts";
export {
  type LoadImageOptions,
  type LoadModelOptions,
  loadImage,
  loadModel,
  type Model,
  modelFile,
  type Notice,
  type OpenGraphOptions,
  openGraph,
  openLoop,
  type WebModel,
} from "./runtimes/web/index.ts";

/**
 * Multi-scale features of an image (an address, a file, or pixels from `loadImage`): every scale is made from the image's own pixels.
 * @throws S2Error before the model runs when image, options and model do not fit; docs/errors.md lists the codes.
 */
export async function extract(
  model: ImageModel,
  image: string | Blob | Photo,
  options: ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">),
): Promise<Features> {
  const isFile = typeof image === "string" || image instanceof Blob;
  return extractImage(model, isFile ? await loadImage(image) : image, options);
}
