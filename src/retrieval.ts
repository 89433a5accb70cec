/** "s2-vision/retrieval": search for images, regions and texts in an index of features. */
export { differenceHash } from "./images/index.ts";
export {
  addImages,
  boxAround,
  type DuplicateGroup,
  findDuplicates,
  gridGeometryOf,
  type ImageIndex,
  type ImageSignature,
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
