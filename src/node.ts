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
import type { Photo } from "./images/index.ts";
import { loadImage, type VideoOptions, videoFrames } from "./runtimes/node/index.ts";

export * from "./any-runtime.ts";
export type { Project, VisualOptions, VisualTokens } from "./features/index.ts";
export {
  type ExtractedFile,
  type ExtractFilesOptions,
  extractFiles,
  type FoundImage,
  type FoundImages,
  findImages,
  hashModelFiles,
  type LanceVectors,
  type LoadedTower,
  type LoadImageOptions,
  type LoadModelOptions,
  loadImage,
  loadModel,
  loadTower,
  type Model,
  type OpenVectorsOptions,
  type OutputFile,
  type OutputOptions,
  openFolder,
  openGraph,
  openLoop,
  openOnnx,
  openStore,
  openVectors,
  saveOnnx,
  savePng,
  type VectorIndexType,
  type VideoFrame,
  type VideoOptions,
  videoFrames,
} from "./runtimes/node/index.ts";

/**
 * Multi-scale features of an image (a path, or pixels from `loadImage`): every scale is made from the image's own pixels.
 * @throws S2Error before the model runs when image, options and model do not fit; docs/errors.md lists the codes.
 */
export async function extract(
  model: ImageModel,
  image: string | Photo,
  options: ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">),
): Promise<Features> {
  return extractImage(model, typeof image === "string" ? await loadImage(image) : image, options);
}

/**
 * An image (a path, or pixels from `loadImage`) as a language model's visual tokens; `loadTower` gives the model, the tower and its projector.
 * @throws S2Error before the model runs when image, tower and model do not fit.
 */
export async function visualTokens(
  model: ImageModel,
  image: string | Photo,
  tower: Tower,
  options?: VisualOptions,
): Promise<VisualTokens> {
  return visualTokensOf(model, typeof image === "string" ? await loadImage(image) : image, tower, options);
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
