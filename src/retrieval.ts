/** "s2-vision/retrieval": search for images, regions and words in an index of features. */
export {
  addPhotos,
  boxAround,
  type Indexed,
  type IndexLabel,
  indexPhotos,
  labelOf,
  type MemoryOptions,
  type MemoryVectors,
  memoryVectors,
  openIndex,
  type PhotoIndex,
  placeOf,
  type Query,
  regionVector,
  regionVectors,
  removePhotos,
  type SearchOptions,
  search,
  similarities,
  type Windows,
} from "./retrieval/index.ts";
export type { PhotoVectors, VectorHit, VectorStore, VectorTable } from "./tensors/index.ts";
