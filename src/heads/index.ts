/** Heads on frozen features: probes, neighbors, segmentation, depth, counts. */
export type { Batches, FeatureBatch, LabeledBatch, TargetBatch } from "./batches.ts";
export { cholesky, solve } from "./cholesky.ts";
export { type ClickableImage, clickable, clicksHead, linearScores, segmentClicks } from "./clicks.ts";
export {
  type DepthHead,
  type DepthImage,
  type DepthMap,
  fitDepth,
  fitRidgeDepth,
  openDepth,
} from "./depth.ts";
export { checkHead, type FeatureHead, type Head, readHead, writeHead } from "./head.ts";
export { classOutputs, denseOutputs, type Outputs, type TokenLayout } from "./head-graph.ts";
export { largestScores } from "./largest-scores.ts";
export type { OpenedHead } from "./linear.ts";
export type { Mask } from "./masks.ts";
export { fitNeighbors, type NeighborsHead, openNeighbors } from "./neighbors.ts";
export { fitObjects, type LabeledObjects, type ObjectPrediction, type ObjectsHead, openObjects } from "./objects.ts";
export type { FitOptions, FitProgress, FittedHead, Trial } from "./options.ts";
export { fitLogistic, fitRidge, fitRidgeClassifier, openProbe, type ProbeHead } from "./probe.ts";
export { fitPrototypes, openPrototypes, type PrototypesHead } from "./prototypes.ts";
export {
  fitRidgeSegmentation,
  fitSegmentation,
  type MaskedImage,
  openSegmentation,
  type SegmentationHead,
} from "./segmentation.ts";
export { gridFeatures, type LabeledPoint, tokenOf } from "./tokens.ts";
