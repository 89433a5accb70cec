/** Segmentation (paper, Table 6): a linear head on one scale, two and three, on the model's grid and on the finest. */

import { groupClasses } from "../../datasets/index.ts";
import { firstScales, takeScales } from "../../features/index.ts";
import { fitProjection, projectFeatures } from "../../tasks/index.ts";
import type { Experiment } from "../experiment.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  type ImageFeatures,
  intervalOf,
  mapAll,
  onModelGrid,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../judge.ts";
import { type ExperimentContext, finest, native, scaleName } from "../lab.ts";

const SEED = 1;
const HEAD = { head: "ridge" } as const;
const FIGURES = ["mIoU", "mAcc", "aAcc"];

export const segmentation: Experiment = {
  name: "segmentation",
  title: "Segmentation: camvid and coco128",
  question: "Does a linear head on S² features draw better masks, and is it the scales or the finer grid?",
  async run(lab) {
    const streets = await openTaskSet(lab, "camvid", { task: "segmentation" });
    const groups = await supercategories(lab);
    const objects = await openTaskSet(lab, "coco128", {
      task: "segmentation",
      change: (set) => groupClasses(set, (_, id) => groups.get(id)),
    });
    const results = [await systemsOf(streets, lab), await systemsOf(objects, lab)];
    return {
      method: [
        ...[streets, objects].map(({ set, parts }) =>
          `${set.name}: ${parts.train.length} images to learn from, ${parts.validation.length} to choose by, ${parts.test.length} to test, ${set.classes.length - (set.classes[set.ignore!] ? 1 : 0)} classes. ${parts.notes.join(" ")}`.trim(),
        ),
        "Images are squashed into the model's square. The head is a linear map of each token, fitted to the fractions of classes in the token's pixels (ridge regression in closed form, alpha chosen); its scores are enlarged bilinearly to the image. coco128 has COCO's supercategories for classes, since its images are too few for 133.",
        `On the model's grid finer scales are pooled to its tokens, as the reference does by default; on the finest grid (resizeOutputToIdx -1) 1x is repeated. "3x alone" is the last scale without the others. Principal components (seed ${SEED}) have the channels of 1x.`,
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
  lab: ExperimentContext,
): Promise<{ task: TaskData<"segmentation">; systems: Evaluation[] }> {
  const systems: Evaluation[] = [];
  for (const [name, features] of await waysOf(task, lab)) systems.push(await evaluate(task, lab, name, features, HEAD));
  return { task, systems };
}

async function waysOf(task: TaskData<"segmentation">, lab: ExperimentContext): Promise<[string, ImageFeatures][]> {
  const fine = await extractFeatures(task, lab, finest(1, 2, 3));
  const coarse = onModelGrid(fine, 3);
  const [{ channels, channelsPerScale, prefix }] = coarse.values();
  const rows = task.parts.train.flatMap(({ path }) => coarse.get(path)?.data.subarray(prefix * channels) ?? []);
  const map = await fitProjection("principal", rows, {
    channels,
    width: channelsPerScale[0],
    openGraph: lab.openGraph,
    seed: SEED,
  });
  return [
    ...[1, 2, 3].map((count): [string, ImageFeatures] => [scaleName(count), firstScales(coarse, count)]),
    ["1x+2x+3x, principal", await projectFeatures(coarse, map, lab.openGraph)],
    ["1x, fine grid", firstScales(fine, 1)],
    ["3x alone, fine grid", mapAll(fine, (tokens) => takeScales(tokens, [2]))],
    ["1x+2x+3x, fine grid", fine],
    ...(lab.larger
      ? [[lab.larger.name, await extractFeatures(task, lab, native(1), "larger")] satisfies [string, ImageFeatures]]
      : []),
  ];
}

/** What is asked first comes first, of both sets. */
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

/** COCO's supercategories by the ids of its masks, from the list beside them. */
async function supercategories(lab: ExperimentContext): Promise<ReadonlyMap<number, string>> {
  const text = new TextDecoder().decode(await lab.data("coco128").read("panoptic_categories.json"));
  const categories = JSON.parse(text) as { id: number; supercategory: string }[];
  return new Map(categories.map(({ id, supercategory }) => [id, supercategory]));
}
