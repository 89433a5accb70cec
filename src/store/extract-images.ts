/** Features of many images, one after the other: from the store where they hold, else by the model; an image that fails is reported. */

import { firstNotFinite, S2Error } from "../core/index.ts";
import {
  extractImage,
  type Features,
  type ImageModel,
  type ImagePlanOptions,
  type ImageTokens,
  imageTokens,
  planImage,
} from "../features/index.ts";
import { imagenet, type Photo, type Preprocessing, resizePixels } from "../images/index.ts";
import { sha256 } from "../tensors/index.ts";
import { readFeatures, type Stale, type Store, writeFeatures } from "./feature-store.ts";
import { type Fingerprint, optionsFingerprint } from "./fingerprint.ts";

/** How images are looked at. */
export interface ExtractionConfig extends ImagePlanOptions {
  /** Reduce the image to the model's size first and enlarge it from there, as the paper's tables do: no new detail. */
  readonly upsampled?: boolean;
}

/** What all images share. */
export interface ExtractImagesOptions {
  readonly model: ImageModel;
  /** Names the model in the store. */
  readonly modelName: string;
  /** From `modelFingerprint`. */
  readonly modelHash: string;
  readonly version: string;
  readonly extraction: ExtractionConfig;
  readonly store?: Store;
  /** Decodes an image's file. */
  readonly decode: (bytes: Uint8Array, path: string) => Promise<Photo>;
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Called for each image that is done. */
  readonly onImage?: (done: { image: string; from: "store" | "model"; stale?: readonly Stale[] }) => void;
}

/** One image's outcome; `hash` is the SHA-256 of the bytes that the features are of. */
export type ExtractedImage =
  | { readonly image: string; readonly tokens: ImageTokens; readonly hash: string }
  | { readonly image: string; readonly problem: string };

/** Images whose content (SHA-256) is kept are passed over without being decoded. */
export type IsUnchanged = (image: string, hash: string) => boolean;

/** An image that `IsKept` passed over. */
export interface UnchangedImage {
  readonly image: string;
  readonly kept: true;
}

/** Yields images in their order; while the model looks at one's tiles, the next is read, decoded, resized and cut. */
export function extractImages(images: readonly string[], collection: ExtractImagesOptions): AsyncGenerator<ExtractedImage> {
  return extractChangedImages(images, collection, () => false) as AsyncGenerator<ExtractedImage>;
}

/** Collects like `collectFeatures`, without the images that are kept. */
export async function* extractChangedImages(
  images: readonly string[],
  collection: ExtractImagesOptions,
  isKept: IsUnchanged,
): AsyncGenerator<ExtractedImage | UnchangedImage> {
  let next = collect(images[0], collection, isKept);
  for (const i of images.keys()) {
    collection.signal?.throwIfAborted();
    const now = next;
    next = collect(images[i + 1], collection, isKept);
    yield (await now)!;
  }
}

/** Its rejection is seen when it is its turn, if that comes. */
function collect(
  path: string | undefined,
  collection: ExtractImagesOptions,
  isKept: IsUnchanged,
): Promise<ExtractedImage | UnchangedImage | undefined> {
  const collected = path === undefined ? Promise.resolve(undefined) : collectOne(path, collection, isKept);
  collected.catch(() => {});
  return collected;
}

async function collectOne(
  image: string,
  collection: ExtractImagesOptions,
  isKept: IsUnchanged,
): Promise<ExtractedImage | UnchangedImage> {
  const prepared = await prepare(image, collection, isKept);
  if ("problem" in prepared || "kept" in prepared) return { image, ...prepared };
  try {
    return await finish(image, prepared, collection);
  } catch (error) {
    if (error instanceof S2Error && error.code === "not-finite") return { image, problem: error.message };
    throw error;
  }
}

/** Where an image's features are kept: readable, and another for each model and way of looking. */
export function storedName(image: string, { modelName, extraction }: ExtractImagesOptions): string {
  const ways = Object.entries(extraction).map(
    ([name, value]) => `${name}-${Array.isArray(value) ? value.join("-") : String(value)}`,
  );
  return `${modelName}/${ways
    .sort()
    .join("_")
    .replaceAll(/[^\w.-]/g, "-")}/${image.replaceAll("..", "up")}.safetensors`;
}

interface Prepared {
  readonly fingerprint: Fingerprint;
  readonly plan: ReturnType<typeof planImage>;
  readonly image: Photo;
  readonly stale?: readonly Stale[];
}

interface Stored {
  readonly fingerprint: Fingerprint;
  readonly tokens: ImageTokens;
}

/** The fingerprint is of the very bytes that are decoded, and the store is asked before they are. An image that cannot be read is a problem, not a rejection. */
async function prepare(
  path: string,
  collection: ExtractImagesOptions,
  isKept: IsUnchanged,
): Promise<Prepared | Stored | { kept: true } | { problem: string }> {
  const { model, extraction, store, decode, read, modelHash, version } = collection;
  try {
    const bytes = await read(path);
    const imageHash = await sha256(bytes);
    if (isKept(path, imageHash)) return { kept: true };
    const { upsampled, ...options } = extraction;
    const preprocessing = model.preprocessing ?? imagenet;
    const fingerprint = { model: modelHash, options: optionsFingerprint(extraction, preprocessing), image: imageHash, version };
    const found = store && (await readFeatures(store, storedName(path, collection), fingerprint));
    if (found && "tokens" in found && firstNotFinite(found.tokens.data) < 0) return { fingerprint, tokens: found.tokens };
    const image = await decode(bytes, path);
    return {
      fingerprint,
      plan: planImage(image, options, model.traits),
      image: upsampled ? reduced(image, model, preprocessing) : image,
      ...(found && !("missing" in found) && { stale: "stale" in found ? found.stale : ["file"] }),
    };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

async function finish(path: string, prepared: Prepared | Stored, collection: ExtractImagesOptions): Promise<ExtractedImage> {
  const { model, extraction, store, onImage, signal } = collection;
  const { fingerprint } = prepared;
  if ("tokens" in prepared) {
    onImage?.({ image: path, from: "store" });
    return { image: path, tokens: prepared.tokens, hash: fingerprint.image };
  }
  const { plan, image, stale } = prepared;
  const size = plan.image;
  // A reduced image has another size: it is planned anew, to the same scales.
  const { upsampled, ...options } = extraction;
  const features = await extractImage(model, image, upsampled ? { ...options, signal } : { ...plan, signal });
  const tokens = tokensOf(features, size, upsampled ?? false);
  if (store) await writeFeatures(store, storedName(path, collection), tokens, fingerprint);
  onImage?.({ image: path, from: "model", ...(stale && { stale }) });
  return { image: path, tokens, hash: fingerprint.image };
}

/** The image at the size of the plan's first tile, as the paper's tables start from (§4: "interpolated"). */
function reduced(image: Photo, { traits }: ImageModel, { filter }: Preprocessing): Photo {
  const [height, width] = traits?.imageSize ?? [224, 224];
  return resizePixels(image, [height, width], filter) as Photo;
}

/** `size` is the image's own, also where the features are of a reduced one, which is all of the image. */
function tokensOf(features: Features, size: readonly [number, number], reduced: boolean): ImageTokens {
  const { gridGeometry, ...tokens } = imageTokens(features);
  return { ...tokens, size, ...(gridGeometry && !reduced && { gridGeometry }) };
}
