/** Image and region search. */
export { type Indexed, indexPhotos, labelOf } from "./index-images.ts";
export { type MemoryOptions, type MemoryVectors, memoryVectors } from "./memory-vectors.ts";
export { boxAround, placeOf, regionVector, regionVectors, similarities, type Windows } from "./regions.ts";
export {
  addPhotos,
  type IndexLabel,
  openIndex,
  type PhotoIndex,
  type Query,
  removePhotos,
  type SearchOptions,
  search,
} from "./search.ts";
