/** What stands on frozen features: probes, neighbours, segmentation, depth, counts. */
export { checkHead, type FeatureHead, type Head, readHead, writeHead } from "./head.ts";
export { fitLogistic, type LogisticOptions } from "./logistic.ts";
export { fitNeighbours, type NeighboursHead, type NeighboursOptions, openNeighbours } from "./neighbours.ts";
export { argmax, type OpenedHead, openProbe, type ProbeHead } from "./probe.ts";
export { fitPrototypes, openPrototypes, type PrototypesHead, type PrototypesOptions } from "./prototypes.ts";
export { fitRidge, fitRidgeClassifier, type RidgeOptions } from "./ridge.ts";
export type {
  Batches,
  FitOptions,
  FitProgress,
  FittedHead,
  LabelledRows,
  Rows,
  TargetRows,
  Trial,
} from "./rows.ts";
