/** Files of named tensors, and the small floats in them. */
export { fromBfloat16, fromFloat16, toFloat16 } from "./float16.ts";
export { writeNpy } from "./npy.ts";
export { type Dtype, readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
export type { PhotoVectors, VectorHit, VectorStore, VectorTable } from "./vectors.ts";
