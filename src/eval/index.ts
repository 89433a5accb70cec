/** Data sets, metrics, comparisons and the paper's experiments. */
export { type Advice, adviseOn, type Candidate, type Candidates, type Cost, gain } from "./advice.ts";
export { compare, interval, type Resampling } from "./bootstrap.ts";
export { argMax, brier, CALIBRATION_CELLS, calibrationSums, ece, isInTop } from "./class-scores.ts";
export { type Collected, type Collection, collectFeatures, type Look, storedName } from "./collect.ts";
export { aAcc, classAccuracies, classIoUs, countConfusion, mAcc, mIoU } from "./confusion.ts";
export {
  type BoxItem,
  type ClassItem,
  countItems,
  type DataSet,
  type DepthItem,
  type ItemOf,
  type Kind,
  type LabelledBox,
  type MaskItem,
  type Photographed,
  type Problem,
} from "./data-set.ts";
export { DEPTH_CELLS, type DepthRange, depthMetrics, depthSums } from "./depth-errors.ts";
export type { DepthMap } from "./depth-map.ts";
export { type Experiment, type Found as ExperimentFound, findExperiment } from "./experiment.ts";
export { experiments } from "./experiments/index.ts";
export { changedParts, type Fingerprint, type ModelParts, modelFingerprint, optionsFingerprint } from "./fingerprint.ts";
export type { Folder } from "./folder.ts";
export { groupClasses } from "./group-classes.ts";
export { type Indexed, indexPhotos, labelOf } from "./index-photos.ts";
export type { Lab, LabModel, Which } from "./lab.ts";
export type { DataSetOptions } from "./listing.ts";
export { mapTokens, type Narrowing, narrowing } from "./narrow.ts";
export { AREA_CELLS, AREAS, type Area, areaOf, countErrors, foundByArea, recallOf } from "./objects.ts";
export { openDataSet } from "./open-data-set.ts";
export { decodePngValues, type PngValues, type Raster } from "./png-values.ts";
export { averagePrecision, hitAt, meanAveragePrecision, recallAt } from "./ranking.ts";
export type { Interval } from "./bootstrap.ts";
export { type Cell, figure, type Plot, page, type Result, resultsIndex, type Table } from "./result.ts";
export { type SplitOff, splitOff } from "./split-off.ts";
export { type Found, findFeatures, keepFeatures, type Stale, type Store } from "./store.ts";
export { addPhoto, addUp, type Metric, mean, openTally, photoMean, pooled, type Score, type Tally } from "./tally.ts";
export { classFigures, type TaskFigure, taskFigures } from "./task-figures.ts";
export type { FeaturesOf } from "./task-photos.ts";
export { type TaskSplitOptions, type TaskSplits, taskSplits } from "./task-splits.ts";
export { type Tallies, type TallyOptions, tallyTask } from "./task-tallies.ts";
export { type OpenedTask, openTask, type Told } from "./task-told.ts";
export {
  type FittedTask,
  fitTask,
  headFor,
  TASK_HEADS,
  type TaskHead,
  type TaskHeadName,
  type TaskOptions,
  type TaskSet,
} from "./tasks.ts";
export { mergeScales, type Pooling, photoVector, takeScales } from "./token-maps.ts";
