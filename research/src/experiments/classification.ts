/** Classification of images (paper, Table 5): heads on one scale, two and three, with the controls for width that the paper lacks. */

import { imageVector } from "s2-vision/tasks";
import { type ExperimentContext, native, scaleName } from "../context.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  firstScales,
  type ImageFeatures,
  intervalOf,
  isBetter,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { fitProjection, projectFeatures } from "../project.ts";
import type { Outcome } from "../result.ts";

const SEED = 1;
const HEADS = ["logistic", "ridge", "knn"] as const;
const COUNTS = [1, 2, 3];

export const classification: Experiment = {
  name: "classification",
  title: "Classification: clothing",
  question: "Does a head on S² features classify more images correctly than one on single-scale features?",
  async run(context) {
    const task = await openTaskSet(context, "clothing", { task: "classification" });
    const all = await extractFeatures(task, context, native(1, 2, 3, 4));
    const evaluations = new Map<string, Evaluation[]>();
    for (const head of HEADS) {
      const systems: Evaluation[] = [];
      for (const count of COUNTS)
        systems.push(await evaluate(task, context, scaleName(count), firstScales(all, count), { head }));
      if (context.larger)
        systems.push(
          await evaluate(task, context, context.larger.name, await extractFeatures(task, context, native(1), "larger"), { head }),
        );
      evaluations.set(head, systems);
    }
    const controls = await evaluateControls(task, context, all);
    return report(task, context, evaluations, controls);
  },
};

/** Controls for the number of channels: S² projected to the channels of one scale. */
async function evaluateControls(
  task: TaskData<"classification">,
  context: ExperimentContext,
  all: ImageFeatures,
): Promise<Evaluation[]> {
  const [one, three] = [firstScales(all, 1), firstScales(all, 3)];
  const [{ channels: width, prefix }] = one.values();
  const vectors = (features: ImageFeatures) =>
    task.splits.train
      .flatMap(({ path }) => features.get(path) ?? [])
      .map((tokens) => imageVector(tokens, prefix > 0 ? "cls" : "mean"));
  const { openGraph } = context;
  const make = async (features: ImageFeatures, method: "principal" | "random", channels: number, to: number) =>
    fitProjection(method, vectors(features), { channels, width: to, openGraph, seed: SEED });
  const principal = await projectFeatures(three, await make(three, "principal", 3 * width, width), openGraph);
  const random = await projectFeatures(three, await make(three, "random", 3 * width, width), openGraph);
  return [
    await evaluate(task, context, "1x", one),
    await evaluate(task, context, `1x+2x+3x, ${width} principal components`, principal),
    await evaluate(task, context, `1x+2x+3x, ${width} random projections`, random),
    await evaluate(task, context, "1x+2x+3x", three),
  ];
}

function report(
  { splits, set }: TaskData<"classification">,
  context: ExperimentContext,
  evaluations: ReadonlyMap<string, Evaluation[]>,
  controls: Evaluation[],
): Outcome {
  const [logistic] = evaluations.values();
  const [one, , three] = logistic;
  const [, principal, , scaled] = controls;
  const conclusion = isBetter(principal, one, "top-1")
    ? "the gain is not due to the number of channels alone"
    : isBetter(scaled, one, "top-1")
      ? "the gain of S² is lost with as few channels"
      : "the number of channels makes no difference";
  return {
    method: [
      `${splits.train.length} training, ${splits.validation.length} validation and ${splits.test.length} test images; regularization is chosen on the validation images; ${set.classes.length} classes. ` +
        "The whole image is squashed into the model's square at each scale, from the image's own pixels; the vector is [CLS] (the mean over the tiles of a scale), scale by scale.",
      "Heads: logistic regression (L-BFGS), ridge on ±1 (closed form), the 20 nearest neighbors by cosine with a temperature of 0.07. Features are standardized per channel.",
      `Number of channels: 1x+2x+3x has three times the channels of 1x. Its principal components are those of the training images, rotated at random (seed ${SEED}), and the random projections are normal; both have the channels of 1x.`,
    ],
    tables: [
      ...[...evaluations].map(([head, systems]) => comparison(`Head: ${head}`, systems, ["top-1", "mean per class"])),
      comparison("Number of channels, with logistic regression", controls, ["top-1", "mean per class"]),
    ],
    plots: [
      {
        ...{ name: "scales", title: `Top-1 on ${set.name}, by scales and head`, kind: "bar", x: "features", y: "top-1, %" },
        groups: logistic.map(({ name }) => name),
        series: [...evaluations].map(([name, systems]) => ({ name, values: systems.map((each) => intervalOf(each, "top-1")) })),
      },
    ],
    findings: [
      ...[...evaluations].map(([head, [first, , last]]) => `${head}: ${verdictOf(last, first, "top-1")}`),
      `In ${principal.channels} channels ${conclusion}: ${verdictOf(principal, one, "top-1")}`,
      ...(context.larger ? [verdictOf(three, logistic.at(-1)!, "top-1")] : ["No larger model was given, so it has no rows."]),
    ],
    seeds: [SEED],
  };
}
