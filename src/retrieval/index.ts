/** Image and region search. */
export { type IndexedImage, indexConfigOf, indexImages } from "./index-images.ts";
export { type MemoryOptions, type MemoryVectors, memoryVectors } from "./memory-vectors.ts";
export { boxAround, gridGeometryOf, regionVector, regionVectors, similarities, type Windows } from "./regions.ts";
export {
  addImages,
  type ImageIndex,
  type IndexConfig,
  openIndex,
  type Query,
  removeImages,
  type SearchOptions,
  search,
} from "./search.ts";
