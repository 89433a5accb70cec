/** "s2-vision/retrieval": search for images, regions and words in an index of features. */
export {
  addImages,
  boxAround,
  gridGeometryOf,
  type ImageIndex,
  type IndexConfig,
  type IndexedImage,
  indexConfigOf,
  indexImages,
  type MemoryOptions,
  type MemoryVectors,
  memoryVectors,
  openIndex,
  type Query,
  regionVector,
  regionVectors,
  removeImages,
  type SearchOptions,
  search,
  similarities,
  type Windows,
} from "./retrieval/index.ts";
export type { ImageVectors, VectorHit, VectorStore, VectorTable } from "./tensors/index.ts";
