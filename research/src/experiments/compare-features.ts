/** Comparison of feature sets on the two tasks of most experiments: clothing (top-1) and camvid (mIoU). */
import { type ExperimentContext, finest, native } from "../context.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  firstScales,
  type ImageFeatures,
  intervalOf,
  onModelGrid,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../evaluate.ts";

import type { GroupPlot, Outcome } from "../result.ts";

export type FeatureSets = readonly (readonly [name: string, features: ImageFeatures])[];

/** Indices of two feature sets to compare in a sentence. */
export type Pairs = readonly (readonly [a: number, b: number])[];

const TASKS = {
  clothing: { taskName: "classification", head: "logistic", figures: ["top-1", "mean per class"] },
  camvid: { taskName: "segmentation", head: "ridge", figures: ["mIoU", "mAcc", "aAcc"] },
} as const;

const splits = "The data set's splits are used, the regularization is chosen on val, features are standardized per channel.";
const squashed = "Images are squashed into the model's square.";

/** Descriptions of the tasks for the pages. */
export const methods = {
  clothing: `clothing: top-1 by logistic regression on [CLS], the mean over the tiles of a scale. ${splits} ${squashed}`,
  camvid:
    "camvid: mIoU by ridge regression of tokens on the model's grid to the fractions of classes in their pixels, enlarged bilinearly to the image. " +
    `${splits} ${squashed}`,
} as const;

/** Returns 1x+2x+3x on the model's grid, from extractions that experiments share. */
export async function threeScales(task: TaskData, context: ExperimentContext): Promise<ImageFeatures> {
  if (task.set.task === "classification") return firstScales(await extractFeatures(task, context, native(1, 2, 3, 4)), 3);
  return onModelGrid(await extractFeatures(task, context, finest(1, 2, 3)), 3);
}

/** Evaluates feature sets on each task; the tables compare the others with the first. */
export async function compareFeatures(
  context: ExperimentContext,
  featureSetsOf: (task: TaskData, context: ExperimentContext) => Promise<FeatureSets>,
  {
    pairs,
    plot,
    sets = ["clothing", "camvid"],
  }: {
    readonly pairs: Pairs;
    readonly plot: Pick<GroupPlot, "name" | "title" | "kind" | "x"> & { readonly groups?: readonly string[] };
    readonly sets?: readonly (keyof typeof TASKS)[];
  },
): Promise<Pick<Outcome, "tables" | "plots" | "findings">> {
  const results: { set: string; figures: readonly string[]; systems: Evaluation[] }[] = [];
  for (const set of sets) {
    const { taskName, head, figures } = TASKS[set];
    const task: TaskData = await openTaskSet(context, set, { task: taskName });
    const systems: Evaluation[] = [];
    for (const [name, features] of await featureSetsOf(task, context))
      systems.push(await evaluate(task, context, name, features, { head }));
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
