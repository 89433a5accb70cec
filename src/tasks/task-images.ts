/** Items of a data set beside their photos' features, as fits take them; photos without features are left out. */
import { firstNotFinite, S2Error } from "../core/index.ts";
import type { BoxItem, ClassItem, DepthItem, MaskItem, Photographed } from "../datasets/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { type Pooling, photoVector } from "../features/index.ts";
import type { Batches, DepthPhoto, LabelledRows, Mask, MaskedPhoto, PhotoOfObjects } from "../heads/index.ts";

/** A photo's features by its path; undefined where they could not be made. `(path) => map.get(path)`, or read from a store each time. */
export type FeaturesOf = (path: string) => PhotoTokens | undefined | Promise<PhotoTokens | undefined>;

/** @throws S2Error "rows" when no photo has features. */
export async function firstFeatures(items: readonly Photographed[], features: FeaturesOf): Promise<PhotoTokens> {
  for (const { path } of items) {
    const tokens = await features(path);
    if (tokens) return tokens;
  }
  throw new S2Error("rows", `None of the ${items.length} photos to learn from has features; see what is said of each.`);
}

/** Vectors of photos and their classes, kept in memory: a few kB each. */
export async function labelledVectors(
  items: readonly ClassItem[],
  features: FeaturesOf,
  pooling: Pooling,
): Promise<() => readonly [LabelledRows]> {
  const vectors: Float32Array[] = [];
  const labels: number[] = [];
  for (const { path, label } of items) {
    const tokens = await features(path);
    if (!tokens) continue;
    checkTokens(path, tokens);
    vectors.push(photoVector(tokens, pooling));
    labels.push(label);
  }
  const channels = vectors[0]?.length ?? 0;
  const rows = new Float32Array(vectors.length * channels);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * channels);
  const batch = { rows, labels: Int32Array.from(labels) };
  return () => [batch];
}

export const maskedPhotos = (items: readonly MaskItem[], features: FeaturesOf): Batches<MaskedPhoto> =>
  paired(items, features, async (item, tokens) => ({ tokens, mask: (await item.mask()) as Mask }));

export const depthPhotos = (items: readonly DepthItem[], features: FeaturesOf): Batches<DepthPhoto> =>
  paired(items, features, async (item, tokens) => ({ tokens, depth: await item.depth() }));

export const photosOfObjects = (items: readonly BoxItem[], features: FeaturesOf): Batches<PhotoOfObjects> =>
  paired(items, features, async ({ boxes }, tokens) => ({
    tokens,
    objects: boxes.map(({ left, top, width, height, label }) => ({ x: left + width / 2, y: top + height / 2, label })),
  }));

/** A photo is put together once for as long as its features stay in memory; where they are read each time, so is its mask. */
function paired<Item extends Photographed, Photo extends object>(
  items: readonly Item[],
  features: FeaturesOf,
  make: (item: Item, tokens: PhotoTokens) => Promise<Photo>,
): Batches<Photo> {
  const known = new WeakMap<PhotoTokens, Photo>();
  return async function* () {
    for (const item of items) {
      const tokens = await features(item.path);
      if (!tokens) continue;
      let photo = known.get(tokens);
      if (!photo) {
        checkTokens(item.path, tokens);
        photo = await make(item, tokens);
        known.set(tokens, photo);
      }
      yield photo;
    }
  };
}

/** @throws S2Error "rows" that names the photo; a head would name only the row. */
function checkTokens(path: string, { data, channels }: PhotoTokens): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  throw new S2Error(
    "rows",
    `The features of ${path} have ${data[at]} in token ${Math.floor(at / channels)}, channel ${at % channels}; expected finite numbers. Leave the photo out, or extract its features again.`,
  );
}
