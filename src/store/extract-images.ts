/** Features of many photos, one after the other: from the store where they hold, else by the model; a photo that fails is reported. */

import { firstNotFinite, S2Error } from "../core/index.ts";
import {
  extractPhoto,
  type Features,
  type PhotoModel,
  type PhotoOptions,
  type PhotoTokens,
  photoTokens,
  planPhoto,
} from "../features/index.ts";
import { imagenet, type Photo, type Preprocessing, resizePixels } from "../images/index.ts";
import { sha256 } from "../tensors/index.ts";
import { findFeatures, keepFeatures, type Stale, type Store } from "./feature-store.ts";
import { type Fingerprint, optionsFingerprint } from "./fingerprint.ts";

/** How photos are looked at. */
export interface Look extends PhotoOptions {
  /** Reduce the photo to the model's size first and enlarge it from there, as the paper's tables do: no new detail. */
  readonly upsampled?: boolean;
}

/** What all photos share. */
export interface Collection {
  readonly model: PhotoModel;
  /** Names the model in the store. */
  readonly modelName: string;
  /** From `modelFingerprint`. */
  readonly modelHash: string;
  readonly version: string;
  readonly look: Look;
  readonly store?: Store;
  /** Decodes a photo's file. */
  readonly decode: (bytes: Uint8Array, path: string) => Promise<Photo>;
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Called for each photo that is done. */
  readonly onPhoto?: (done: { photo: string; from: "store" | "model"; stale?: readonly Stale[] }) => void;
}

/** One photo's outcome; `hash` is the SHA-256 of the bytes that the features are of. */
export type Collected =
  | { readonly photo: string; readonly tokens: PhotoTokens; readonly hash: string }
  | { readonly photo: string; readonly problem: string };

/** Photos whose content (SHA-256) is kept are passed over without being decoded. */
export type IsKept = (photo: string, hash: string) => boolean;

/** A photo that `IsKept` passed over. */
export interface Kept {
  readonly photo: string;
  readonly kept: true;
}

/** Yields photos in their order; while the model looks at one's tiles, the next is read, decoded, resized and cut. */
export function collectFeatures(photos: readonly string[], collection: Collection): AsyncGenerator<Collected> {
  return collectChanged(photos, collection, () => false) as AsyncGenerator<Collected>;
}

/** Collects like `collectFeatures`, without the photos that are kept. */
export async function* collectChanged(
  photos: readonly string[],
  collection: Collection,
  isKept: IsKept,
): AsyncGenerator<Collected | Kept> {
  let next = collect(photos[0], collection, isKept);
  for (const i of photos.keys()) {
    collection.signal?.throwIfAborted();
    const now = next;
    next = collect(photos[i + 1], collection, isKept);
    yield (await now)!;
  }
}

/** Its rejection is seen when it is its turn, if that comes. */
function collect(path: string | undefined, collection: Collection, isKept: IsKept): Promise<Collected | Kept | undefined> {
  const collected = path === undefined ? Promise.resolve(undefined) : collectOne(path, collection, isKept);
  collected.catch(() => {});
  return collected;
}

async function collectOne(photo: string, collection: Collection, isKept: IsKept): Promise<Collected | Kept> {
  const prepared = await prepare(photo, collection, isKept);
  if ("problem" in prepared || "kept" in prepared) return { photo, ...prepared };
  try {
    return await finish(photo, prepared, collection);
  } catch (error) {
    if (error instanceof S2Error && error.code === "not-finite") return { photo, problem: error.message };
    throw error;
  }
}

/** Where a photo's features are kept: readable, and another for each model and way of looking. */
export function storedName(photo: string, { modelName, look }: Collection): string {
  const ways = Object.entries(look).map(([name, value]) => `${name}-${Array.isArray(value) ? value.join("-") : String(value)}`);
  return `${modelName}/${ways
    .sort()
    .join("_")
    .replaceAll(/[^\w.-]/g, "-")}/${photo.replaceAll("..", "up")}.safetensors`;
}

interface Prepared {
  readonly fingerprint: Fingerprint;
  readonly plan: ReturnType<typeof planPhoto>;
  readonly photo: Photo;
  readonly stale?: readonly Stale[];
}

interface Stored {
  readonly fingerprint: Fingerprint;
  readonly tokens: PhotoTokens;
}

/** The fingerprint is of the very bytes that are decoded, and the store is asked before they are. A photo that cannot be read is a problem, not a rejection. */
async function prepare(
  path: string,
  collection: Collection,
  isKept: IsKept,
): Promise<Prepared | Stored | { kept: true } | { problem: string }> {
  const { model, look, store, decode, read, modelHash, version } = collection;
  try {
    const bytes = await read(path);
    const photoHash = await sha256(bytes);
    if (isKept(path, photoHash)) return { kept: true };
    const { upsampled, ...options } = look;
    const preprocessing = model.preprocessing ?? imagenet;
    const fingerprint = { model: modelHash, options: optionsFingerprint(look, preprocessing), photo: photoHash, version };
    const found = store && (await findFeatures(store, storedName(path, collection), fingerprint));
    if (found && "tokens" in found && firstNotFinite(found.tokens.data) < 0) return { fingerprint, tokens: found.tokens };
    const photo = await decode(bytes, path);
    return {
      fingerprint,
      plan: planPhoto(photo, options, model.traits),
      photo: upsampled ? reduced(photo, model, preprocessing) : photo,
      ...(found && !("missing" in found) && { stale: "stale" in found ? found.stale : ["file"] }),
    };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

async function finish(path: string, prepared: Prepared | Stored, collection: Collection): Promise<Collected> {
  const { model, look, store, onPhoto, signal } = collection;
  const { fingerprint } = prepared;
  if ("tokens" in prepared) {
    onPhoto?.({ photo: path, from: "store" });
    return { photo: path, tokens: prepared.tokens, hash: fingerprint.photo };
  }
  const { plan, photo, stale } = prepared;
  const size = plan.image;
  // A reduced photo has another size: it is planned anew, to the same scales.
  const { upsampled, ...options } = look;
  const features = await extractPhoto(model, photo, upsampled ? { ...options, signal } : { ...plan, signal });
  const tokens = tokensOf(features, size, upsampled ?? false);
  if (store) await keepFeatures(store, storedName(path, collection), tokens, fingerprint);
  onPhoto?.({ photo: path, from: "model", ...(stale && { stale }) });
  return { photo: path, tokens, hash: fingerprint.photo };
}

/** The photo at the size of the plan's first tile, as the paper's tables start from (§4: "interpolated"). */
function reduced(photo: Photo, { traits }: PhotoModel, { filter }: Preprocessing): Photo {
  const [height, width] = traits?.imageSize ?? [224, 224];
  return resizePixels(photo, [height, width], filter) as Photo;
}

/** `size` is the photo's own, also where the features are of a reduced one, which is all of the photo. */
function tokensOf(features: Features, size: readonly [number, number], reduced: boolean): PhotoTokens {
  const { place, ...tokens } = photoTokens(features);
  return { ...tokens, size, ...(place && !reduced && { place }) };
}
