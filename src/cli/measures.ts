/** Figures with their 95 % intervals, as JSON has them and as people read them. */

import type { Task } from "../datasets/index.ts";
import { interval } from "../metrics/index.ts";
import { classFigures, type TaskFigure, type TaskHead, type TaskSums, taskFigures } from "../tasks/index.ts";

export interface Measure extends Pick<TaskFigure, "name" | "unit" | "better"> {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function measuresOf(kind: Task, tallies: TaskSums): Measure[] {
  return taskFigures(kind, tallies).map(({ score, ...figure }) => ({ ...figure, ...interval(score) }));
}

/** A figure of each class that is there. */
export function classMeasures({ task, classes }: TaskHead, tallies: TaskSums): Measure[] {
  const name = { classification: "accuracy", segmentation: "IoU", counting: "average precision", depth: "" }[task];
  return classFigures(task, tallies, classes.length).flatMap((score, id) =>
    Number.isNaN(score.measure())
      ? []
      : [{ name: `${name} ${classes[id]}`, unit: "share" as const, better: "higher" as const, ...interval(score) }],
  );
}

/** "76.8 % (71.0 to 82.6)", "0.412 m (0.380 to 0.447)". */
export function inWords({ unit, value, low, high }: Pick<Measure, "unit" | "value" | "low" | "high">): string {
  const [factor, digits, sign] = { share: [100, 1, " %"], meters: [1, 3, " m"], number: [1, 4, ""] }[unit] as [
    number,
    number,
    string,
  ];
  const text = (number: number) => (number * factor).toFixed(digits);
  return `${text(value)}${sign} (${text(low)} to ${text(high)})`;
}

/** A difference, with its sign: "+3.4 points (+1.0 to +5.8)". */
export function differenceInWords({ unit, value, low, high }: Pick<Measure, "unit" | "value" | "low" | "high">): string {
  const [factor, digits, sign] = { share: [100, 1, " points"], meters: [1, 3, " m"], number: [1, 4, ""] }[unit] as [
    number,
    number,
    string,
  ];
  const text = (number: number) => `${number >= 0 ? "+" : "-"}${Math.abs(number * factor).toFixed(digits)}`;
  return `${text(value)}${sign} (${text(low)} to ${text(high)})`;
}
