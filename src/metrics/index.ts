/** Metrics as functions of sums per image, with bootstrap intervals. */

export { type BootstrapOptions, compare, type Interval, interval, MIN_IMAGES, standardError } from "./bootstrap.ts";
export { brier, CALIBRATION_CELLS, calibrationSums, ece, isInTop } from "./class-scores.ts";
export { aAcc, classAccuracies, classIoUs, countConfusion, mAcc, mIoU } from "./confusion.ts";
export { DEPTH_CELLS, type DepthRange, depthMetrics, depthSums } from "./depth-errors.ts";
export { AREA_CELLS, AREAS, areaOf, areaRecall, countErrors, countRecalled } from "./objects.ts";
export { averagePrecision, hitAt, meanAveragePrecision, recallAt } from "./ranking.ts";
export {
  addImage,
  type ImageSums,
  joinSums,
  keepImages,
  type Metric,
  mean,
  newSums,
  perImageMean,
  pooled,
  rowOf,
  type Score,
  sumImages,
} from "./sums.ts";
