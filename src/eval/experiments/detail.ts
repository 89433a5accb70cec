/** Detail: which objects are there, how many, and which boxes are found, by their size (what the paper's V* questions ask of a language model). */

import { groupClasses } from "../../datasets/index.ts";
import { firstScales } from "../../features/index.ts";
import { AREAS } from "../../metrics/index.ts";
import type { Experiment } from "../experiment.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  intervalOf,
  onModelGrid,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../judge.ts";
import { type ExperimentContext, finest, native, scaleName } from "../lab.ts";

const FIGURES = ["presence mAP", "count MAE", "recall all", ...AREAS.map((area) => `recall ${area}`)];

export const detail: Experiment = {
  name: "detail",
  title: "Detail: objects by size, and defects of boards",
  question: "Does S² find what is small, and is it the scales or the finer grid?",
  async run(lab) {
    const groups = await supercategories(lab);
    const images = await openTaskSet(lab, "coco128", {
      task: "counting",
      change: (set) => groupClasses(set, (name) => groups.get(name)),
    });
    const boards = await openTaskSet(lab, "pcb", { task: "counting" });
    const results = [
      { set: "coco128", task: images, systems: await systemsOf(images, lab) },
      { set: "pcb", task: boards, systems: await systemsOf(boards, lab) },
    ];
    return {
      method: [
        ...results.map(
          ({
            set,
            task: {
              parts,
              set: { classes },
            },
          }) =>
            `${set}: ${parts.train.length} images to learn from, ${parts.validation.length} to choose by, ${parts.test.length} to test; ${classes.filter(Boolean).join(", ")}. ${parts.notes.join(" ")}`,
        ),
        "The head gives each token an expected number of objects of each class (a Poisson process, fitted to the boxes' middles). Presence: average precision over images, mean over classes. Count: mean absolute error over images and classes. Recall: boxes of a size (COCO's: below 32², below 96², the rest, in pixels of the image) in whose tokens an object of its class is expected with a probability of at least a half; it does not count false alarms, which the other two do.",
        "Images are squashed into the model's square. On the model's grid finer scales are pooled to its tokens; on the finest grid 1x is repeated.",
      ],
      tables: results.map(({ set, systems }) => comparison(set, systems, there(systems[0]), 2)),
      plots: [
        {
          ...{ name: "recall", title: "Boxes found, by size", kind: "bar", x: "features", y: "recall, %" },
          groups: results[0].systems.map(({ name }) => name),
          series: results.flatMap(({ set, systems }) =>
            there(systems[0])
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

/** A set without large boxes has no recall of large ones. */
const there = ({ figures }: Evaluation): string[] => FIGURES.filter((wanted) => figures.some(({ name }) => name === wanted));

async function systemsOf(task: TaskData<"counting">, lab: ExperimentContext): Promise<Evaluation[]> {
  const systems: Evaluation[] = [];
  const fine = await extractFeatures(task, lab, finest(1, 2, 3));
  const all = onModelGrid(fine, 3);
  for (const count of [1, 2, 3]) systems.push(await evaluate(task, lab, scaleName(count), firstScales(all, count)));
  systems.push(await evaluate(task, lab, "1x, fine grid", firstScales(fine, 1)));
  systems.push(await evaluate(task, lab, "1x+2x+3x, fine grid", fine));
  if (lab.larger) systems.push(await evaluate(task, lab, lab.larger.name, await extractFeatures(task, lab, native(1), "larger")));
  return systems;
}

/** What is asked first comes first, of both sets. */
function findings(results: readonly { readonly set: string; readonly systems: readonly Evaluation[] }[]): string[] {
  const [one, three, oneFine, threeFine] = [0, 2, 3, 4];
  const asked: [a: number, b: number, figure: string][] = [
    [threeFine, oneFine, "presence mAP"],
    [threeFine, oneFine, "recall small"],
    [three, one, "presence mAP"],
    [three, one, "recall small"],
    [threeFine, three, "presence mAP"],
    [three, one, "count MAE"],
    [threeFine, oneFine, "count MAE"],
  ];
  return asked.flatMap(([a, b, figure]) =>
    results
      .filter(({ systems }) => there(systems[0]).includes(figure))
      .map(({ set, systems }) => `${set}: ${verdictOf(systems[a], systems[b], figure)}`),
  );
}

/** COCO's supercategories by the names of its things. */
async function supercategories(lab: ExperimentContext): Promise<ReadonlyMap<string, string>> {
  const text = new TextDecoder().decode(await lab.data("coco128").read("panoptic_categories.json"));
  const categories = JSON.parse(text) as { name: string; supercategory: string }[];
  return new Map(categories.map(({ name, supercategory }) => [name, supercategory]));
}
