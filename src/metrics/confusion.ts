/** Metrics of a confusion matrix [true class, predicted class]: of photos (top-1, mean per class) and of pixels (aAcc, mAcc, mIoU). */
import { S2Error } from "../core/index.ts";
import { type Metric, nanMean } from "./accumulate.ts";

/**
 * Counts photos or pixels into a matrix of classes², row-major; those whose truth is `ignore` count nowhere (MMSeg's ignore_index).
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

/** All that is right by all there is: MMSeg's aAcc, top-1 accuracy of photos. */
export const aAcc: Metric = (confusion) => {
  const classes = sideOf(confusion);
  let right = 0;
  let all = 0;
  for (let i = 0; i < confusion.length; i++) all += confusion[i];
  for (let id = 0; id < classes; id++) right += confusion[id * classes + id];
  return right / all;
};

/** What is right of each class by what there is of it (recall); NaN for a class that is not there. */
export const classAccuracies = (confusion: ArrayLike<number>): Float64Array =>
  perClass(confusion, (right, truth) => right / truth);

/** Intersection over union of each class; NaN for one that is neither there nor predicted, 0 for one that is only predicted. */
export const classIoUs = (confusion: ArrayLike<number>): Float64Array =>
  perClass(confusion, (right, truth, predicted) => right / (truth + predicted - right));

/** Mean of the classes that are there: MMSeg's mAcc; of photos mean per class accuracy, scikit-learn's balanced accuracy. */
export const mAcc: Metric = (confusion) => nanMean(classAccuracies(confusion));

/** Mean intersection over union of the classes that are there or predicted (MMSeg's mIoU: nanmean over classes of summed pixels). */
export const mIoU: Metric = (confusion) => nanMean(classIoUs(confusion));

function perClass(
  confusion: ArrayLike<number>,
  metric: (right: number, truth: number, predicted: number) => number,
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
