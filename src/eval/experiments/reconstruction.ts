/** Reconstruction (paper, §3 and Table 2): how much of a larger model's tokens one linear map tells from the small model's, and from S²'s. */
import { S2Error } from "../../core/index.ts";
import type { DataSetImage } from "../../datasets/index.ts";
import { firstScales, joinScales, poolTo } from "../../features/index.ts";
import { fitRidge, openProbe } from "../../heads/index.ts";
import { addImage, compare, interval, newSums, pooled, type Score } from "../../metrics/index.ts";
import { fitProjection, projectFeatures } from "../../tasks/index.ts";
import { type Experiment, type Measure, verdict } from "../experiment.ts";
import { extractFeatures, type ImageFeatures, openTaskSet, type TaskData } from "../judge.ts";
import { type ExperimentContext, native, scaleName } from "../lab.ts";
import type { Cell } from "../result.ts";

const SEED = 1;
const ALPHAS = [1e5, 1e4, 1e3, 100, 10];

interface Way {
  readonly name: string;
  readonly features: ImageFeatures;
}

/** How well a way tells the larger model's tokens: information in bits, -log2(l / l0), and the error l itself, both over test images. */
interface Told {
  readonly name: string;
  readonly channels: number;
  readonly information: Score;
  readonly error: Score;
}

export const reconstruction: Experiment = {
  name: "reconstruction",
  title: "Reconstruction of a larger model's features",
  question: "How much of what a larger model says of an image is in the small one's features, and how much more in S²'s?",
  async run(lab) {
    if (!lab.larger) throw new S2Error("experiment", "This experiment tells a larger model's features; give --larger.");
    const task = await openTaskSet(lab, "clothing", { task: "classification" });
    const target = await extractFeatures(task, lab, native(1), "larger");
    const told: Told[] = [];
    for (const way of await waysOf(task, lab)) {
      lab.say(`telling ${lab.larger.name} from ${way.name}`);
      told.push(await tell(task, lab, way, target));
    }
    const [one, two] = told;
    const bits: Measure = { name: "information", unit: "bits", better: "higher", digits: 3 };
    const against = (a: Told, b: Told) => verdict(a.name, b.name, compare(a.information, b.information), bits);
    const share = (each: Told) => (100 * each.information.measure()) / two.information.measure();
    const named = (start: string) => told.find(({ name }) => name.startsWith(start))!;
    const [narrow, wide] = [named("1x+2x in"), named("1x and")];
    return {
      method: [
        `Targets: the tokens of ${lab.larger.name} at 1x on ${task.parts.test.length} test images of clothing; the map is fitted to those of ${task.parts.train.length} images by ridge regression, alpha chosen on ${task.parts.validation.length}. Features are of ${lab.model.name}, pooled to the same grid where grids differ.`,
        "Information is the paper's, −log2(l / l0): l the mean squared error, l0 that of the best constant (the mean token of the images to learn from). The paper divides by the information of a model larger still; there is none here, so the ratio is to that of 1x+2x.",
        `S² has more channels than 1x, which the paper does not control. Here: as many channels as 1x (principal components, seed ${SEED}); and 1x widened to as many channels as 1x+2x by random features (a random projection, negatives set to 0).`,
        "Where the small model was distilled from the larger (models/s2-tiny was, from DeiT-Tiny), the figures at 1x are high by its training.",
      ],
      tables: [
        {
          title: `${lab.larger.name} told from ${lab.model.name}`,
          columns: [
            "features",
            "channels",
            "mean squared error",
            "information, bits",
            "ratio, %",
            `information − that of ${one.name}`,
          ],
          rows: told.map((each): Cell[] => [
            ...[each.name, String(each.channels), interval(each.error), interval(each.information), `${share(each).toFixed(1)}`],
            each === one ? null : compare(each.information, one.information),
          ]),
          digits: 3,
        },
      ],
      plots: [
        {
          ...{
            name: "information",
            title: `What is told of ${lab.larger.name}'s tokens`,
            kind: "bar",
            x: "features",
            y: "information, bits",
          },
          groups: told.map(({ name }) => name),
          series: [{ name: "test images", values: told.map((each) => interval(each.information)) }],
        },
      ],
      findings: [against(two, one), against(narrow, one), against(two, wide), against(wide, one)],
      seeds: [SEED],
    };
  },
};

