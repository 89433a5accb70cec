/** Features of many images, one after the other: from the store while they are valid, else by the model. An image that fails is reported. */
import { firstNotFinite, S2Error } from "../core/index.ts";
import {
  explicitOptions,
  extractImage,
  type ImageModel,
  type ImagePlanOptions,
  type ImageTokens,
  imageTokens,
  planImage,
} from "../features/index.ts";
import { imagenet, type Photo, resizePixels } from "../images/index.ts";
import { sha256 } from "../tensors/index.ts";
import { readFeatures, type Stale, type Store, writeFeatures } from "./feature-store.ts";
import { type Fingerprint, optionsFingerprint } from "./fingerprint.ts";

/** Scales and preprocessing of an extraction. */
export interface ExtractionConfig extends ImagePlanOptions {
  /** Reduces the image to the model's size first and enlarges it from there, as the paper's tables do: no new detail. */
  readonly upsampled?: boolean;
}

/** Options that all images share. */
export interface ExtractImagesOptions {
  /** Makes the features. */
  readonly model: ImageModel;
  /** Name of the model in the store. */
  readonly modelName: string;
  /** From `modelFingerprint`. */
  readonly modelHash: string;
  /** Version of this package, which the store keeps with the features. */
  readonly version: string;
  /** Scales and preprocessing. */
  readonly extraction: ExtractionConfig;
  /** Keeps features, so that the model runs once for each image. */
  readonly store?: Store;
  /** Decodes the bytes of an image's file. */
  readonly decode: (bytes: Uint8Array, path: string) => Promise<Photo>;
  /** Reads the bytes of an image's file. */
  readonly read: (path: string) => Promise<Uint8Array>;
  /** Breaks the extraction off. */
  readonly signal?: AbortSignal;
  /** Called for each image that is done. */
  readonly onImage?: (done: { image: string; from: "store" | "model"; stale?: readonly Stale[] }) => void;
}

/** Result for one image; `hash` is the SHA-256 of the file that the features are of. */
export type ExtractedImage =
  | { readonly image: string; readonly tokens: ImageTokens; readonly hash: string }
  | { readonly image: string; readonly issue: string };

/** An image that was skipped. */
type UnchangedImage = { readonly image: string; readonly kept: true };

/** Returns true for an image whose content (SHA-256) has not changed: it is skipped without being decoded. */
type IsUnchanged = (image: string, hash: string) => boolean;

/** Yields images in their order; while the model runs on one's tiles, the next are read, decoded, resized and cut. */
export function extractImages(images: readonly string[], options: ExtractImagesOptions): AsyncGenerator<ExtractedImage> {
  return extractChangedImages(images, options, () => false) as AsyncGenerator<ExtractedImage>;
}

/** Extracts like `extractImages`, but skips unchanged images. */
export async function* extractChangedImages(
  images: readonly string[],
  options: ExtractImagesOptions,
  isUnchanged: IsUnchanged,
): AsyncGenerator<ExtractedImage | UnchangedImage> {
  const extract = (image: string) => extractOne(image, options, isUnchanged);
  const ahead = workAhead(images, extract, options.signal, imagesAhead(options.model));
  for (const [, extracted] of ahead) yield await extracted;
}

/**
 * Images that are begun before the first is awaited. On the CPU the runs of two take turns, so they end together: only with a third does the model's
 * thread have work while the next are decoded. A device runs those of one plan together.
 */
const AHEAD = { cpu: 2, device: 8 };

/** Returns how many images to begin before the first is awaited. */
export const imagesAhead = ({ runOnDevice }: ImageModel): number => (runOnDevice ? AHEAD.device : AHEAD.cpu);

/** Yields each item with the promise of its work; the work of the next `ahead` items begins before the present one's is awaited. */
export function* workAhead<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
  ahead = 1,
): Generator<readonly [Item, Promise<Result>]> {
  const begun: Promise<Result>[] = [];
  for (const [i, item] of items.entries()) {
    signal?.throwIfAborted();
    while (begun.length <= ahead && i + begun.length < items.length) {
      const next = work(items[i + begun.length]);
      next.catch(() => {}); // a rejection is handled in the item's turn, if that comes
      begun.push(next);
    }
    yield [item, begun.shift()!];
  }
}

