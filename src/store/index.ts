/** Features kept from run to run: fingerprints, storage, extraction of many images. */
export { type Collected, type Collection, collectChanged, collectFeatures, type Look } from "./extract-images.ts";
export { findFeatures, keepFeatures, type Store } from "./feature-store.ts";
export { changedParts, type Fingerprint, type ModelParts, modelFingerprint, optionsFingerprint } from "./fingerprint.ts";
