/** Items of a data set with their images' features, as fits take them; images without features are left out. */
import { firstNotFinite, S2Error } from "../core/index.ts";
import type { ClassificationItem, CountingItem, DataSetImage, DepthItem, SegmentationItem } from "../datasets/index.ts";
import { type ImageTokens, imageVector, type Pooling } from "../features/index.ts";
import type { Batches, DepthImage, LabeledBatch, LabeledObjects, Mask, MaskedImage } from "../heads/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";

/** Returns an image's features by its path, or undefined if it has none: `(path) => map.get(path)`, or read from a store each time. */
export type FeaturesOf = (path: string) => ImageTokens | undefined | Promise<ImageTokens | undefined>;

/** @throws S2Error "rows" when no image has features. */
export async function firstFeatures(items: readonly DataSetImage[], features: FeaturesOf): Promise<ImageTokens> {
  for (const { path } of items) {
    const tokens = await features(path);
    if (tokens) return tokens;
  }
  throw new S2Error("rows", `None of the ${items.length} training images has features; see why each failed.`);
}

/** Returns the images' vectors and labels as one batch in memory, a few kB per image. */
export async function labeledVectors(
  items: readonly ClassificationItem[],
  features: FeaturesOf,
  pooling: Pooling,
): Promise<() => readonly [LabeledBatch]> {
  const vectors: Float32Array[] = [];
  const labels: number[] = [];
  for (const { path, label } of items) {
    const tokens = await features(path);
    if (!tokens) continue;
    checkTokens(path, tokens);
    vectors.push(imageVector(tokens, pooling));
    labels.push(label);
  }
  const batch = { features: joinArrays(Float32Array, vectors), labels: Int32Array.from(labels) };
  return () => [batch];
}

export const maskedImages = (items: readonly SegmentationItem[], features: FeaturesOf): Batches<MaskedImage> =>
  withFeatures(items, features, async (item, tokens) => ({ tokens, mask: (await item.mask()) as Mask }));

export const depthImages = (items: readonly DepthItem[], features: FeaturesOf): Batches<DepthImage> =>
  withFeatures(items, features, async (item, tokens) => ({ tokens, depth: await item.depth() }));

export const imagesOfObjects = (items: readonly CountingItem[], features: FeaturesOf): Batches<LabeledObjects> =>
  withFeatures(items, features, async ({ boxes }, tokens) => ({
    tokens,
    objects: boxes.map(({ left, top, width, height, label }) => ({ x: left + width / 2, y: top + height / 2, label })),
  }));

/** An image is made once for as long as its features stay in memory; when they are read each time, its mask is too. */
function withFeatures<Item extends DataSetImage, Image extends object>(
  items: readonly Item[],
  features: FeaturesOf,
  make: (item: Item, tokens: ImageTokens) => Promise<Image>,
): Batches<Image> {
  const known = new WeakMap<ImageTokens, Image>();
  return async function* () {
    for (const item of items) {
      const tokens = await features(item.path);
      if (!tokens) continue;
      let image = known.get(tokens);
      if (!image) {
        checkTokens(item.path, tokens);
        image = await make(item, tokens);
        known.set(tokens, image);
      }
      yield image;
    }
  };
}

/** @throws S2Error "rows" that names the image; a head would name only the row. */
function checkTokens(path: string, { data, channels }: ImageTokens): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  throw new S2Error(
    "rows",
    `The features of ${path} have ${data[at]} in token ${Math.floor(at / channels)}, channel ${at % channels}; expected finite numbers. Leave the image out, or extract its features again.`,
  );
}