async function waysOf(task: TaskData, lab: ExperimentContext): Promise<Way[]> {
  const all = await extractFeatures(task, lab, native(1, 2));
  const one = firstScales(all, 1);
  const [{ channels, channelsPerScale, prefix }] = all.values();
  const rowsOf = (features: ImageFeatures, width: number) =>
    task.parts.train.flatMap(({ path }) => features.get(path)?.data.subarray(prefix * width) ?? []);
  const { openGraph } = lab;
  const shared = { openGraph, seed: SEED };
  const fewer = await fitProjection("principal", rowsOf(all, channels), { ...shared, channels, width: channelsPerScale[0] });
  return [
    ...[1, 2].map((count) => ({ name: scaleName(count), features: firstScales(all, count) })),
    { name: `1x+2x in ${channelsPerScale[0]} channels`, features: await projectFeatures(all, fewer, openGraph) },
    {
      name: "1x and random features",
      features: await widened(one, rowsOf(one, channelsPerScale[0]), channelsPerScale[0], channels - channelsPerScale[0], lab),
    },
  ];
}

/** 1x beside `more` channels that are rectified random projections of it. */
async function widened(
  one: ImageFeatures,
  rows: readonly Float32Array[],
  channels: number,
  more: number,
  lab: ExperimentContext,
): Promise<ImageFeatures> {
  let wide = one;
  // A map has fewer outputs than inputs, so that several are drawn.
  for (let drawn = 0, seed = SEED; drawn < more; seed++) {
    const width = Math.min(channels - 1, more - drawn);
    const map = await fitProjection("random", rows, { channels, width, openGraph: lab.openGraph, seed });
    const extra = await projectFeatures(one, map, lab.openGraph, { rectify: true });
    wide = new Map([...wide].map(([image, tokens]) => [image, joinScales([tokens, extra.get(image)!])]));
    drawn += width;
  }
  return wide;
}

async function tell({ parts }: TaskData, lab: ExperimentContext, { name, features }: Way, target: ImageFeatures): Promise<Told> {
  const [{ channelsPerScale, channels }] = features.values();
  const [{ channels: outputs }] = target.values();
  const pairs = (items: readonly DataSetImage[]) =>
    items.flatMap(({ path }) => {
      const [from, wanted] = [features.get(path), target.get(path)];
      if (!from || !wanted) return [];
      const to = poolTo(wanted, from.grid);
      return [{ path, features: from.data.subarray(from.prefix * channels), targets: to.data.subarray(to.prefix * outputs) }];
    });
  const [train, validation, test] = [pairs(parts.train), pairs(parts.validation), pairs(parts.test)];
  const names = Array.from({ length: outputs }, (_, i) => String(i));
  const { head } = await fitRidge(() => train, {
    openGraph: lab.openGraph,
    channelsPerScale,
    names,
    alpha: ALPHAS,
    validation: () => validation,
  });
  const constant = meanOf(train, outputs);
  const opened = await openProbe(head, lab.openGraph);
  const tally = newSums(3); // squared errors of the map and of the constant, and how many numbers
  for (const { path, features, targets } of test) {
    const values = await opened.predict(features);
    let [error, spread] = [0, 0];
    for (let i = 0; i < targets.length; i++) {
      error += (targets[i] - values[i]) ** 2;
      spread += (targets[i] - constant[i % outputs]) ** 2;
    }
    addImage(tally, path, [error, spread, targets.length]);
  }
  await opened.close();
  return {
    ...{ name, channels },
    information: pooled(tally, (sums) => -Math.log2(sums[0] / sums[1])),
    error: pooled(tally, (sums) => sums[0] / sums[2]),
  };
}

function meanOf(pairs: readonly { readonly targets: Float32Array }[], outputs: number): Float64Array {
  const mean = new Float64Array(outputs);
  const count = pairs.reduce((sum, { targets }) => sum + targets.length, 0) / outputs;
  for (const { targets } of pairs) for (let i = 0; i < targets.length; i++) mean[i % outputs] += targets[i] / count;
  return mean;
}
