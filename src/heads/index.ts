/** What stands on frozen features: probes, neighbours, segmentation, depth, retrieval. */
export type { PhotoVectors, VectorHit, VectorStore, VectorTable } from "../tensors/index.ts";
export {
  addPhotos,
  type IndexLabel,
  openIndex,
  type PhotoIndex,
  type Query,
  removePhotos,
  type SearchOptions,
  search,
} from "./retrieval.ts";
export { type MemoryOptions, type MemoryVectors, memoryVectors } from "./retrieval-memory.ts";
export {
  boxAround,
  type PhotoTokens,
  photoTokens,
  placeOf,
  regionVector,
  regionVectors,
  similarities,
  type Windows,
} from "./retrieval-regions.ts";
