/** Tasks on frozen features: fit, predict, evaluate and advise for classification, segmentation, depth and counting. */
export { type Advice, adviseOn, type Candidate, type Candidates, type Cost, gain, listCandidates } from "./advice.ts";
export {
  type AdviseOptions,
  advise,
  checkTestSplit,
  type DataSetAdvice,
  type NamedModel,
  type OtherModel,
} from "./advise.ts";
export { describeDifferences, describeEvaluation, describeFit } from "./describe-heads.ts";
export { csvLine, describePrediction, type PredictionDescription, predictionColumns } from "./describe-prediction.ts";
export { type EvaluateOptions, evaluateTask, type TaskSums } from "./evaluate.ts";
export {
  checkSameTask,
  compareEvaluations,
  type EvaluateDataSetOptions,
  type Evaluation,
  type EvaluationFigures,
  type EvaluationSplit,
  evaluateDataSet,
  evaluationFigures,
  evaluationItems,
} from "./evaluate-data-set.ts";
export { evaluateStudent, type StudentEvaluation, type StudentPhotos } from "./evaluate-student.ts";
export { type ExportedHead, type ExportHeadOptions, exportHead, exportHeadProto } from "./export-head.ts";
export { type ExportFacts, exportReadme } from "./export-readme.ts";
export {
  type ExtractDataSetOptions,
  type ExtractedDataSet,
  type ExtractionProgress,
  extractDataSet,
  type FailedImage,
  type ImageFeatures,
} from "./extract-data-set.ts";
export { classFigures, type MeasuredFigure, type TaskFigure, taskFigures } from "./figures.ts";
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
export { type FitDataSetOptions, type FittedDataSet, fitDataSet } from "./fit-data-set.ts";
export { formatDifference, formatFigure, verdictOn } from "./format-figures.ts";
export { openPredictor, type Prediction, type Predictor } from "./predict.ts";
export { type PredictImagesOptions, predictImages } from "./predict-images.ts";
export { fitRandomProjection, projectFeatures } from "./project.ts";
export { reportAdvice } from "./report-advice.ts";
export {
  checkHeadModel,
  dataSetOptionsOf,
  type HeadData,
  type HeadFeatures,
  loadHead,
  type SavedHead,
  saveHead,
} from "./saved-head.ts";
export { type TaskSplitOptions, type TaskSplits, taskSplits } from "./splits.ts";
export { classFolders, describeStudent, leaveOut, spread } from "./student-photos.ts";
export type { FeaturesOf } from "./task-images.ts";
