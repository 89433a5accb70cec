/** `evaluateDataSet`: a saved head evaluated on a split of a data set; two evaluations compared on the images that both have. */
import { S2Error } from "../core/index.ts";
import type { DataSet, ItemOf, Task } from "../datasets/index.ts";
import { interval, keepImages, sumImages } from "../metrics/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { normalizeRows } from "./describe-confusion.ts";
import { evaluateTask, type TaskSums } from "./evaluate.ts";
import { type ExtractDataSetOptions, extractDataSet, type FailedImage } from "./extract-data-set.ts";
import { classFigures, figureDifferences, type MeasuredFigure, measuredFigures } from "./figures.ts";
import { checkHeadModel, type SavedHead } from "./saved-head.ts";
import { type TaskSplitOptions, taskSplits } from "./splits.ts";

/** The split to evaluate on. */
export interface EvaluationSplit extends TaskSplitOptions {
  /** Name of the split; default "test". */
  readonly split?: string;
}

/** The head's model and where images and features are; the extraction config is the head's. */
export interface EvaluateDataSetOptions extends Omit<ExtractDataSetOptions, "extraction"> {
  readonly openGraph: OpenGraph;
  /** Depth: the lowest id in the objects' labels that is an object; default as at the fit, else 1. */
  readonly objectsFrom?: number;
}

/** The sums of a head's errors and hits on some images, which all figures are computed from. */
export interface Evaluation {
  readonly task: Task;
  /** Names by id; empty for depth. */
  readonly classes: readonly string[];
  readonly sums: TaskSums;
  readonly failed: readonly FailedImage[];
}

/** The figures of an evaluation with their 95 % intervals. */
export interface EvaluationFigures {
  readonly task: Task;
  /** Images that the figures are of. */
  readonly images: number;
  readonly figures: readonly MeasuredFigure[];
  /** A figure for each class. */
  readonly classes: readonly MeasuredFigure[];
  /** Counts of predictions: a row for each true class, a column for each predicted one. Classification and segmentation have it. */
  readonly confusion?: readonly (readonly number[])[];
  /** `confusion` with each row divided by its sum; the row of a class that no image has is all zeros. */
  readonly confusionNormalized?: readonly (readonly number[])[];
}

/**
 * Returns the items of the split to evaluate a head on. A test split that the data set lacks is split off as at the fit.
 * @throws S2Error "head" when the data set has other classes; "data-set" when the split has no images.
 */
export function evaluationItems(head: SavedHead, set: DataSet, options: EvaluationSplit = {}): readonly ItemOf[Task][] {
  const { split = "test", testFraction = head.data.testFraction, seed = head.data.seed } = options;
  if (String(head.classes) !== String(set.classes))
    throw new S2Error(
      "head",
      `The head predicts ${head.classes.join(", ")}, and "${set.name}" has ${set.classes.join(", ")}; expected the same classes in the same order. A classes.txt in the data set names them.`,
    );
  const items = (set.splits as Record<string, readonly ItemOf[Task][]>)[split] ?? [];
  if (items.length > 0) return items;
  if (split === "test" && testFraction !== undefined) return taskSplits<Task>(set, { testFraction, seed }).test;
  const found = Object.entries(set.splits).map(([name, { length }]) => `${name} (${length})`);
  throw new S2Error(
    "data-set",
    `"${set.name}" has no images in split "${split}"; it has ${found.join(", ") || "none"}. Give the name of one of them as the split.`,
  );
}

/**
 * Evaluates a saved head on items of a data set, as `evaluationItems` returns them. Images that fail are left out.
 * @throws S2Error "head" when the model is not the one that the head was fitted with; as `extractDataSet`.
 */
export async function evaluateDataSet(
  head: SavedHead,
  set: DataSet,
  items: readonly ItemOf[Task][],
  { openGraph, objectsFrom = head.data.objectsFrom, ...options }: EvaluateDataSetOptions,
): Promise<Evaluation> {
  checkHeadModel(head, options);
  const { features, failed } = await extractDataSet(items, head.task, { ...options, extraction: head.features.extraction });
  const { signal } = options;
  const sums = await evaluateTask(head, set, items, (path) => features.get(path), { openGraph, objectsFrom, signal });
  return { task: head.task, classes: head.classes, sums, failed };
}

/** Returns all figures of an evaluation. @throws S2Error "metric" when it has no images. */
export function evaluationFigures({ task, classes, sums }: Evaluation): EvaluationFigures {
  const { confusion } = sums;
  const count = classes.length;
  const total = confusion && sumImages(confusion);
  const rows = total && Array.from({ length: count }, (_, row) => Array.from(total.subarray(row * count, (row + 1) * count)));
  return {
    task,
    images: Object.values(sums)[0].images.length,
    figures: measuredFigures(task, sums),
    classes: classFigures(task, sums, classes).map(({ score, ...figure }) => ({ ...figure, ...interval(score) })),
    ...(rows && { confusion: rows, confusionNormalized: normalizeRows(rows) }),
  };
}

/**
 * Compares two evaluations on the images that both have: `a` reduced to these images, and its figures minus those of `b`.
 * @throws S2Error "head" for other tasks or classes; "image-broken" when there is no such image.
 */
export function compareEvaluations(a: Evaluation, b: Evaluation): { a: Evaluation; differences: readonly MeasuredFigure[] } {
  checkSameTask(a, b);
  const [ours, theirs] = commonImages([a.sums, b.sums]);
  if (Object.values(ours)[0].images.length === 0)
    throw new S2Error("image-broken", "No image has features of both heads, so they cannot be compared. See why each failed.");
  return { a: { ...a, sums: ours }, differences: figureDifferences(a.task, ours, theirs) };
}

/** @throws S2Error "head" when two heads are of different tasks or classes. */
export function checkSameTask(
  a: Pick<Evaluation, "task" | "classes">,
  b: Pick<Evaluation, "task" | "classes">,
  name = "The second",
): void {
  if (a.task === b.task && String(a.classes) === String(b.classes)) return;
  const words = ({ task, classes }: typeof a) => `${task} (${classes.join(", ") || "meters"})`;
  throw new S2Error(
    "head",
    `${name} is a head for ${words(b)}, and the first for ${words(a)}; compare heads of one task and the same classes.`,
  );
}

/** Reduces the sums of several evaluations to the images that all of them have. */
export function commonImages(evaluations: readonly TaskSums[]): TaskSums[] {
  const imagesOf = (sums: TaskSums) => Object.values(sums)[0].images;
  const counts = new Map<string, number>();
  for (const sums of evaluations) for (const image of imagesOf(sums)) counts.set(image, (counts.get(image) ?? 0) + 1);
  const isCommon = (image: string) => counts.get(image) === evaluations.length;
  return evaluations.map((all) =>
    Object.fromEntries(Object.entries(all).map(([name, sums]) => [name, keepImages([sums], isCommon)])),
  );
}
