/** Heads on frozen features: probes, neighbors, segmentation, depth, counts. */
export { type ClickableImage, clickable, clicksHead, segmentClicks } from "./clicks.ts";
export {
  type BinOptions,
  type DepthHead,
  type DepthImage,
  type DepthMap,
  type DepthOptions,
  fitDepth,
  fitRidgeDepth,
  openDepth,
} from "./depth.ts";
export type { Bins } from "./depth-bins.ts";
export { checkHead, type FeatureHead, type Head, readHead, writeHead } from "./head.ts";
export { fitLogistic, type LogisticOptions } from "./logistic.ts";
export type { Mask } from "./masks.ts";
export { fitNeighbors, type NeighborsHead, type NeighborsOptions, openNeighbors } from "./neighbors.ts";
export {
  fitObjects,
  type LabeledObjects,
  type ObjectPrediction,
  type ObjectsHead,
  type ObjectsOptions,
  openObjects,
} from "./objects.ts";
export { argmax, type OpenedHead, openProbe, type ProbeHead } from "./probe.ts";
export { fitPrototypes, openPrototypes, type PrototypesHead, type PrototypesOptions } from "./prototypes.ts";
export { fitRidge, fitRidgeClassifier, type RidgeOptions } from "./ridge.ts";
export type { Batches, FeatureBatch, FitOptions, FitProgress, FittedHead, LabeledBatch, TargetBatch, Trial } from "./rows.ts";
export {
  fitRidgeSegmentation,
  fitSegmentation,
  type MaskedImage,
  openSegmentation,
  type SegmentationHead,
  type SegmentationOptions,
} from "./segmentation.ts";
export type { LabeledPoint } from "./tokens.ts";
