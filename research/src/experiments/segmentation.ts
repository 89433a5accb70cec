/** Segmentation (paper, Table 6): a linear head on one scale, two and three, on the model's grid and on the finest. */

import { groupClasses } from "s2-vision/datasets";
import { takeScales } from "s2-vision/tasks";
import { type ExperimentContext, finest, native, scaleName } from "../context.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  firstScales,
  type ImageFeatures,
  intervalOf,
  mapAll,
  onModelGrid,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { fitProjection, projectFeatures } from "../project.ts";

const SEED = 1;
const HEAD = { head: "ridge" } as const;
const FIGURES = ["mIoU", "mAcc", "aAcc"];

export const segmentation: Experiment = {
  name: "segmentation",
  title: "Segmentation: camvid and coco128",
  question: "Does a linear head on S² features predict better masks, and is it due to the scales or to the finer grid?",
  async run(context) {
    const streets = await openTaskSet(context, "camvid", { task: "segmentation" });
    const groups = await supercategories(context);
    const objects = await openTaskSet(context, "coco128", {
      task: "segmentation",
      change: (set) => groupClasses(set, (_, id) => groups.get(id)),
    });
    const results = [await systemsOf(streets, context), await systemsOf(objects, context)];
    return {
      method: [
        ...[streets, objects].map(({ set, splits }) =>
          `${set.name}: ${splits.train.length} training, ${splits.validation.length} validation and ${splits.test.length} test images, ${set.classes.length - (set.classes[set.ignore!] ? 1 : 0)} classes. ${splits.notes.join(" ")}`.trim(),
        ),
        "Images are squashed into the model's square. The head is a linear map of each token, fitted to the fractions of classes in the token's pixels (ridge regression in closed form, alpha chosen); its scores are enlarged bilinearly to the image. The classes of coco128 are COCO's supercategories, since it has too few images for 133 classes.",
        `On the model's grid, finer scales are pooled to its tokens, as the reference does by default; on the finest grid (resizeOutputToIdx -1) 1x is repeated. "3x alone" is the last scale without the others. Principal components (seed ${SEED}) have the channels of 1x.`,
      ],
      tables: results.map(({ task, systems }) => comparison(task.set.name, systems, FIGURES)),
      plots: [
        {
          ...{ name: "miou", title: "mIoU of a linear head on tokens", kind: "bar", x: "features", y: "mIoU, %" },
          groups: results[0].systems.map(({ name }) => name),
          series: results.map(({ task, systems }) => ({
            name: task.set.name,
            values: systems.map((system) => intervalOf(system, "mIoU")),
          })),
        },
      ],
      findings: findings(results),
      seeds: [SEED],
    };
  },
};

async function systemsOf(
  task: TaskData<"segmentation">,
  context: ExperimentContext,
): Promise<{ task: TaskData<"segmentation">; systems: Evaluation[] }> {
  const systems: Evaluation[] = [];
  for (const [name, features] of await featureSetsOf(task, context))
    systems.push(await evaluate(task, context, name, features, HEAD));
  return { task, systems };
}

async function featureSetsOf(task: TaskData<"segmentation">, context: ExperimentContext): Promise<[string, ImageFeatures][]> {
  const fine = await extractFeatures(task, context, finest(1, 2, 3));
  const coarse = onModelGrid(fine, 3);
  const [{ channels, channelsPerScale, prefix }] = coarse.values();
  const rows = task.splits.train.flatMap(({ path }) => coarse.get(path)?.data.subarray(prefix * channels) ?? []);
  const map = await fitProjection("principal", rows, {
    channels,
    width: channelsPerScale[0],
    openGraph: context.openGraph,
    seed: SEED,
  });
  return [
    ...[1, 2, 3].map((count): [string, ImageFeatures] => [scaleName(count), firstScales(coarse, count)]),
    ["1x+2x+3x, principal", await projectFeatures(coarse, map, context.openGraph)],
    ["1x, fine grid", firstScales(fine, 1)],
    ["3x alone, fine grid", mapAll(fine, (tokens) => takeScales(tokens, [2]))],
    ["1x+2x+3x, fine grid", fine],
    ...(context.larger
      ? [[context.larger.name, await extractFeatures(task, context, native(1), "larger")] satisfies [string, ImageFeatures]]
      : []),
  ];
}

/** Compares the feature sets on both data sets, the main comparison first. */
function findings(
  results: readonly { readonly task: TaskData<"segmentation">; readonly systems: readonly Evaluation[] }[],
): string[] {
  const [one, three, principal, oneFine, lastFine, threeFine] = [0, 2, 3, 4, 5, 6];
  const pairs = [
    ...[
      [three, one],
      [threeFine, oneFine],
      [threeFine, three],
    ],
    ...[
      [oneFine, one],
      [threeFine, lastFine],
      [principal, one],
    ],
  ];
  return pairs.flatMap(([a, b]) =>
    results.map(({ task, systems }) => `${task.set.name}: ${verdictOf(systems[a], systems[b], "mIoU")}`),
  );
}

/** Maps the ids of COCO's masks to supercategories, by the list beside them. */
async function supercategories(context: ExperimentContext): Promise<ReadonlyMap<number, string>> {
  const text = new TextDecoder().decode(await context.data("coco128").read("panoptic_categories.json"));
  const categories = JSON.parse(text) as { id: number; supercategory: string }[];
  return new Map(categories.map(({ id, supercategory }) => [id, supercategory]));
}
