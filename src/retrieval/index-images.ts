/** Updates of an index to a set of images: new and changed ones are added, others removed, unchanged ones are not extracted again. */
import { imageVector, type Pooling } from "../features/index.ts";
import { type ExtractImagesOptions, extractChangedImages, optionsFingerprint } from "../store/index.ts";
import type { ImageVectors } from "../tensors/index.ts";
import { regionVectors } from "./regions.ts";
import { addImages, type ImageIndex, type IndexConfig, removeImages } from "./search.ts";

/** Images of one write: a killed run loses at most as many from the index, and none from the store of features. */
const batch = 64;
/** A write also ends at this many numbers, 32 MB: a fine grid has thousands of regions. */
const mostNumbers = 2 ** 23;

/** The outcome of one image: "removed" was in the index and is no longer among the images; `problem` says why one could not be extracted. */
export type IndexedImage =
  | { readonly image: string; readonly done: "added" | "kept" | "removed" }
  | { readonly image: string; readonly issue: string };

/** Returns the config of an index that `indexImages` fills with features of these options. */
export function indexConfigOf(
  { model, modelName, modelHash, extraction }: ExtractImagesOptions,
  { pooling, regions }: Pick<IndexConfig, "pooling" | "regions">,
): IndexConfig {
  const plan = optionsFingerprint(extraction, model.preprocessing);
  return { model: modelName, modelHash, plan, pooling, ...(regions && { regions }) };
}

/**
 * Adds, updates and removes images so that the index holds exactly `images`, and yields each image's outcome. An image that cannot be read
 * is removed. @throws S2Error "index" for vectors of another length.
 */
export async function* indexImages(
  index: ImageIndex,
  images: readonly string[],
  options: ExtractImagesOptions,
): AsyncGenerator<IndexedImage> {
  const known = await index.store.images();
  const wanted = new Set(images);
  const gone = [...known.keys()].filter((path) => !wanted.has(path));
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
  for await (const each of extractChangedImages(images, options, isKept)) {
    if ("kept" in each) yield { image: each.image, done: "kept" };
    else if ("issue" in each) {
      await removeImages(index, [each.image]);
      yield each;
    } else {
      const { image: path, hash: contentHash, tokens } = each;
      const { regions } = index.config;
      // Embeddings are one token for each tile.
      const pooling: Pooling = index.config.pooling === "embedding" ? "mean" : index.config.pooling;
      const image = {
        ...{ path, contentHash, size: tokens.size, vector: imageVector(tokens, pooling) },
        regions: regions ? regionVectors(tokens, regions) : { vectors: new Float32Array(), boxes: new Float64Array() },
      };
      waiting.push(image);
      numbers += image.vector.length + image.regions.vectors.length;
      if (waiting.length >= batch || numbers >= mostNumbers) yield* write();
    }
  }
  yield* write();
}
