/** Files of named tensors, the small floats in them, and random numbers that a seed gives again. */
export { type CheckedSource, checkChecksum, checksumEntry, readChecked, sha256, withChecksum, writeChecked } from "./checksum.ts";
export { fromBfloat16, fromFloat16, toFloat16 } from "./float16.ts";
export { isLfsPointer, lfsPointerReason } from "./git-lfs.ts";
export { addMoments, type Moments, meanAndDeviation, newMoments } from "./moments.ts";
export { writeNpy } from "./npy.ts";
export { foreignFile, isOwnJson, isTaggedPng, tagPng } from "./own-files.ts";
export { makeRandom, type Random, shuffled, truncatedNormal } from "./random.ts";
export { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
export type { Dtype } from "./safetensors-header.ts";
export { type Entry, readHeader, readHeaderLength, writeHeader } from "./safetensors-header.ts";
export type { ImageVectors, VectorHit, VectorStore, VectorTable } from "./vectors.ts";