async function extractOne(
  image: string,
  options: ExtractImagesOptions,
  isUnchanged: IsUnchanged,
): Promise<ExtractedImage | UnchangedImage> {
  const { extraction, store, onImage, signal } = options;
  // An image that cannot be read is reported and stops no other.
  const prepared = await prepare(image, options, isUnchanged).catch((error: Error) => ({ issue: error.message }));
  if ("issue" in prepared || "kept" in prepared) return { image, ...prepared };
  const { fingerprint } = prepared;
  const hash = fingerprint.image;
  if ("tokens" in prepared) {
    onImage?.({ image, from: "store" });
    return { image, tokens: prepared.tokens, hash };
  }
  const { size, photo, stale } = prepared;
  try {
    const { upsampled, ...planOptions } = extraction;
    const features = await extractImage(options.model, photo, { ...planOptions, signal });
    const { gridGeometry, ...rest } = imageTokens(features);
    // The image's own size, also where the features are of a reduced one, which shows all of the image.
    const tokens = { ...rest, size, ...(gridGeometry && !upsampled && { gridGeometry }) };
    if (store) await writeFeatures(store, storedName(image, options), tokens, fingerprint);
    onImage?.({ image, from: "model", ...(stale && { stale }) });
    return { image, tokens, hash };
  } catch (error) {
    if (error instanceof S2Error && error.code === "not-finite") return { image, issue: error.message };
    throw error;
  }
}

/** Returns the name of an image's features in the store: readable, and different for each model and extraction config. */
function storedName(image: string, { modelName, extraction }: ExtractImagesOptions): string {
  const config = Object.entries(explicitOptions(extraction)).map(
    ([name, value]) => `${name}-${Array.isArray(value) ? value.join("-") : String(value)}`,
  );
  const folder = config
    .sort()
    .join("_")
    .replaceAll(/[^\w.-]/g, "-");
  return `${modelName}/${folder}/${image.replaceAll("..", "up")}.safetensors`;
}

/** Looks an image up in the store, else decodes and plans it. The fingerprint is of the very bytes that are decoded. */
async function prepare(path: string, options: ExtractImagesOptions, isUnchanged: IsUnchanged): Promise<Prepared> {
  const { model, extraction, store, decode, read, modelHash, version } = options;
  const bytes = await read(path);
  const hash = await sha256(bytes);
  if (isUnchanged(path, hash)) return { kept: true };
  const { upsampled, ...planOptions } = extraction;
  const preprocessing = model.preprocessing ?? imagenet;
  const fingerprint = { model: modelHash, options: optionsFingerprint(extraction, preprocessing), image: hash, version };
  const found = store && (await readFeatures(store, storedName(path, options), fingerprint));
  if (found && "tokens" in found && firstNotFinite(found.tokens.data) < 0) return { fingerprint, tokens: found.tokens };
  const image = await decode(bytes, path);
  // The size of the plan's first tile, as the paper's tables start from (section 4: "interpolated").
  const small = () => resizePixels(image, model.traits?.imageSize ?? [224, 224], preprocessing.filter) as Photo;
  const { height, width } = image;
  planImage({ height, width }, planOptions, model.traits); // refuses before the model runs
  return {
    fingerprint,
    size: [height, width],
    photo: upsampled ? small() : image,
    ...(found && !("missing" in found) && { stale: "stale" in found ? found.stale : ["file"] }),
  };
}

type Prepared =
  | { readonly kept: true }
  | { readonly fingerprint: Fingerprint; readonly tokens: ImageTokens }
  | {
      readonly fingerprint: Fingerprint;
      readonly size: readonly [height: number, width: number];
      readonly photo: Photo;
      readonly stale?: readonly Stale[];
    };
