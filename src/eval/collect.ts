/** Features of many photos, one after the other: from the store where they hold, else by the model; a photo that fails is reported. */
import { firstNotFinite, S2Error } from "../core/index.ts";
import { extractPhoto, type Features, type PhotoModel, type PhotoOptions, planPhoto } from "../features/index.ts";
import { type PhotoTokens, photoTokens } from "../heads/index.ts";
import { imagenet, type Photo, type Preprocessing, resizePixels } from "../images/index.ts";
import { type Fingerprint, findFeatures, hash, keepFeatures, planMark, type Store } from "./store.ts";

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
  /** SHA-256 of the model's file. */
  readonly modelHash: string;
  readonly version: string;
  readonly look: Look;
  readonly store?: Store;
  /** Decodes a photo's file. */
  readonly decode: (bytes: Uint8Array, path: string) => Promise<Photo>;
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Called for each photo that is done. */
  readonly onPhoto?: (done: { photo: string; from: "store" | "model"; stale?: readonly string[] }) => void;
}

/** One photo's outcome. */
export type Collected =
  | { readonly photo: string; readonly tokens: PhotoTokens }
  | { readonly photo: string; readonly problem: string };

/** Yields photos in their order; while the model looks at one's tiles, the next is read, decoded, resized and cut. */
export async function* collectFeatures(photos: readonly string[], collection: Collection): AsyncGenerator<Collected> {
  let next = collect(photos[0], collection);
  for (const i of photos.keys()) {
    collection.signal?.throwIfAborted();
    const now = next;
    next = collect(photos[i + 1], collection);
    yield (await now)!;
  }
}

/** Its rejection is seen when it is its turn, if that comes. */
function collect(path: string | undefined, collection: Collection): Promise<Collected | undefined> {
  const collected = path === undefined ? Promise.resolve(undefined) : collectOne(path, collection);
  collected.catch(() => {});
  return collected;
}

async function collectOne(photo: string, collection: Collection): Promise<Collected> {
  const prepared = await prepare(photo, collection);
  if ("problem" in prepared) return { photo, problem: prepared.problem };
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
}

type Outcome = (Prepared & { stale?: readonly string[] }) | { tokens: PhotoTokens } | { problem: string };

/** A photo that cannot be read is a problem, not a rejection. */
async function prepare(path: string, collection: Collection): Promise<Outcome> {
  const { model, look, store, decode, read } = collection;
  try {
    const bytes = await read(path);
    const photo = await decode(bytes, path);
    const { upsampled, ...options } = look;
    const plan = planPhoto(photo, options, model.traits);
    const preprocessing = model.preprocessing ?? imagenet;
    const fingerprint: Fingerprint = {
      model: collection.modelHash,
      plan: `${planMark(plan)}${JSON.stringify(preprocessing)}${upsampled ? "upsampled" : ""}`,
      photo: await hash(bytes),
      version: collection.version,
    };
    const found = store && (await findFeatures(store, storedName(path, collection), fingerprint));
    const finite = found && "tokens" in found && firstNotFinite(found.tokens.data) < 0;
    if (finite) return found;
    return {
      fingerprint,
      plan,
      photo: upsampled ? reduced(photo, model, preprocessing) : photo,
      ...(found && !("missing" in found) && { stale: "stale" in found ? found.stale : ["file"] }),
    };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

async function finish(path: string, prepared: Exclude<Outcome, { problem: string }>, collection: Collection): Promise<Collected> {
  const { model, look, store, onPhoto, signal } = collection;
  if ("tokens" in prepared) {
    onPhoto?.({ photo: path, from: "store" });
    return { photo: path, tokens: prepared.tokens };
  }
  const { plan, photo, fingerprint, stale } = prepared;
  const size = plan.image;
  // A reduced photo has another size: it is planned anew, to the same scales.
  const { upsampled, ...options } = look;
  const features = await extractPhoto(model, photo, upsampled ? { ...options, signal } : { ...plan, signal });
  const tokens = tokensOf(features, size, upsampled ?? false);
  if (store) await keepFeatures(store, storedName(path, collection), tokens, fingerprint);
  onPhoto?.({ photo: path, from: "model", ...(stale && { stale }) });
  return { photo: path, tokens };
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
