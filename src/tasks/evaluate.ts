/** `evaluateTask`: a head compared with the truth, image by image, as sums that figures, intervals and paired comparisons follow from. */
import { argmax } from "../core/index.ts";
import type {
  ClassificationItem,
  CountingItem,
  DepthItem,
  ItemOf,
  LabeledBox,
  SegmentationItem,
  Task,
} from "../datasets/index.ts";
import type { ImageTokens } from "../features/index.ts";
import type { DepthMap, ObjectPrediction } from "../heads/index.ts";
import {
  AREA_CELLS,
  addImage,
  brier,
  CALIBRATION_CELLS,
  calibrationSums,
  countConfusion,
  countErrors,
  countRecalled,
  DEPTH_CELLS,
  depthSums,
  type ImageSums,
  isInTop,
  newSums,
} from "../metrics/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import type { TaskHead, TaskSet } from "./fit.ts";
import { openPredictor, type Prediction } from "./predict.ts";
import type { FeaturesOf } from "./task-images.ts";

/** Sums by name, such as "confusion" or "top5", all over the same images; `taskFigures` computes figures from them. */
export type TaskSums = Readonly<Record<string, ImageSums>>;

/** Options of evaluating a head. */
export interface EvaluateOptions {
  /** Runs the head's graph: `openGraph` of "s2-vision/node" or "s2-vision/web". */
  readonly openGraph: OpenGraph;
  /** Depth: the lowest id that is an object, where lower ones are a table or a floor; default 1. */
  readonly objectsFrom?: number;
  /** Stops between two images. */
  readonly signal?: AbortSignal;
}

/** The sums of one image by name. */
type RowSums = Readonly<Record<string, ArrayLike<number>>>;

/**
 * Predicts each item that has features and adds up how well the prediction matches the truth.
 * @throws S2Error "rows" for features of another model or other scales; "metric" when the classes do not match.
 */
export async function evaluateTask<K extends Task>(
  head: TaskHead,
  set: TaskSet<K>,
  items: readonly ItemOf[K][],
  features: FeaturesOf,
  { openGraph, objectsFrom = 1, signal }: EvaluateOptions,
): Promise<TaskSums> {
  const all = newTaskSums(head, set.classes.length);
  const opened = await openPredictor(head, openGraph);
  try {
    for (const item of items) {
      signal?.throwIfAborted();
      const tokens = await features(item.path);
      if (!tokens) continue;
      const row = await sumsOf(await opened.predict(tokens), item, tokens, head, { ignore: set.ignore, objectsFrom });
      for (const [name, sums] of Object.entries(all)) addImage(sums, item.path, row[name] ?? new Float64Array(sums.cells));
    }
  } finally {
    await opened.close();
  }
  return all;
}

function newTaskSums({ task, gives }: TaskHead & { readonly gives?: unknown }, classes: number): TaskSums {
  const cells: Record<Task, Record<string, number>> = {
    classification: {
      ...{ confusion: classes ** 2, top5: 2 },
      ...(gives !== "scores" && { brier: 2, calibration: CALIBRATION_CELLS }),
    },
    segmentation: { confusion: classes ** 2 },
    depth: { depth: DEPTH_CELLS, objects: DEPTH_CELLS },
    counting: { presence: 2 * classes, counts: 2, found: AREA_CELLS },
  };
  return Object.fromEntries(Object.entries(cells[task]).map(([name, count]) => [name, newSums(count)]));
}

async function sumsOf(
  prediction: Prediction,
  item: object,
  tokens: ImageTokens,
  head: TaskHead,
  { ignore, objectsFrom }: { ignore?: number; objectsFrom: number },
): Promise<RowSums> {
  const classes = head.classes.length;
  switch (prediction.task) {
    case "classification":
      return classSums(prediction.scores, (item as ClassificationItem).label, prediction.probable);
    case "segmentation":
      return { confusion: confusionOf(prediction.mask.data, (await (item as SegmentationItem).mask()).data, classes, ignore) };
    case "depth":
      return depthSumsOf(prediction.depth, item as DepthItem, (head as TaskHead & { far: number }).far, objectsFrom);
    case "counting":
      return objectSums(prediction.objects, (item as CountingItem).boxes, tokens, classes);
  }
}

function classSums(scores: Float32Array, label: number, probable: boolean): RowSums {
  const confusion = confusionOf([argmax(scores)], [label], scores.length);
  const top5 = [isInTop(5, scores, label), 1];
  return { confusion, top5, ...(probable && { brier: [brier(scores, label), 1], calibration: calibrationSums(scores, label) }) };
}

function confusionOf(predicted: ArrayLike<number>, truth: ArrayLike<number>, classes: number, ignore?: number): Float64Array {
  const confusion = new Float64Array(classes ** 2);
  countConfusion(confusion, predicted, truth, ignore);
  return confusion;
}

/** Takes every `step`th pixel of the prediction, as the truth has them. */
async function depthSumsOf(depth: DepthMap, item: DepthItem, far: number, objectsFrom: number): Promise<RowSums> {
  const truth = await item.depth();
  const { width, height, step } = truth;
  const meters = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++) meters[to++] = depth.data[y * step * depth.width + x * step];
  const where = (await item.objects?.())?.data.map((id) => (id >= objectsFrom ? 1 : 0));
  const range = { max: far };
  return {
    depth: depthSums(meters, truth.data, range),
    ...(where && { objects: depthSums(meters, truth.data, { ...range, where }) }),
  };
}

/** A box is found when the tokens that it touches expect an object of its class with a probability of at least a half. */
function objectSums(
  { counts, presence, locations }: ObjectPrediction,
  boxes: readonly LabeledBox[],
  tokens: ImageTokens,
  classes: number,
): RowSums {
  const truth = new Float64Array(classes);
  for (const { label } of boxes) truth[label]++;
  const present = Array.from(truth, (count) => Math.min(1, count));
  const found = boxes.map((box) => -Math.expm1(-expectedIn(box, locations, tokens, classes)) >= 0.5);
  return { presence: [...presence, ...present], counts: countErrors(counts, truth), found: countRecalled(boxes, found) };
}

/** Returns the number of objects of the box's class that the tokens which it touches expect. */
function expectedIn(
  { left, top, width, height, label }: LabeledBox,
  locations: Float32Array,
  { grid: { rows, cols }, size: [high, wide] }: ImageTokens,
  classes: number,
): number {
  const last = (end: number, count: number, side: number) => Math.min(count, Math.ceil((end * count) / side));
  let sum = 0;
  for (let row = Math.floor((top * rows) / high); row < last(top + height, rows, high); row++)
    for (let col = Math.floor((left * cols) / wide); col < last(left + width, cols, wide); col++)
      sum += locations[(row * cols + col) * classes + label];
  return sum;
}
