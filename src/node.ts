/** "s2-vision/node": models on onnxruntime-node, images by sharp, features of images. */
import type { Hooks, S2Plan, Tower } from "./core/index.ts";
import {
  type ExtractOptions,
  extractImage,
  type Features,
  type ImageModel,
  type VisualOptions,
  type VisualTokens,
  visualTokens as visualTokensOf,
} from "./features/index.ts";
import { type ImageSource, isPhoto, type Photo } from "./images/index.ts";
import { loadImage, type VideoOptions, videoFrames } from "./runtimes/node/index.ts";

export * from "./any-runtime.ts";
export {
  type ClipModel,
  type ExtractFilesOptions,
  type ExtractManyOptions,
  extractFiles,
  extractMany,
  findImages,
  hashModelFiles,
  type LoadImageOptions,
  type LoadModelOptions,
  loadClip,
  loadImage,
  loadModel,
  loadTower,
  type Model,
  openFolder,
  openGraph,
  openLoop,
  openOnnx,
  openStore,
  openVectors,
  saveOnnx,
  savePng,
  videoFrames,
} from "./runtimes/node/index.ts";

/**
 * Extracts multi-scale features of an image: a path or an address (string or URL), a file's bytes, a Blob, or
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

/**
 * An image, as `extract` takes it, as a language model's visual tokens; `loadTower` gives the model, the tower and its projector.
 * @throws S2Error before the model runs when image, tower and model do not fit.
 */
export async function visualTokens(
  model: ImageModel,
  image: ImageSource | Photo,
  tower: Tower,
  options?: VisualOptions,
): Promise<VisualTokens> {
  return visualTokensOf(model, isPhoto(image) ? image : await loadImage(image, { signal: options?.signal }), tower, options);
}

/**
 * Features of what a video shows at 0, `every`, 2 · `every` ... seconds, each frame planned as an image. For visual tokens:
 * `for await (const { time, image } of videoFrames(path, { every })) await visualTokens(model, image, tower, ...)`.
 * @throws S2Error "ffmpeg-missing", "video", and those of `extract`.
 */
export async function* extractVideo(
  model: ImageModel,
  path: string,
  options: (ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">)) & VideoOptions,
): AsyncGenerator<{ readonly time: number; readonly features: Features }> {
  const { every, ffmpeg, ...rest } = options;
  for await (const { time, image } of videoFrames(path, { every, ffmpeg, signal: rest.signal }))
    yield { time, features: await extractImage(model, image, rest) };
}
