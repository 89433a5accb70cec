/** Features kept between runs: fingerprints, storage, extraction of many images. */
export {
  type ExtractedImage,
  type ExtractImagesOptions,
  type ExtractionConfig,
  extractChangedImages,
  extractImages,
  imagesAhead,
  workAhead,
} from "./extract-images.ts";
export { readFeatures, type Store, writeFeatures } from "./feature-store.ts";
export { changedParts, type Fingerprint, type ModelParts, modelFingerprint, optionsFingerprint } from "./fingerprint.ts";
