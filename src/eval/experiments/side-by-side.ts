/** Ways of making features side by side on the two tasks that most experiments are asked on: clothing (top-1) and camvid (mIoU). */

import { firstScales } from "../../features/index.ts";
import type { Found } from "../experiment.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  type ImageFeatures,
  intervalOf,
  onModelGrid,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../judge.ts";
import { type ExperimentContext, finest, native } from "../lab.ts";
import type { Plot } from "../result.ts";

export type Ways = readonly (readonly [name: string, features: ImageFeatures])[];

/** Two of the ways to make a sentence of, by their places in the list. */
export type Pairs = readonly (readonly [a: number, b: number])[];

const TASKS = {
  clothing: { kind: "classification", head: "logistic", figures: ["top-1", "mean per class"] },
  camvid: { kind: "segmentation", head: "ridge", figures: ["mIoU", "mAcc", "aAcc"] },
} as const;

const splits = "Splits are the data set's own, the regularization is chosen on val, features are standardized per channel.";
const squashed = "Images are squashed into the model's square.";

/** What methods say of a task. */
export const asked = {
  clothing: `clothing: top-1 by logistic regression on [CLS], the mean over the tiles of a scale. ${splits} ${squashed}`,
  camvid:
    "camvid: mIoU by ridge regression of tokens on the model's grid to the fractions of classes in their pixels, enlarged bilinearly to the image. " +
    `${splits} ${squashed}`,
} as const;

/** 1x+2x+3x on the model's grid, from looks that other experiments have had. */
export async function threeScales(task: TaskData, lab: ExperimentContext): Promise<ImageFeatures> {
  if (task.set.task === "classification") return firstScales(await extractFeatures(task, lab, native(1, 2, 3, 4)), 3);
  return onModelGrid(await extractFeatures(task, lab, finest(1, 2, 3)), 3);
}

/** Judges the ways on each task; the first of them is the one that the others are compared with in the tables. */
export async function sideBySide(
  lab: ExperimentContext,
  waysOf: (task: TaskData, lab: ExperimentContext) => Promise<Ways>,
  {
    pairs,
    plot,
    sets = ["clothing", "camvid"],
  }: {
    readonly pairs: Pairs;
    readonly plot: Pick<Plot, "name" | "title" | "kind" | "x"> & { readonly groups?: readonly string[] };
    readonly sets?: readonly (keyof typeof TASKS)[];
  },
): Promise<Pick<Found, "tables" | "plots" | "findings">> {
  const results: { set: string; figures: readonly string[]; systems: Evaluation[] }[] = [];
  for (const set of sets) {
    const { kind, head, figures } = TASKS[set];
    const task: TaskData = await openTaskSet(lab, set, { task: kind });
    const systems: Evaluation[] = [];
    for (const [name, features] of await waysOf(task, lab)) systems.push(await evaluate(task, lab, name, features, { head }));
    results.push({ set, figures, systems });
  }
  return {
    tables: results.map(({ set, figures, systems }) => comparison(set, systems, figures)),
    plots: [
      {
        ...{ ...plot, y: "%" },
        groups: plot.groups ?? results[0].systems.map(({ name }) => name),
        series: results.map(({ set, figures: [main], systems }) => ({
          name: `${set}, ${main}`,
          values: systems.map((system) => intervalOf(system, main)),
        })),
      },
    ],
    findings: pairs.flatMap(([a, b]) =>
      results.map(({ set, figures: [main], systems }) => `${set}: ${verdictOf(systems[a], systems[b], main)}`),
    ),
  };
}
