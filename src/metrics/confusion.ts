/** Metrics of a confusion matrix [true class, predicted class] of images (top-1, mean per class) or pixels (aAcc, mAcc, mIoU). */
import { S2Error } from "../core/index.ts";
import { type Metric, nanMean } from "./sums.ts";

/**
 * Counts images or pixels into a row-major matrix [classes, classes], without those whose truth is `ignore` (MMSegmentation's ignore_index).
 * @throws S2Error "metric" for lists of different lengths, or ids that are no class.
 */
export function countConfusion(
  confusion: Float64Array,
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  ignore?: number,
): void {
  const classes = sideOf(confusion);
  if (predicted.length !== truth.length)
    throw new S2Error(
      "metric",
      `Got ${predicted.length} predictions for ${truth.length} truths; expected one each. Resize one to the other.`,
    );
  for (let i = 0; i < truth.length; i++) {
    const row = truth[i];
    if (row === ignore) continue;
    const column = predicted[i];
    if (!(row >= 0 && row < classes && column >= 0 && column < classes))
      throw new S2Error(
        "metric",
        `Got class ${row} predicted as ${column}; expected ids from 0 to ${classes - 1}. Give ignore, or more classes.`,
      );
    confusion[row * classes + column]++;
  }
}

/** Correct predictions divided by all: MMSegmentation's aAcc, top-1 accuracy of images. */
export const aAcc: Metric = (confusion) => {
  const classes = sideOf(confusion);
  let correct = 0;
  let all = 0;
  for (let i = 0; i < confusion.length; i++) all += confusion[i];
  for (let id = 0; id < classes; id++) correct += confusion[id * classes + id];
  return correct / all;
};

/** Accuracy (recall) of each class; NaN for a class without images or pixels. */
export const classAccuracies = (confusion: ArrayLike<number>): Float64Array =>
  perClass(confusion, (correct, truth) => correct / truth);

/** Intersection over union of each class; NaN for a class that is neither true nor predicted anywhere, 0 for one that is only predicted. */
export const classIoUs = (confusion: ArrayLike<number>): Float64Array =>
  perClass(confusion, (correct, truth, predicted) => correct / (truth + predicted - correct));

/** Mean accuracy over classes that occur: MMSegmentation's mAcc; of images scikit-learn's balanced accuracy. */
export const mAcc: Metric = (confusion) => nanMean(classAccuracies(confusion));

/** Mean intersection over union of the classes that occur or are predicted (MMSegmentation's mIoU: nanmean over classes of summed pixels). */
export const mIoU: Metric = (confusion) => nanMean(classIoUs(confusion));

function perClass(
  confusion: ArrayLike<number>,
  metric: (correct: number, truth: number, predicted: number) => number,
): Float64Array {
  const classes = sideOf(confusion);
  const truth = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  for (let row = 0, at = 0; row < classes; row++) {
    for (let column = 0; column < classes; column++, at++) {
      truth[row] += confusion[at];
      predicted[column] += confusion[at];
    }
  }
  return truth.map((sum, id) => metric(confusion[id * classes + id], sum, predicted[id]));
}

function sideOf({ length }: ArrayLike<number>): number {
  const side = Math.sqrt(length);
  if (Number.isInteger(side) && side > 0) return side;
  throw new S2Error(
    "metric",
    `Got a confusion matrix of ${length} numbers; expected classes x classes. Make it as new Float64Array(classes ** 2).`,
  );
}
