/** Detail: presence, number and recall of objects by size, a counterpart of the V* questions that the paper asks a language model. */

import { groupClasses } from "s2-vision/datasets";
import { type ExperimentContext, finest, native, scaleName } from "../context.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  firstScales,
  intervalOf,
  onModelGrid,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";

const FIGURES = ["presence mAP", "count MAE", "recall all", "recall small", "recall medium", "recall large"];

export const detail: Experiment = {
  name: "detail",
  title: "Detail: objects by size, and defects of boards",
  question: "Does S² find small objects, and is it due to the scales or to the finer grid?",
  async run(context) {
    const groups = await supercategories(context);
    const images = await openTaskSet(context, "coco128", {
      task: "counting",
      change: (set) => groupClasses(set, (name) => groups.get(name)),
    });
    const boards = await openTaskSet(context, "pcb", { task: "counting" });
    const results = [
      { set: "coco128", task: images, systems: await systemsOf(images, context) },
      { set: "pcb", task: boards, systems: await systemsOf(boards, context) },
    ];
    return {
      method: [
        ...results.map(
          ({
            set,
            task: {
              splits,
              set: { classes },
            },
          }) =>
            `${set}: ${splits.train.length} training, ${splits.validation.length} validation and ${splits.test.length} test images; ${classes.filter(Boolean).join(", ")}. ${splits.notes.join(" ")}`,
        ),
        "The head predicts the expected number of objects of each class at each token (a Poisson process, fitted to the boxes' centers). Presence: average precision over images, mean over classes. Count: mean absolute error over images and classes. Recall: boxes of a size (COCO's: below 32², below 96², the rest, in pixels of the image) in whose tokens an object of its class is expected with a probability of at least a half; it does not count false alarms, which the other two do.",
        "Images are squashed into the model's square. On the model's grid finer scales are pooled to its tokens; on the finest grid 1x is repeated.",
      ],
      tables: results.map(({ set, systems }) => comparison(set, systems, availableFigures(systems[0]), 2)),
      plots: [
        {
          ...{ name: "recall", title: "Boxes found, by size", kind: "bar", x: "features", y: "recall, %" },
          groups: results[0].systems.map(({ name }) => name),
          series: results.flatMap(({ set, systems }) =>
            availableFigures(systems[0])
              .filter((figure) => figure.startsWith("recall") && figure !== "recall all")
              .map((figure) => ({ name: `${set}, ${figure.slice(7)}`, values: systems.map((each) => intervalOf(each, figure)) })),
          ),
        },
      ],
      findings: findings(results),
      seeds: [1],
    };
  },
};

/** Lists the figures that exist: a set without large boxes has no recall of large ones. */
const availableFigures = ({ figures }: Evaluation): string[] =>
  FIGURES.filter((figure) => figures.some(({ name }) => name === figure));

async function systemsOf(task: TaskData<"counting">, context: ExperimentContext): Promise<Evaluation[]> {
  const systems: Evaluation[] = [];
  const fine = await extractFeatures(task, context, finest(1, 2, 3));
  const all = onModelGrid(fine, 3);
  for (const count of [1, 2, 3]) systems.push(await evaluate(task, context, scaleName(count), firstScales(all, count)));
  systems.push(await evaluate(task, context, "1x, fine grid", firstScales(fine, 1)));
  systems.push(await evaluate(task, context, "1x+2x+3x, fine grid", fine));
  if (context.larger)
    systems.push(await evaluate(task, context, context.larger.name, await extractFeatures(task, context, native(1), "larger")));
  return systems;
}

/** Compares the feature sets on both data sets, the main comparison first. */
function findings(results: readonly { readonly set: string; readonly systems: readonly Evaluation[] }[]): string[] {
  const [one, three, oneFine, threeFine] = [0, 2, 3, 4];
  const pairs: [a: number, b: number, figure: string][] = [
    [threeFine, oneFine, "presence mAP"],
    [threeFine, oneFine, "recall small"],
    [three, one, "presence mAP"],
    [three, one, "recall small"],
    [threeFine, three, "presence mAP"],
    [three, one, "count MAE"],
    [threeFine, oneFine, "count MAE"],
  ];
  return pairs.flatMap(([a, b, figure]) =>
    results
      .filter(({ systems }) => availableFigures(systems[0]).includes(figure))
      .map(({ set, systems }) => `${set}: ${verdictOf(systems[a], systems[b], figure)}`),
  );
}

/** Maps COCO's category names to supercategories. */
async function supercategories(context: ExperimentContext): Promise<ReadonlyMap<string, string>> {
  const text = new TextDecoder().decode(await context.data("coco128").read("panoptic_categories.json"));
  const categories = JSON.parse(text) as { name: string; supercategory: string }[];
  return new Map(categories.map(({ name, supercategory }) => [name, supercategory]));
}
