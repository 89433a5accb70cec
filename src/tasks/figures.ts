/** The figures of a task by their field's names, each one that can be resampled and compared. */

import type { Kind } from "../datasets/index.ts";
import {
  AREAS,
  aAcc,
  CALIBRATION_CELLS,
  classAccuracies,
  classIoUs,
  depthMetrics,
  ece,
  mAcc,
  mean,
  meanAveragePrecision,
  mIoU,
  photoMean,
  pooled,
  recallOf,
  type Score,
  type Tally,
} from "../metrics/index.ts";
import type { Tallies } from "./evaluate.ts";

/** A figure of a head over photos: `interval(score)`, `compare(a.score, b.score)`. */
export interface TaskFigure {
  readonly name: string;
  readonly score: Score;
  readonly better: "higher" | "lower";
  /** Shares are from 0 to 1, to be printed as percentages. */
  readonly unit: "share" | "metres" | "number";
}

/** All figures of the tallies of a task, the one that decides first. Those that no photo has a value for are left out. */
export function taskFigures(kind: Kind, tallies: Tallies): TaskFigure[] {
  return FIGURES[kind](tallies).filter(({ score }) => score.photos.length > 0 && !Number.isNaN(score.measure()));
}

/** A figure for each class: accuracy (recall) of classes, IoU of masks, average precision of presence. NaN where a class is not there. */
export function classFigures(kind: Kind, tallies: Tallies, classes: number): Score[] {
  const ids = Array.from({ length: classes }, (_, id) => id);
  if (kind === "depth") return [];
  if (kind === "boxes") return ids.map((id) => precisionOf(tallies.presence, [id]));
  const each = kind === "classes" ? classAccuracies : classIoUs;
  return ids.map((id) => pooled(tallies.confusion, (sums) => each(sums)[id]));
}

const share = (name: string, score: Score): TaskFigure => ({ name, score, better: "higher", unit: "share" });
const error = (name: string, score: Score, unit: TaskFigure["unit"] = "number"): TaskFigure => ({
  name,
  score,
  better: "lower",
  unit,
});

const FIGURES: Record<Kind, (tallies: Tallies) => TaskFigure[]> = {
  classes: ({ confusion, top5, brier, calibration }) => [
    share("top-1", pooled(confusion, aAcc)),
    ...(confusion.cells > 5 ** 2 ? [share("top-5", pooled(top5, mean))] : []),
    share("mean per class", pooled(confusion, mAcc)),
    ...(brier && calibration?.cells === CALIBRATION_CELLS
      ? [error("Brier", pooled(brier, mean)), error("ECE", pooled(calibration, ece))]
      : []),
  ],
  masks: ({ confusion }) => [
    share("mIoU", pooled(confusion, mIoU)),
    share("mAcc", pooled(confusion, mAcc)),
    share("aAcc", pooled(confusion, aAcc)),
  ],
  depth: ({ depth, objects }) => [...depthFigures(depth, ""), ...depthFigures(objects, " of objects")],
  boxes: ({ presence, counts, found }) => [
    share("presence mAP", precisionOf(presence)),
    error("count MAE", pooled(counts, mean)),
    ...(["all", ...AREAS] as const).map((area) => share(`recall ${area}`, pooled(found, recallOf(area)))),
  ],
};

/** Means over photos, as depth is reported. */
function depthFigures(tally: Tally, of: string): TaskFigure[] {
  const figure = (name: string, metric: keyof typeof depthMetrics) =>
    [`${name}${of}`, photoMean(tally, depthMetrics[metric])] as const;
  return [
    error(...figure("AbsRel", "absRel")),
    error(...figure("RMSE", "rmse"), "metres"),
    ...([1, 2, 3] as const).map((power) => share(...figure(`delta${power}`, `delta${power}`))),
    error(...figure("log10", "log10")),
    error(...figure("SILog", "silog")),
  ];
}

/** Rows are probabilities of all classes, then 0 or 1. */
function precisionOf({ cells, photos, starts, columns, values }: Tally, ids?: readonly number[]): Score {
  const all = cells / 2;
  const wanted = ids ?? Array.from({ length: all }, (_, id) => id);
  const scores = new Float64Array(photos.length * wanted.length);
  const truth = new Float64Array(photos.length * wanted.length);
  const row = new Float64Array(cells);
  for (let photo = 0; photo < photos.length; photo++) {
    row.fill(0);
    for (let at = starts[photo]; at < starts[photo + 1]; at++) row[columns[at]] = values[at];
    for (const [i, id] of wanted.entries()) {
      scores[photo * wanted.length + i] = row[id];
      truth[photo * wanted.length + i] = row[all + id];
    }
  }
  return meanAveragePrecision([...photos], scores, truth);
}
