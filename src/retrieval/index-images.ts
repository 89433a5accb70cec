/** An index brought to the state of a set of images: new and changed ones are added, gone ones removed, the others are not looked at. */

import type { ImageTokens } from "../features/index.ts";
import { imageVector, type Pooling } from "../features/index.ts";
import { type ExtractImagesOptions, extractChangedImages, optionsFingerprint } from "../store/index.ts";
import type { ImageVectors } from "../tensors/index.ts";
import { regionVectors } from "./regions.ts";
import { addImages, type ImageIndex, type IndexConfig, removeImages } from "./search.ts";

/** Images of a write: a killed run loses at most as many from the index, and none from the store of features. */
const batch = 64;
/** A write also ends at this many numbers, 32 MB: a fine grid has thousands of regions. */
const mostNumbers = 2 ** 23;

/** One image's outcome; `removed` was in the index and is not among the images any more. */
export type IndexedImage =
  | { readonly image: string; readonly done: "added" | "kept" | "removed" }
  | { readonly image: string; readonly issue: string };

/** The label of an index that `indexImages` fills from this collection. */
export function indexConfigOf(
  { model, modelName, modelHash, extraction }: ExtractImagesOptions,
  { pooling, regions }: { pooling: Pooling; regions?: IndexConfig["regions"] },
): IndexConfig {
  const plan = optionsFingerprint(extraction, model.preprocessing);
  return { model: modelName, modelHash, plan, pooling, ...(regions && { regions }) };
}

/** Yields each image's outcome. `images` are all that the index shall hold; one that cannot be read is taken out of it. */
export async function* indexImages(
  index: ImageIndex,
  images: readonly string[],
  collection: ExtractImagesOptions,
): AsyncGenerator<IndexedImage> {
  const known = await index.store.images();
  const wished = new Set(images);
  const gone = [...known.keys()].filter((path) => !wished.has(path));
  await removeImages(index, gone);
  for (const image of gone) yield { image, done: "removed" };
  let waiting: ImageVectors[] = [];
  let numbers = 0;
  const write = async function* (): AsyncGenerator<IndexedImage> {
    if (waiting.length > 0) await addImages(index, waiting);
    for (const { path } of waiting) yield { image: path, done: "added" };
    waiting = [];
    numbers = 0;
  };
  const isKept = (image: string, hash: string) => known.get(image) === hash;
  for await (const each of extractChangedImages(images, collection, isKept)) {
    if ("kept" in each) yield { image: each.image, done: "kept" };
    else if ("issue" in each) {
      await removeImages(index, [each.image]);
      yield each;
    } else {
      const image = vectorsOf(each.image, each.hash, each.tokens, index.config);
      waiting.push(image);
      numbers += image.vector.length + image.regions.vectors.length;
      if (waiting.length >= batch || numbers >= mostNumbers) yield* write();
    }
  }
  yield* write();
}

function vectorsOf(path: string, contentHash: string, tokens: ImageTokens, { pooling, regions }: IndexConfig): ImageVectors {
  return {
    path,
    contentHash,
    size: tokens.size,
    vector: imageVector(tokens, pooling as Pooling),
    regions: regions ? regionVectors(tokens, regions) : { vectors: new Float32Array(), boxes: new Float64Array() },
  };
}
