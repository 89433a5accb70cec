/** "s2-vision/node": models on onnxruntime-node, photos by sharp, features of photos. */
import type { Hooks, S2Plan } from "./core/index.ts";
import { type ExtractOptions, extractPhoto, type Features, type PhotoModel } from "./features/index.ts";
import type { Photo } from "./images/index.ts";
import { loadImage } from "./runtimes/node/index.ts";

export * from "./any-runtime.ts";
export {
  type LoadImageOptions,
  type LoadModelOptions,
  loadImage,
  loadModel,
  type Model,
  openGraph,
  openLoop,
  openOnnx,
  openStore,
  saveOnnx,
  savePng,
} from "./runtimes/node/index.ts";

/**
 * Multi-scale features of a photo (a path, or pixels from `loadImage`): every scale is made from the photo's own pixels.
 * @throws S2Error before the model runs when photo, options and model do not fit; docs/errors.md lists the codes.
 */
export async function extract(
  model: PhotoModel,
  photo: string | Photo,
  options: ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">),
): Promise<Features> {
  return extractPhoto(model, typeof photo === "string" ? await loadImage(photo) : photo, options);
}
