/** Pixels into tensors: exact 8-bit resizing, hub preprocessing configs, normalization. No decoding: runtimes do that. */

export { differenceHash, HASH_WORDS, leastDifference, wholeDifference } from "./difference-hash.ts";
export { filterMatrix } from "./filter-weights.ts";
export { IMAGE_EXTENSIONS, isImageName, isUndecodedImageName, UNDECODED_EXTENSIONS } from "./image-names.ts";
export { type Normalizer, normalizer } from "./normalize.ts";
export { checkPixels, type Filter, type ImageSource, isPhoto, type Photo, type Pixels } from "./pixels.ts";
export { imagenet, type Preprocessing, processorIn, readPreprocessing } from "./preprocessing.ts";
export { loadSimd, resizePixels } from "./resize-pixels.ts";
