/** "s2-vision/tasks": features of many images, and tasks on them: fit, predict, evaluate, advise. */
export { imageVector, joinScales, mergeScales, type Pooling, poolTo, takeScales } from "./features/index.ts";
export {
  type ExtractImagesOptions,
  type ExtractionConfig,
  extractImages,
  modelFingerprint,
  type Store,
} from "./store/index.ts";
export {
  advise,
  compareEvaluations,
  type ExportHeadOptions,
  evaluateDataSet,
  evaluateTask,
  evaluationFigures,
  exportHead,
  extractDataSet,
  fitDataSet,
  fitTask,
  loadHead,
  openPredictor,
  type Prediction,
  predictImages,
  saveHead,
  type TaskHead,
  type TaskOptions,
  type TaskSet,
  type TaskSplits,
  taskFigures,
  taskSplits,
} from "./tasks/index.ts";
