/** Ways of making features side by side on the two tasks that most experiments are asked on: clothing (top-1) and camvid (mIoU). */

import { firstScales } from "../../features/index.ts";
import type { Found } from "../experiment.ts";
import {
  comparison,
  intervalOf,
  type Judged,
  judge,
  lookAt,
  onModelGrid,
  openTaskSet,
  type Task,
  type Tokens,
  verdictOf,
} from "../judge.ts";
import { finest, type Lab, native } from "../lab.ts";
import type { Plot } from "../result.ts";

export type Ways = readonly (readonly [name: string, features: Tokens])[];

/** Two of the ways to make a sentence of, by their places in the list. */
export type Pairs = readonly (readonly [a: number, b: number])[];

const TASKS = {
  clothing: { kind: "classes", head: "logistic", figures: ["top-1", "mean per class"] },
  camvid: { kind: "masks", head: "ridge", figures: ["mIoU", "mAcc", "aAcc"] },
} as const;

const splits = "Splits are the data set's own, the regularisation is chosen on val, features are standardised per channel.";
const squashed = "Photos are squashed into the model's square.";

/** What methods say of a task. */
export const asked = {
  clothing: `clothing: top-1 by logistic regression on [CLS], the mean over the tiles of a scale. ${splits} ${squashed}`,
  camvid:
    "camvid: mIoU by ridge regression of tokens on the model's grid to the shares of classes in their pixels, enlarged bilinearly to the photo. " +
    `${splits} ${squashed}`,
} as const;

/** 1x+2x+3x on the model's grid, from looks that other experiments have had. */
export async function threeScales(task: Task, lab: Lab): Promise<Tokens> {
  if (task.set.kind === "classes") return firstScales(await lookAt(task, lab, native(1, 2, 3, 4)), 3);
  return onModelGrid(await lookAt(task, lab, finest(1, 2, 3)), 3);
}

/** Judges the ways on each task; the first of them is the one that the others are compared with in the tables. */
export async function sideBySide(
  lab: Lab,
  waysOf: (task: Task, lab: Lab) => Promise<Ways>,
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
  const results: { set: string; figures: readonly string[]; systems: Judged[] }[] = [];
  for (const set of sets) {
    const { kind, head, figures } = TASKS[set];
    const task: Task = await openTaskSet(lab, set, { kind });
    const systems: Judged[] = [];
    for (const [name, features] of await waysOf(task, lab)) systems.push(await judge(task, lab, name, features, { head }));
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
