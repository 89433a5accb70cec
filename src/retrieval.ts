/** "s2-vision/retrieval": search for images, regions and texts in an index of features. */
export {
  addImages,
  boxAround,
  gridGeometryOf,
  type ImageIndex,
  type IndexConfig,
  indexConfigOf,
  indexImages,
  memoryVectors,
  openIndex,
  regionVector,
  regionVectors,
  removeImages,
  search,
  similarities,
} from "./retrieval/index.ts";
export type { ImageVectors, VectorStore } from "./tensors/index.ts";
