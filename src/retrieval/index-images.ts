/** An index brought to the state of a set of photos: new and changed ones are added, gone ones removed, the others are not looked at. */

import type { PhotoTokens } from "../features/index.ts";
import { type Pooling, photoVector } from "../features/index.ts";
import { type Collection, collectChanged, optionsFingerprint } from "../store/index.ts";
import type { PhotoVectors } from "../tensors/index.ts";
import { regionVectors } from "./regions.ts";
import { addPhotos, type IndexLabel, type PhotoIndex, removePhotos } from "./search.ts";

/** Photos of a write: a killed run loses at most as many from the index, and none from the store of features. */
const batch = 64;
/** A write also ends at this many numbers, 32 MB: a fine grid has thousands of regions. */
const mostNumbers = 2 ** 23;

/** One photo's outcome; `removed` was in the index and is not among the photos any more. */
export type Indexed =
  | { readonly photo: string; readonly done: "added" | "kept" | "removed" }
  | { readonly photo: string; readonly problem: string };

/** The label of an index that `indexPhotos` fills from this collection. */
export function labelOf(
  { model, modelName, modelHash, look }: Collection,
  { pooling, regions }: { pooling: Pooling; regions?: IndexLabel["regions"] },
): IndexLabel {
  const plan = optionsFingerprint(look, model.preprocessing);
  return { model: modelName, modelHash, plan, pooling, ...(regions && { regions }) };
}

/** Yields each photo's outcome. `photos` are all that the index shall hold; one that cannot be read is taken out of it. */
export async function* indexPhotos(
  index: PhotoIndex,
  photos: readonly string[],
  collection: Collection,
): AsyncGenerator<Indexed> {
  const known = await index.store.photos();
  const wished = new Set(photos);
  const gone = [...known.keys()].filter((path) => !wished.has(path));
  await removePhotos(index, gone);
  for (const photo of gone) yield { photo, done: "removed" };
  let waiting: PhotoVectors[] = [];
  let numbers = 0;
  const write = async function* (): AsyncGenerator<Indexed> {
    if (waiting.length > 0) await addPhotos(index, waiting);
    for (const { path } of waiting) yield { photo: path, done: "added" };
    waiting = [];
    numbers = 0;
  };
  const isKept = (photo: string, hash: string) => known.get(photo) === hash;
  for await (const each of collectChanged(photos, collection, isKept)) {
    if ("kept" in each) yield { photo: each.photo, done: "kept" };
    else if ("problem" in each) {
      await removePhotos(index, [each.photo]);
      yield each;
    } else {
      const photo = vectorsOf(each.photo, each.hash, each.tokens, index.label);
      waiting.push(photo);
      numbers += photo.vector.length + photo.regions.vectors.length;
      if (waiting.length >= batch || numbers >= mostNumbers) yield* write();
    }
  }
  yield* write();
}

function vectorsOf(path: string, mark: string, tokens: PhotoTokens, { pooling, regions }: IndexLabel): PhotoVectors {
  return {
    path,
    mark,
    size: tokens.size,
    vector: photoVector(tokens, pooling as Pooling),
    regions: regions ? regionVectors(tokens, regions) : { vectors: new Float32Array(), boxes: new Float64Array() },
  };
}
