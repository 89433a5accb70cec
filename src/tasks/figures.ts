/** Figures of a task under their field's names, each with what it takes to resample and compare it. */
import type { Task } from "../datasets/index.ts";
import {
  AREAS,
  aAcc,
  areaRecall,
  CALIBRATION_CELLS,
  classAccuracies,
  classIoUs,
  compare,
  depthMetrics,
  ece,
  type ImageSums,
  type Interval,
  interval,
  mAcc,
  mean,
  meanAveragePrecision,
  mIoU,
  perImageMean,
  pooled,
  rowOf,
  type Score,
} from "../metrics/index.ts";
import type { TaskSums } from "./evaluate.ts";

/** A figure of a head over images, for `interval` and `compare` of "s2-vision/metrics". */
export interface TaskFigure {
  /** The metric: "top-1", "mIoU", "AbsRel" ... */
  readonly name: string;
  /** The figure's value over all images or over a resample of them. */
  readonly score: Score;
  readonly better: "higher" | "lower";
  /** Unit of the value; fractions lie between 0 and 1 and are printed as percentages. */
  readonly unit: "fraction" | "meters" | "number";
}

/** A figure, or a difference of two, with its 95 % interval. */
export interface MeasuredFigure extends Omit<TaskFigure, "score">, Interval {}

/** Returns all figures of a task, the deciding one first, without those that no image has a value for. */
export function taskFigures(task: Task, sums: TaskSums): TaskFigure[] {
  return FIGURES[task](sums).filter(({ score }) => score.images.length > 0 && !Number.isNaN(score.measure()));
}

/** Returns the figures of a task with their 95 % intervals. */
export const measuredFigures = (task: Task, sums: TaskSums): MeasuredFigure[] =>
  taskFigures(task, sums).map(({ score, ...figure }) => ({ ...figure, ...interval(score) }));

/** Returns the figures of `a` minus those of `b`, paired by image. @throws S2Error "metric" when the images differ. */
export function figureDifferences(task: Task, a: TaskSums, b: TaskSums): MeasuredFigure[] {
  const others = new Map(taskFigures(task, b).map(({ name, score }) => [name, score]));
  return taskFigures(task, a).flatMap(({ score, ...figure }) => {
    const other = others.get(figure.name);
    return other ? [{ ...figure, ...compare(score, other) }] : [];
  });
}

const CLASS_METRICS: Record<Task, string> = {
  classification: "accuracy",
  segmentation: "IoU",
  counting: "average precision",
  depth: "",
};

/** Returns a figure for each class that some image has: accuracy (recall), IoU, or average precision of presence; none for depth. */
export function classFigures(task: Task, sums: TaskSums, classes: readonly string[]): TaskFigure[] {
  const scoreOf = (id: number): Score => {
    if (task === "counting") return precisionOf(sums.presence, [id]);
    const metric = task === "classification" ? classAccuracies : classIoUs;
    return pooled(sums.confusion, (confusion) => metric(confusion)[id]);
  };
  const named = task === "depth" ? [] : classes;
  return named
    .map((name, id) => fraction(`${CLASS_METRICS[task]} ${name}`, scoreOf(id)))
    .filter(({ score }) => !Number.isNaN(score.measure()));
}

const fraction = (name: string, score: Score): TaskFigure => ({ name, score, better: "higher", unit: "fraction" });
const error = (name: string, score: Score, unit: TaskFigure["unit"] = "number"): TaskFigure => ({
  name,
  score,
  better: "lower",
  unit,
});

const FIGURES: Record<Task, (sums: TaskSums) => TaskFigure[]> = {
  classification: ({ confusion, top5, brier, calibration }) => [
    fraction("top-1", pooled(confusion, aAcc)),
    ...(confusion.cells > 5 ** 2 ? [fraction("top-5", pooled(top5, mean))] : []),
    fraction("mean per class", pooled(confusion, mAcc)),
    ...(brier && calibration?.cells === CALIBRATION_CELLS
      ? [error("Brier", pooled(brier, mean)), error("ECE", pooled(calibration, ece))]
      : []),
  ],
  segmentation: ({ confusion }) => [
    fraction("mIoU", pooled(confusion, mIoU)),
    fraction("mAcc", pooled(confusion, mAcc)),
    fraction("aAcc", pooled(confusion, aAcc)),
  ],
  depth: ({ depth, objects }) => [...depthFigures(depth, ""), ...depthFigures(objects, " of objects")],
  counting: ({ presence, counts, found }) => [
    fraction("presence mAP", precisionOf(presence)),
    error("count MAE", pooled(counts, mean)),
    ...(["all", ...AREAS] as const).map((area) => fraction(`recall ${area}`, pooled(found, areaRecall(area)))),
  ],
};

/** Per-image means, as depth is reported. */
function depthFigures(sums: ImageSums, suffix: string): TaskFigure[] {
  const figure = (name: string, metric: keyof typeof depthMetrics) =>
    [`${name}${suffix}`, perImageMean(sums, depthMetrics[metric])] as const;
  return [
    error(...figure("AbsRel", "absRel")),
    error(...figure("RMSE", "rmse"), "meters"),
    ...([1, 2, 3] as const).map((power) => fraction(...figure(`delta${power}`, `delta${power}`))),
    error(...figure("log10", "log10")),
    error(...figure("SILog", "silog")),
  ];
}

/** Mean average precision of `ids` (default: all classes). An image's row holds the probabilities of all classes, then 0 or 1 for each. */
function precisionOf(sums: ImageSums, ids?: readonly number[]): Score {
  const { images } = sums;
  const all = sums.cells / 2;
  const wanted = ids ?? Array.from({ length: all }, (_, id) => id);
  const scores = new Float64Array(images.length * wanted.length);
  const truth = new Float64Array(images.length * wanted.length);
  for (const image of images.keys()) {
    const row = rowOf(sums, image);
    for (const [i, id] of wanted.entries()) {
      scores[image * wanted.length + i] = row[id];
      truth[image * wanted.length + i] = row[all + id];
    }
  }
  return meanAveragePrecision([...images], scores, truth);
}
