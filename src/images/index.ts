/** Pixels into tensors: exact 8-bit resizing, hub preprocessing configs, normalisation. No decoding: runtimes do that. */
export { type Normaliser, normaliser } from "./normalise.ts";
export { isPhotoName, isUndecodedPhotoName, PHOTO_EXTENSIONS, UNDECODED_EXTENSIONS } from "./photo-names.ts";
export { checkPixels, type Filter, type Photo, type Pixels } from "./pixels.ts";
export { imagenet, type Preprocessing, processorIn, readPreprocessing } from "./preprocessing.ts";
export { resizePixels } from "./resize-pixels.ts";
