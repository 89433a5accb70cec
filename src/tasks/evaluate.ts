/** A head against the truth, image by image: tallies of sums, from which figures, intervals and paired comparisons follow. */

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
import type { DepthMap, Mask, ObjectPrediction } from "../heads/index.ts";
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

/** By name: what `taskFigures` makes figures of. All have the same images. */
export type TaskSums = Readonly<Record<string, ImageSums>>;

export interface EvaluateOptions {
  readonly openGraph: OpenGraph;
  /** Of depth: the least id that is an object, where lower ones are a table or a floor; default 1. */
  readonly objectsFrom?: number;
  readonly signal?: AbortSignal;
  /** Called after each item. */
  readonly onImage?: (done: number) => void;
}

/** An image's sums by tally. */
type Sums = Readonly<Record<string, ArrayLike<number>>>;

/**
 * Says of each item that has features what the head says, and counts it against the truth.
 * @throws S2Error "rows" for features of another model or other scales; "metric" where classes do not fit.
 */
export async function evaluateTask<K extends Task>(
  head: TaskHead,
  set: TaskSet<K>,
  items: readonly ItemOf[K][],
  features: FeaturesOf,
  { openGraph, objectsFrom = 1, signal, onImage }: EvaluateOptions,
): Promise<TaskSums> {
  const tallies = openTallies(head, set.classes.length);
  const opened = await openPredictor(head, openGraph);
  try {
    for (const [i, item] of items.entries()) {
      signal?.throwIfAborted();
      const tokens = await features(item.path);
      if (tokens) {
        const sums = await sumsOf(await opened.predict(tokens), item, tokens, head, { ignore: set.ignore, objectsFrom });
        for (const [name, tally] of Object.entries(tallies))
          addImage(tally, item.path, sums[name] ?? new Float64Array(tally.cells));
      }
      onImage?.(i + 1);
    }
  } finally {
    await opened.close();
  }
  return tallies;
}

function openTallies({ task, gives }: TaskHead & { readonly gives?: unknown }, classes: number): TaskSums {
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
  told: Prediction,
  item: object,
  tokens: ImageTokens,
  head: TaskHead,
  { ignore, objectsFrom }: { ignore?: number; objectsFrom: number },
): Promise<Sums> {
  if (told.task === "classification") return classSums(told.scores, (item as ClassificationItem).label, told.probable);
  if (told.task === "segmentation")
    return maskSums(told.mask, await (item as SegmentationItem).mask(), head.classes.length, ignore);
  if (told.task === "depth")
    return depthSumsOf(told.depth, item as DepthItem, (head as TaskHead & { far: number }).far, objectsFrom);
  return objectSums(told.objects, (item as CountingItem).boxes, tokens, head.classes.length);
}

function classSums(scores: Float32Array, label: number, probable: boolean): Sums {
  const confusion = new Float64Array(scores.length ** 2);
  countConfusion(confusion, [argmax(scores)], [label]);
  const top5 = [isInTop(5, scores, label), 1];
  return { confusion, top5, ...(probable && { brier: [brier(scores, label), 1], calibration: calibrationSums(scores, label) }) };
}

function maskSums(told: Mask, truth: { readonly data: ArrayLike<number> }, classes: number, ignore?: number): Sums {
  const confusion = new Float64Array(classes ** 2);
  countConfusion(confusion, told.data, truth.data, ignore);
  return { confusion };
}

/** Where the truth has every `step`th pixel, so has what is told. */
async function depthSumsOf(told: DepthMap, item: DepthItem, far: number, objectsFrom: number): Promise<Sums> {
  const truth = await item.depth();
  const { width, height, step } = truth;
  const meters = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++) meters[to++] = told.data[y * step * told.width + x * step];
  const where = (await item.objects?.())?.data.map((id) => (id >= objectsFrom ? 1 : 0));
  const range = { max: far };
  return {
    depth: depthSums(meters, truth.data, range),
    ...(where && { objects: depthSums(meters, truth.data, { ...range, where }) }),
  };
}

/** A box is found where the tokens that it touches expect an object of its class with a probability of at least a half. */
function objectSums(
  { counts, presence, locations }: ObjectPrediction,
  boxes: readonly LabeledBox[],
  tokens: ImageTokens,
  classes: number,
): Sums {
  const truth = new Float64Array(classes);
  for (const { label } of boxes) truth[label]++;
  const there = Array.from(truth, (count) => Math.min(1, count));
  const found = boxes.map((box) => -Math.expm1(-expectedIn(box, locations, tokens, classes)) >= 0.5);
  return { presence: [...presence, ...there], counts: countErrors(counts, truth), found: countRecalled(boxes, found) };
}

function expectedIn(
  { left, top, width, height, label }: LabeledBox,
  places: Float32Array,
  { grid: { rows, cols }, size: [high, wide] }: ImageTokens,
  classes: number,
): number {
  const last = (end: number, count: number, side: number) => Math.min(count, Math.ceil((end * count) / side));
  let sum = 0;
  for (let row = Math.floor((top * rows) / high); row < last(top + height, rows, high); row++)
    for (let col = Math.floor((left * cols) / wide); col < last(left + width, cols, wide); col++)
      sum += places[(row * cols + col) * classes + label];
  return sum;
}
