/** Metrics with the field's definitions, summed image by image, with bootstrap intervals. */
export {
  addPhoto,
  addUp,
  joinTallies,
  type Metric,
  mean,
  openTally,
  photoMean,
  pooled,
  type Score,
  type Tally,
} from "./accumulate.ts";
export { compare, type Interval, interval, type Resampling } from "./bootstrap.ts";
export { argMax, brier, CALIBRATION_CELLS, calibrationSums, ece, isInTop } from "./class-scores.ts";
export { aAcc, classAccuracies, classIoUs, countConfusion, mAcc, mIoU } from "./confusion.ts";
export { DEPTH_CELLS, type DepthRange, depthMetrics, depthSums } from "./depth-errors.ts";
export { AREA_CELLS, AREAS, areaOf, countErrors, foundByArea, recallOf } from "./objects.ts";
export { averagePrecision, hitAt, meanAveragePrecision, recallAt } from "./ranking.ts";
