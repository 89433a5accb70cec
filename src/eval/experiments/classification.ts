/** Classification of photos (paper, Table 5): heads on one scale, two and three, with the controls for width that the paper lacks. */

import { firstScales, photoVector } from "../../features/index.ts";
import { mapTokens, narrowing } from "../../tasks/index.ts";
import type { Experiment, Found } from "../experiment.ts";
import {
  comparison,
  intervalOf,
  isBetter,
  type Judged,
  judge,
  lookAt,
  openTaskSet,
  type Task,
  type Tokens,
  verdictOf,
} from "../judge.ts";
import { type Lab, native, scaleName } from "../lab.ts";

const SEED = 1;
const HEADS = ["logistic", "ridge", "knn"] as const;
const COUNTS = [1, 2, 3];

export const classification: Experiment = {
  name: "classification",
  title: "Classification: clothing",
  question: "Does a head on S² features tell more photos right than one on the model's own?",
  async run(lab) {
    const task = await openTaskSet(lab, "clothing", { kind: "classes" });
    const all = await lookAt(task, lab, native(1, 2, 3, 4));
    const by = new Map<string, Judged[]>();
    for (const head of HEADS) {
      const systems: Judged[] = [];
      for (const count of COUNTS) systems.push(await judge(task, lab, scaleName(count), firstScales(all, count), { head }));
      if (lab.larger)
        systems.push(await judge(task, lab, lab.larger.name, await lookAt(task, lab, native(1), "larger"), { head }));
      by.set(head, systems);
    }
    const controls = await widths(task, lab, all);
    return report(task, lab, by, controls);
  },
};

/** S² in the channels of one scale, and one scale in the channels of S². */
async function widths(task: Task<"classes">, lab: Lab, all: Tokens): Promise<Judged[]> {
  const [one, three] = [firstScales(all, 1), firstScales(all, 3)];
  const [{ channels: width, prefix }] = one.values();
  const vectors = (features: Tokens) =>
    task.parts.train
      .flatMap(({ path }) => features.get(path) ?? [])
      .map((tokens) => photoVector(tokens, prefix > 0 ? "cls" : "mean"));
  const { openGraph } = lab;
  const make = async (features: Tokens, how: "principal" | "random", channels: number, to: number) =>
    narrowing(how, vectors(features), { channels, width: to, openGraph, seed: SEED });
  const principal = await mapTokens(three, await make(three, "principal", 3 * width, width), openGraph);
  const random = await mapTokens(three, await make(three, "random", 3 * width, width), openGraph);
  return [
    await judge(task, lab, "1x", one),
    await judge(task, lab, `1x+2x+3x, ${width} principal components`, principal),
    await judge(task, lab, `1x+2x+3x, ${width} random projections`, random),
    await judge(task, lab, "1x+2x+3x", three),
  ];
}

function report({ parts, set }: Task<"classes">, lab: Lab, by: ReadonlyMap<string, Judged[]>, controls: Judged[]): Found {
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
      `${parts.train.length} photos to learn from, ${parts.validation.length} to choose the regularisation by, ${parts.test.length} to test; ${set.classes.length} classes. ` +
        "The whole photo is squashed into the model's square at each scale, from the photo's own pixels; the vector is [CLS] (the mean over the tiles of a scale), scale by scale.",
      "Heads: logistic regression (L-BFGS), ridge on ±1 (closed form), the 20 nearest neighbours by cosine with a temperature of 0.07. Features are standardised per channel.",
      `Width: 1x+2x+3x has three times the channels of 1x. Its principal components are those of the photos to learn from, turned at random (seed ${SEED}), and the random projections are normal; both have 1x's channels.`,
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
