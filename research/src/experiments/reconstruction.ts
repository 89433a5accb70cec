/** Reconstruction (paper, §3 and Table 2): a larger model's tokens predicted by a linear map from the small model's tokens, and from S²'s. */

import type { DataSetImage } from "s2-vision/datasets";
import { fitRidge, openProbe } from "s2-vision/heads";
import { addImage, compare, interval, newSums, pooled, type Score } from "s2-vision/metrics";
import { joinScales, poolTo } from "s2-vision/tasks";
import { type ExperimentContext, native, scaleName } from "../context.ts";
import { ResearchError } from "../error.ts";
import { extractFeatures, firstScales, type ImageFeatures, openTaskSet, type TaskData } from "../evaluate.ts";
import { type Experiment, type Measure, verdict } from "../experiment.ts";
import { fitProjection, projectFeatures } from "../project.ts";
import type { Cell } from "../result.ts";

const SEED = 1;
const ALPHAS = [1e5, 1e4, 1e3, 100, 10];

interface FeatureSet {
  readonly name: string;
  readonly features: ImageFeatures;
}

/** Errors of a reconstruction over test images: information in bits, -log2(l / l0), and the error l. */
interface Reconstruction {
  readonly name: string;
  readonly channels: number;
  readonly information: Score;
  readonly error: Score;
}

export const reconstruction: Experiment = {
  name: "reconstruction",
  title: "Reconstruction of a larger model's features",
  question: "How much of a larger model's features can be reconstructed from the small one's, and how much more from S²'s?",
  async run(context) {
    if (!context.larger) throw new ResearchError("This experiment reconstructs a larger model's features; give --larger.");
    const task = await openTaskSet(context, "clothing", { task: "classification" });
    const target = await extractFeatures(task, context, native(1), "larger");
    const reconstructions: Reconstruction[] = [];
    for (const featureSet of await featureSetsOf(task, context)) {
      context.say(`reconstructing ${context.larger.name} from ${featureSet.name}`);
      reconstructions.push(await reconstruct(task, context, featureSet, target));
    }
    const [one, two] = reconstructions;
    const bits: Measure = { name: "information", unit: "bits", better: "higher", digits: 3 };
    const compareWith = (a: Reconstruction, b: Reconstruction) =>
      verdict(a.name, b.name, compare(a.information, b.information), bits);
    const ratio = (each: Reconstruction) => (100 * each.information.measure()) / two.information.measure();
    const named = (start: string) => reconstructions.find(({ name }) => name.startsWith(start))!;
    const [reduced, extended] = [named("1x+2x in"), named("1x and")];
    return {
      method: [
        `Targets: the tokens of ${context.larger.name} at 1x on ${task.splits.test.length} test images of clothing; the map is fitted to those of ${task.splits.train.length} images by ridge regression, alpha chosen on ${task.splits.validation.length}. Features are of ${context.model.name}, pooled to the same grid where grids differ.`,
        "Information is −log2(l / l0) as in the paper: l is the mean squared error, l0 that of the best constant (the mean token of the training images). The paper divides by the information of a still larger model; there is none here, so the ratio is to that of 1x+2x.",
        `S² has more channels than 1x, which the paper does not control. Here: as many channels as 1x (principal components, seed ${SEED}); and 1x extended to as many channels as 1x+2x by random features (a random projection, negatives set to 0).`,
        "Where the small model was distilled from the larger (models/s2-tiny was, from DeiT-Tiny), the figures at 1x are high by its training.",
      ],
      tables: [
        {
          title: `${context.larger.name} reconstructed from ${context.model.name}`,
          columns: [
            "features",
            "channels",
            "mean squared error",
            "information, bits",
            "ratio, %",
            `information − that of ${one.name}`,
          ],
          rows: reconstructions.map((each): Cell[] => [
            ...[each.name, String(each.channels), interval(each.error), interval(each.information), `${ratio(each).toFixed(1)}`],
            each === one ? null : compare(each.information, one.information),
          ]),
          digits: 3,
        },
      ],
      plots: [
        {
          ...{
            name: "information",
            title: `Reconstruction of ${context.larger.name}'s tokens`,
            kind: "bar",
            x: "features",
            y: "information, bits",
          },
          groups: reconstructions.map(({ name }) => name),
          series: [{ name: "test images", values: reconstructions.map((each) => interval(each.information)) }],
        },
      ],
      findings: [compareWith(two, one), compareWith(reduced, one), compareWith(two, extended), compareWith(extended, one)],
      seeds: [SEED],
    };
  },
};

