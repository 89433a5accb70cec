/** An index brought to the state of a set of photos: new and changed ones are added, gone ones removed, the others are not looked at. */
import { addPhotos, type IndexLabel, type PhotoIndex, type PhotoTokens, regionVectors, removePhotos } from "../heads/index.ts";
import { imagenet } from "../images/index.ts";
import type { PhotoVectors } from "../tensors/index.ts";
import { type Collection, collectFeatures } from "./collect.ts";
import { hash } from "./store.ts";
import { type Pooling, photoVector } from "./token-maps.ts";

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
  const sorted = Object.fromEntries(Object.entries(look).sort(([a], [b]) => (a < b ? -1 : 1)));
  const plan = JSON.stringify({ ...sorted, preprocessing: model.preprocessing ?? imagenet });
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
  const marks = new Map<string, string>();
  const unreadable: { photo: string; problem: string }[] = [];
  for (const photo of photos) {
    try {
      marks.set(photo, await hash(await collection.read(photo)));
    } catch (error) {
      unreadable.push({ photo, problem: (error as Error).message });
    }
  }
  await removePhotos(index, [...gone, ...unreadable.map(({ photo }) => photo)]);
  for (const photo of gone) yield { photo, done: "removed" };
  yield* unreadable;
  const readable = [...marks.keys()];
  for (const photo of readable) if (known.get(photo) === marks.get(photo)) yield { photo, done: "kept" };
  const wanted = readable.filter((photo) => known.get(photo) !== marks.get(photo));
  yield* addAll(index, wanted, collection, marks);
}

async function* addAll(
  index: PhotoIndex,
  photos: readonly string[],
  collection: Collection,
  marks: ReadonlyMap<string, string>,
): AsyncGenerator<Indexed> {
  let waiting: PhotoVectors[] = [];
  let numbers = 0;
  const write = async function* (): AsyncGenerator<Indexed> {
    if (waiting.length > 0) await addPhotos(index, waiting);
    for (const { path } of waiting) yield { photo: path, done: "added" };
    waiting = [];
    numbers = 0;
  };
  for await (const each of collectFeatures(photos, collection)) {
    if ("problem" in each) {
      await removePhotos(index, [each.photo]);
      yield each;
      continue;
    }
    const photo = vectorsOf(each.photo, marks.get(each.photo)!, each.tokens, index.label);
    waiting.push(photo);
    numbers += photo.vector.length + photo.regions.vectors.length;
    if (waiting.length >= batch || numbers >= mostNumbers) yield* write();
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
