/** Image and region search. */
export { describeBox, describeHits } from "./describe-hits.ts";
export { type DuplicateGroup, type DuplicateOptions, findDuplicates, type ImageSignature } from "./duplicates.ts";
export { type IndexedImage, indexConfigOf, indexImages } from "./index-images.ts";
export { type MemoryOptions, type MemoryVectors, memoryVectors } from "./memory-vectors.ts";
export { boxAround, gridGeometryOf, regionVector, regionVectors, similarities, unit } from "./regions.ts";
export { addImages, type ImageIndex, type IndexConfig, openIndex, type Query, removeImages, search } from "./search.ts";
