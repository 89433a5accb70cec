/** The figures of a task by their field's names, each one that can be resampled and compared. */

import type { Task } from "../datasets/index.ts";
import {
  AREAS,
  aAcc,
  areaRecall,
  CALIBRATION_CELLS,
  classAccuracies,
  classIoUs,
  depthMetrics,
  ece,
  type ImageSums,
  mAcc,
  mean,
  meanAveragePrecision,
  mIoU,
  perImageMean,
  pooled,
  type Score,
} from "../metrics/index.ts";
import type { TaskSums } from "./evaluate.ts";

/** A figure of a head over images: `interval(score)`, `compare(a.score, b.score)`. */
export interface TaskFigure {
  readonly name: string;
  readonly score: Score;
  readonly better: "higher" | "lower";
  /** Shares are from 0 to 1, to be printed as percentages. */
  readonly unit: "share" | "meters" | "number";
}

/** All figures of the tallies of a task, the one that decides first. Those that no image has a value for are left out. */
export function taskFigures(task: Task, tallies: TaskSums): TaskFigure[] {
  return FIGURES[task](tallies).filter(({ score }) => score.images.length > 0 && !Number.isNaN(score.measure()));
}

/** A figure for each class: accuracy (recall) of classes, IoU of masks, average precision of presence. NaN where a class is not there. */
export function classFigures(task: Task, tallies: TaskSums, classes: number): Score[] {
  const ids = Array.from({ length: classes }, (_, id) => id);
  if (task === "depth") return [];
  if (task === "counting") return ids.map((id) => precisionOf(tallies.presence, [id]));
  const each = task === "classification" ? classAccuracies : classIoUs;
  return ids.map((id) => pooled(tallies.confusion, (sums) => each(sums)[id]));
}

const share = (name: string, score: Score): TaskFigure => ({ name, score, better: "higher", unit: "share" });
const error = (name: string, score: Score, unit: TaskFigure["unit"] = "number"): TaskFigure => ({
  name,
  score,
  better: "lower",
  unit,
});

const FIGURES: Record<Task, (tallies: TaskSums) => TaskFigure[]> = {
  classification: ({ confusion, top5, brier, calibration }) => [
    share("top-1", pooled(confusion, aAcc)),
    ...(confusion.cells > 5 ** 2 ? [share("top-5", pooled(top5, mean))] : []),
    share("mean per class", pooled(confusion, mAcc)),
    ...(brier && calibration?.cells === CALIBRATION_CELLS
      ? [error("Brier", pooled(brier, mean)), error("ECE", pooled(calibration, ece))]
      : []),
  ],
  segmentation: ({ confusion }) => [
    share("mIoU", pooled(confusion, mIoU)),
    share("mAcc", pooled(confusion, mAcc)),
    share("aAcc", pooled(confusion, aAcc)),
  ],
  depth: ({ depth, objects }) => [...depthFigures(depth, ""), ...depthFigures(objects, " of objects")],
  counting: ({ presence, counts, found }) => [
    share("presence mAP", precisionOf(presence)),
    error("count MAE", pooled(counts, mean)),
    ...(["all", ...AREAS] as const).map((area) => share(`recall ${area}`, pooled(found, areaRecall(area)))),
  ],
};

/** Means over images, as depth is reported. */
function depthFigures(tally: ImageSums, of: string): TaskFigure[] {
  const figure = (name: string, metric: keyof typeof depthMetrics) =>
    [`${name}${of}`, perImageMean(tally, depthMetrics[metric])] as const;
  return [
    error(...figure("AbsRel", "absRel")),
    error(...figure("RMSE", "rmse"), "meters"),
    ...([1, 2, 3] as const).map((power) => share(...figure(`delta${power}`, `delta${power}`))),
    error(...figure("log10", "log10")),
    error(...figure("SILog", "silog")),
  ];
}

/** Rows are probabilities of all classes, then 0 or 1. */
function precisionOf({ cells, images, starts, columns, values }: ImageSums, ids?: readonly number[]): Score {
  const all = cells / 2;
  const wanted = ids ?? Array.from({ length: all }, (_, id) => id);
  const scores = new Float64Array(images.length * wanted.length);
  const truth = new Float64Array(images.length * wanted.length);
  const row = new Float64Array(cells);
  for (let image = 0; image < images.length; image++) {
    row.fill(0);
    for (let at = starts[image]; at < starts[image + 1]; at++) row[columns[at]] = values[at];
    for (const [i, id] of wanted.entries()) {
      scores[image * wanted.length + i] = row[id];
      truth[image * wanted.length + i] = row[all + id];
    }
  }
  return meanAveragePrecision([...images], scores, truth);
}
