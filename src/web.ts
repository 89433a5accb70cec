/** "s2-vision/web": models on onnxruntime-web, photos by the browser, features of photos. */
import type { Hooks, S2Plan } from "./core/index.ts";
import { type ExtractOptions, extractPhoto, type Features, type PhotoModel } from "./features/index.ts";
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
 * Multi-scale features of a photo (an address, a file, or pixels from `loadImage`): every scale is made from the photo's own pixels.
 * @throws S2Error before the model runs when photo, options and model do not fit; docs/errors.md lists the codes.
 */
export async function extract(
  model: PhotoModel,
  photo: string | Blob | Photo,
  options: ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">),
): Promise<Features> {
  const isFile = typeof photo === "string" || photo instanceof Blob;
  return extractPhoto(model, isFile ? await loadImage(photo) : photo, options);
}