async function featureSetsOf(task: TaskData, context: ExperimentContext): Promise<FeatureSet[]> {
  const all = await extractFeatures(task, context, native(1, 2));
  const one = firstScales(all, 1);
  const [{ channels, channelsPerScale, prefix }] = all.values();
  const rowsOf = (features: ImageFeatures, width: number) =>
    task.splits.train.flatMap(({ path }) => features.get(path)?.data.subarray(prefix * width) ?? []);
  const { openGraph } = context;
  const shared = { openGraph, seed: SEED };
  const fewer = await fitProjection("principal", rowsOf(all, channels), { ...shared, channels, width: channelsPerScale[0] });
  return [
    ...[1, 2].map((count) => ({ name: scaleName(count), features: firstScales(all, count) })),
    { name: `1x+2x in ${channelsPerScale[0]} channels`, features: await projectFeatures(all, fewer, openGraph) },
    {
      name: "1x and random features",
      features: await extended(
        one,
        rowsOf(one, channelsPerScale[0]),
        channelsPerScale[0],
        channels - channelsPerScale[0],
        context,
      ),
    },
  ];
}

/** Joins `more` channels to 1x that are rectified random projections of it. */
async function extended(
  one: ImageFeatures,
  rows: readonly Float32Array[],
  channels: number,
  more: number,
  context: ExperimentContext,
): Promise<ImageFeatures> {
  let joined = one;
  // A projection has fewer outputs than inputs, so that several are needed.
  for (let drawn = 0, seed = SEED; drawn < more; seed++) {
    const width = Math.min(channels - 1, more - drawn);
    const map = await fitProjection("random", rows, { channels, width, openGraph: context.openGraph, seed });
    const extra = await projectFeatures(one, map, context.openGraph, { rectify: true });
    joined = new Map([...joined].map(([image, tokens]) => [image, joinScales([tokens, extra.get(image)!])]));
    drawn += width;
  }
  return joined;
}

async function reconstruct(
  { splits }: TaskData,
  context: ExperimentContext,
  { name, features }: FeatureSet,
  target: ImageFeatures,
): Promise<Reconstruction> {
  const [{ channelsPerScale, channels }] = features.values();
  const [{ channels: outputs }] = target.values();
  const pairs = (items: readonly DataSetImage[]) =>
    items.flatMap(({ path }) => {
      const [from, goal] = [features.get(path), target.get(path)];
      if (!from || !goal) return [];
      const to = poolTo(goal, from.grid);
      return [{ path, features: from.data.subarray(from.prefix * channels), targets: to.data.subarray(to.prefix * outputs) }];
    });
  const [train, validation, test] = [pairs(splits.train), pairs(splits.validation), pairs(splits.test)];
  const names = Array.from({ length: outputs }, (_, i) => String(i));
  const { head } = await fitRidge(() => train, {
    openGraph: context.openGraph,
    channelsPerScale,
    names,
    alpha: ALPHAS,
    validation: () => validation,
  });
  const constant = meanOf(train, outputs);
  const opened = await openProbe(head, context.openGraph);
  const sums = newSums(3); // squared errors of the map and of the constant, and the count of numbers
  for (const { path, features, targets } of test) {
    const values = await opened.predict(features);
    let [error, spread] = [0, 0];
    for (let i = 0; i < targets.length; i++) {
      error += (targets[i] - values[i]) ** 2;
      spread += (targets[i] - constant[i % outputs]) ** 2;
    }
    addImage(sums, path, [error, spread, targets.length]);
  }
  await opened.close();
  return {
    ...{ name, channels },
    information: pooled(sums, (values) => -Math.log2(values[0] / values[1])),
    error: pooled(sums, (values) => values[0] / values[2]),
  };
}

function meanOf(pairs: readonly { readonly targets: Float32Array }[], outputs: number): Float64Array {
  const mean = new Float64Array(outputs);
  const count = pairs.reduce((sum, { targets }) => sum + targets.length, 0) / outputs;
  for (const { targets } of pairs) for (let i = 0; i < targets.length; i++) mean[i % outputs] += targets[i] / count;
  return mean;
}
