/** Heads on frozen features: probes, neighbors, segmentation, depth, counts. */
export { type ClickablePhoto, clickable, clicksHead, segmentClicks } from "./clicks.ts";
export {
  type BinOptions,
  type DepthHead,
  type DepthMap,
  type DepthOptions,
  type DepthPhoto,
  fitDepth,
  fitRidgeDepth,
  openDepth,
} from "./depth.ts";
export type { Bins } from "./depth-bins.ts";
export { checkHead, type FeatureHead, type Head, readHead, writeHead } from "./head.ts";
export { fitLogistic, type LogisticOptions } from "./logistic.ts";
export type { Mask } from "./masks.ts";
export { fitNeighbours, type NeighboursHead, type NeighboursOptions, openNeighbours } from "./neighbours.ts";
export {
  fitObjects,
  type ObjectsHead,
  type ObjectsOptions,
  openObjects,
  type PhotoOfObjects,
  type ToldObjects,
} from "./objects.ts";
export { argmax, type OpenedHead, openProbe, type ProbeHead } from "./probe.ts";
export { fitPrototypes, openPrototypes, type PrototypesHead, type PrototypesOptions } from "./prototypes.ts";
export { fitRidge, fitRidgeClassifier, type RidgeOptions } from "./ridge.ts";
export type { Batches, FitOptions, FitProgress, FittedHead, LabelledRows, Rows, TargetRows, Trial } from "./rows.ts";
export {
  fitRidgeSegmentation,
  fitSegmentation,
  type MaskedPhoto,
  openSegmentation,
  type SegmentationHead,
  type SegmentationOptions,
} from "./segmentation.ts";
export type { LabelledPoint } from "./tokens.ts";
