/** Classification of images (paper, Table 5): heads on one scale, two and three, with the controls for width that the paper lacks. */

import { firstScales, imageVector } from "../../features/index.ts";
import { fitProjection, projectFeatures } from "../../tasks/index.ts";
import type { Experiment, Found } from "../experiment.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  type ImageFeatures,
  intervalOf,
  isBetter,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../judge.ts";
import { type ExperimentContext, native, scaleName } from "../lab.ts";

const SEED = 1;
const HEADS = ["logistic", "ridge", "knn"] as const;
const COUNTS = [1, 2, 3];

export const classification: Experiment = {
  name: "classification",
  title: "Classification: clothing",
  question: "Does a head on S² features tell more images right than one on the model's own?",
  async run(lab) {
    const task = await openTaskSet(lab, "clothing", { task: "classification" });
    const all = await extractFeatures(task, lab, native(1, 2, 3, 4));
    const by = new Map<string, Evaluation[]>();
    for (const head of HEADS) {
      const systems: Evaluation[] = [];
      for (const count of COUNTS) systems.push(await evaluate(task, lab, scaleName(count), firstScales(all, count), { head }));
      if (lab.larger)
        systems.push(await evaluate(task, lab, lab.larger.name, await extractFeatures(task, lab, native(1), "larger"), { head }));
      by.set(head, systems);
    }
    const controls = await channelsPerScale(task, lab, all);
    return report(task, lab, by, controls);
  },
};

/** S² in the channels of one scale, and one scale in the channels of S². */
async function channelsPerScale(
  task: TaskData<"classification">,
  lab: ExperimentContext,
  all: ImageFeatures,
): Promise<Evaluation[]> {
  const [one, three] = [firstScales(all, 1), firstScales(all, 3)];
  const [{ channels: width, prefix }] = one.values();
  const vectors = (features: ImageFeatures) =>
    task.parts.train
      .flatMap(({ path }) => features.get(path) ?? [])
      .map((tokens) => imageVector(tokens, prefix > 0 ? "cls" : "mean"));
  const { openGraph } = lab;
  const make = async (features: ImageFeatures, how: "principal" | "random", channels: number, to: number) =>
    fitProjection(how, vectors(features), { channels, width: to, openGraph, seed: SEED });
  const principal = await projectFeatures(three, await make(three, "principal", 3 * width, width), openGraph);
  const random = await projectFeatures(three, await make(three, "random", 3 * width, width), openGraph);
  return [
    await evaluate(task, lab, "1x", one),
    await evaluate(task, lab, `1x+2x+3x, ${width} principal components`, principal),
    await evaluate(task, lab, `1x+2x+3x, ${width} random projections`, random),
    await evaluate(task, lab, "1x+2x+3x", three),
  ];
}

function report(
  { parts, set }: TaskData<"classification">,
  lab: ExperimentContext,
  by: ReadonlyMap<string, Evaluation[]>,
  controls: Evaluation[],
): Found {
  const [logistic] = by.values();
  const [one, , three] = logistic;
  const [, principal, , whole] = controls;
  const narrow = isBetter(principal, one, "top-1")
    ? "the gain is not one of width alone"
    : isBetter(whole, one, "top-1")
      ? "what S² adds is not seen any more in as few channels"
      : "width does not decide here";
  return {
    method: [
      `${parts.train.length} images to learn from, ${parts.validation.length} to choose the regularization by, ${parts.test.length} to test; ${set.classes.length} classes. ` +
        "The whole image is squashed into the model's square at each scale, from the image's own pixels; the vector is [CLS] (the mean over the tiles of a scale), scale by scale.",
      "Heads: logistic regression (L-BFGS), ridge on ±1 (closed form), the 20 nearest neighbors by cosine with a temperature of 0.07. Features are standardized per channel.",
      `Width: 1x+2x+3x has three times the channels of 1x. Its principal components are those of the images to learn from, turned at random (seed ${SEED}), and the random projections are normal; both have 1x's channels.`,
    ],
    tables: [
      ...[...by].map(([head, systems]) => comparison(`Head: ${head}`, systems, ["top-1", "mean per class"])),
      comparison("Width, with logistic regression", controls, ["top-1", "mean per class"]),
    ],
    plots: [
      {
        ...{ name: "scales", title: `Top-1 on ${set.name}, by scales and head`, kind: "bar", x: "features", y: "top-1, %" },
        groups: logistic.map(({ name }) => name),
        series: [...by].map(([name, systems]) => ({ name, values: systems.map((each) => intervalOf(each, "top-1")) })),
      },
    ],
    findings: [
      ...[...by].map(([head, [first, , last]]) => `${head}: ${verdictOf(last, first, "top-1")}`),
      `In ${principal.channels} channels ${narrow}: ${verdictOf(principal, one, "top-1")}`,
      ...(lab.larger
        ? [verdictOf(three, logistic.at(-1)!, "top-1")]
        : ["No larger model was given, so there are no rows of one."]),
    ],
    seeds: [SEED],
  };
}
