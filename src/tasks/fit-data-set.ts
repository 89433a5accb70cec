/** `fitDataSet`: extracts the features of a data set, fits a head and evaluates it on the images that it was not fitted to. */
import type { DataSet, Task } from "../datasets/index.ts";
import { explicitOptions } from "../features/index.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import { evaluateTask } from "./evaluate.ts";
import { type ExtractDataSetOptions, extractDataSet, type FailedImage } from "./extract-data-set.ts";
import { type MeasuredFigure, measuredFigures } from "./figures.ts";
import { type FittedTask, fitTask, headFor, type TaskOptions } from "./fit.ts";
import type { SavedHead } from "./saved-head.ts";
import type { TaskSplits } from "./splits.ts";

/** The model and how its features are made, the head and its regularization, and where graphs run. */
export interface FitDataSetOptions extends ExtractDataSetOptions, TaskOptions, Pick<EvaluateOptions, "objectsFrom"> {}

/** A head that is ready to be saved, its figures, and the images that could not be used. */
export interface FittedDataSet extends FittedTask {
  readonly head: SavedHead;
  readonly figures: { readonly validation: readonly MeasuredFigure[]; readonly test: readonly MeasuredFigure[] };
  readonly failed: readonly FailedImage[];
}

/**
 * Fits a head to a data set's training images and evaluates it on its validation and test images. Images that fail are left out.
 * @throws S2Error as `extractDataSet` and `fitTask`.
 */
export async function fitDataSet(set: DataSet, splits: TaskSplits<Task>, options: FitDataSetOptions): Promise<FittedDataSet> {
  const fitted = headFor(set, splits.train, options.head);
  const images = [...splits.train, ...splits.validation, ...splits.test];
  const { features, failed } = await extractDataSet(images, set.task, options);
  const read = (path: string) => features.get(path);
  const { openGraph, signal, objectsFrom, modelHash, extraction, version } = options;
  const { head, ...chosen } = await fitTask(set, splits, read, options);
  const measure = async (items: typeof splits.test) =>
    measuredFigures(set.task, await evaluateTask(head, set, items, read, { openGraph, signal, objectsFrom }));
  const figures = { validation: await measure(splits.validation), test: await measure(splits.test) };
  const unused = failed.length + set.issues.filter(({ used }) => !used).length;
  const { train, validation, test } = splits;
  const counts = { train: train.length, validation: validation.length, test: test.length, failed: unused };
  const saved: SavedHead = {
    ...{ ...head, fitted },
    features: { modelHash, extraction: explicitOptions(extraction), s2_vision: version },
    data: { name: set.name, images: counts },
    figures: { validation: byName(figures.validation), test: byName(figures.test) },
  };
  return { ...chosen, head: saved, figures, failed };
}

const byName = (figures: readonly MeasuredFigure[]) => Object.fromEntries(figures.map(({ name, ...rest }) => [name, rest]));
