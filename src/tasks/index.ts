/** Tasks on frozen features: fit, predict, evaluate and advise for classification, segmentation, depth and counting. */
export { type Advice, adviseOn, type Candidate, type Candidates, type Cost, gain } from "./advice.ts";
export { type EvaluateOptions, evaluateTask, type TaskSums } from "./evaluate.ts";
export { classFigures, type TaskFigure, taskFigures } from "./figures.ts";
export {
  type FittedTask,
  fitTask,
  headFor,
  TASK_HEADS,
  type TaskHead,
  type TaskHeadName,
  type TaskOptions,
  type TaskSet,
} from "./fit.ts";
export { openPredictor, type Prediction, type Predictor } from "./predict.ts";
export { fitRandomProjection, projectFeatures } from "./project.ts";
export { type TaskSplitOptions, type TaskSplits, taskSplits } from "./splits.ts";
export type { FeaturesOf } from "./task-images.ts";
