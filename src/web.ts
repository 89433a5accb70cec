/** "s2-vision/web": models on onnxruntime-web, photos by the browser, features of photos. */
import type { Hooks, S2Plan } from "./core/index.ts";
import { type ExtractOptions, extractPhoto, type Features, type PhotoModel } from "./features/index.ts";
import type { Photo } from "./images/index.ts";
import { loadImage } from "./runtimes/web/index.ts";

export type { Box, DynamicS2Options, S2Options, S2Plan, ScalePlan, Tensor, Traits, VisionModel } from "./core/index.ts";
export { planDynamicS2, S2Error } from "./core/index.ts";
export {
  type ExtractOptions,
  type Features,
  type PhotoModel,
  type PhotoOptions,
  picture,
  planPhoto,
  prepareImage,
  principalColours,
  type RecordedModel,
  recordModel,
  type ScaleMap,
  scaleMaps,
  scalePicture,
} from "./features/index.ts";
export { type Filter, type Photo, type Pixels, type Preprocessing, readPreprocessing, resizePixels } from "./images/index.ts";
export {
  type LoadImageOptions,
  type LoadModelOptions,
  loadImage,
  loadModel,
  type Model,
  type Notice,
  type OpenGraphOptions,
  openGraph,
  openLoop,
  type WebModel,
} from "./runtimes/web/index.ts";
export { readSafetensors, type StoredTensor, toFloat16, writeNpy, writeSafetensors } from "./tensors/index.ts";

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
