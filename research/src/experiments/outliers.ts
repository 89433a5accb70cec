/** Outlier tokens: how many a model has, what they cost, and whether replacing them or a register at test time helps. */
import type { Tensor } from "s2-vision";
import type { Interval } from "s2-vision/metrics";
import type { ExtractOptions } from "s2-vision/node";
import { type ExperimentContext, type ImageModel, scaleName } from "../context.ts";
import { ResearchError } from "../error.ts";
import {
  difference,
  type Evaluation,
  evaluate,
  firstScales,
  type ImageFeatures,
  intervalOf,
  type TaskData,
  verdictOf,
} from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { aboveMean, aboveMedian, replaceMarked } from "../outlier-tokens.ts";
import { findNeurons, NEURONS, neuronNames, openVit } from "../register-neurons.ts";
import type { Neuron } from "../register-vit.ts";
import type { Outcome, Table } from "../result.ts";
import { type EvaluationSet, openEvaluationSet } from "../seven-sets.ts";
import { cacheTiles } from "../tile-cache.ts";
import { onTrainingImages } from "./layouts.ts";

const SETS = ["camvid", "coco128", "clothing"];
/** Tokens longer than this times the tile's median are replaced; chosen on held-out training images among 1.2, which replaces a tenth of all tokens, 1.3 and 1.54. */
const RATIO = 1.3;
const DEVIATIONS = 4;

/** Scales of the features; the first two are evaluated alone too. */
const SCALES: Readonly<Record<string, readonly number[]>> = { camvid: [1, 2, 3], coco128: [1, 2, 3], clothing: [1, 2] };
/** Every fourth test image is enough for a count. */
const COUNTED = 4;

/** Ways of treating outliers, the unchanged model first; "as many at random" shows what smoothing alone does. */
const TREATMENTS = ["as it is", "median of neighbors", "as many at random", "register"] as const;

interface Row {
  readonly treatment: (typeof TREATMENTS)[number];
  readonly heldOut: Interval;
  readonly test: Interval;
  /** On the test images, minus that of the model as it is. */
  readonly gain: Interval | null;
  readonly verdict: string | null;
}

interface Count {
  readonly scale: string;
  readonly tokens: number;
  /** Tokens of an image whose length is above the mean by four deviations: before the last norm, and in the model's output. */
  readonly before: number;
  readonly output: number;
  readonly overMedian: number;
  /** With a register, against the bounds of the model without. */
  readonly register: number;
}

export const outliers: Experiment = {
  name: "outliers",
  title: "Outlier tokens",
  question: "How many tokens of high norm does a model have, what do they cost, and does replacing them or a register help?",
  async run(context) {
    const tables: Table[] = [];
    const findings: string[] = [];
    const outcome = (): Outcome => ({ method, tables, plots: [], findings, seeds: [SEED] });
    for (const variant of ["model", "other"] as const) {
      const named = context[variant];
      if (!named) continue;
      const key = `${named.name} ${named.sha256.slice(0, 8)}`;
      const neurons = await context.kept(`${key} neurons`, () => findNeurons(context, variant));
      findings.push(`${named.name}: the register neurons (block.channel) are ${neuronNames(neurons)}.`);
      for (const name of SETS) {
        const set = await openEvaluationSet(context, name);
        const models = await openModels(context, variant, neurons);
        if (name !== "clothing") {
          const counts = await context.kept(`${key} ${name} counts`, () => countOutliers(context, set.task, models));
          tables.push(countTable(`${named.name}, ${name}: outliers of a test image`, counts));
          findings.push(describeCount(`${named.name}, ${name}`, counts.at(-1)!));
        }
        const evaluated = await context.kept(`${key} ${name}`, () => evaluateAll(context, set, models, SCALES[name]));
        for (const { scales, rows } of evaluated) {
          tables.push(treatmentTable(`${named.name}, ${name}, ${scales}`, set, rows));
          const shown = rows.filter(({ treatment }) => treatment !== "as many at random");
          findings.push(...shown.flatMap(({ verdict }) => (verdict ? [`${named.name}, ${name}, ${scales}: ${verdict}`] : [])));
        }
        await context.publish(outcome());
        await models.close();
      }
    }
    return outcome();
  },
};

const SEED = 1;

const method = [
  `An outlier is a token whose length before the last norm is above the mean of the image's tokens by ${DEVIATIONS} deviations, scale by scale. The last norm gives all tokens about the same length, so the outliers do not show in the length of the output; they keep a direction of their own. "Over the median" counts tokens longer than ${RATIO} times the median of their tile. Every fourth test image is counted.`,
  `Median of neighbors: tokens longer than ${RATIO} times the median of their tile (before the last norm) are replaced in the output, channel by channel, by the median of their neighbors in the tile that are no outliers. As many at random: the same with as many tokens of the tile drawn at random, which shows what smoothing alone does.`,
  `Register (arXiv 2506.08010): the ${NEURONS} neurons of the MLPs whose mean absolute value differs most between outliers and other tokens on 29 training images without labels; an added token of zeros gets their largest value in each block, all other tokens get zero. It is dropped at the end.`,
  "Held out: the head is fitted to two thirds of the training images and evaluated on the others. Squashed images on the grid of 1x, scales joined bilinearly. camvid and coco128: mIoU of a ridge head on tokens; clothing: top-1 of a ridge head on the mean of tokens. The head's regularization is chosen anew for every row, which moves a figure too: compare the rows of random tokens. Intervals are of the test images alone.",
];

interface Models {
  readonly plain: ImageModel;
  readonly register: ImageModel;
  close(): Promise<void>;
}

/** Both give one more channel: the token's length before the last norm. */
async function openModels(context: ExperimentContext, variant: "model" | "other", neurons: readonly Neuron[]): Promise<Models> {
  const [plain, register] = [await openVit(context, variant), await openVit(context, variant, neurons)];
  return {
    plain: cacheTiles(plain.model),
    register: cacheTiles(register.model),
    close: async () => void (await Promise.all([plain.close(), register.close()])),
  };
}

/** A tile's output [1 + rows·cols, channels + 1] as tokens and lengths. */
function apart(tile: Float32Array, channels: number): { tokens: Float32Array; lengths: Float32Array } {
  const count = tile.length / (channels + 1);
  const tokens = new Float32Array(count * channels);
  const lengths = new Float32Array(count - 1);
  for (let t = 0; t < count; t++) {
    tokens.set(tile.subarray(t * (channels + 1), t * (channels + 1) + channels), t * channels);
    if (t > 0) lengths[t - 1] = tile[t * (channels + 1) + channels];
  }
  return { tokens, lengths };
}

/** Makes a model whose tiles are changed: `change` gives a tile's new tokens [1 + rows·cols, c]. */
function changed(
  model: ImageModel,
  change: (tokens: Float32Array, lengths: Float32Array, channels: number) => Float32Array,
): ImageModel {
  const run = async (images: Tensor): Promise<Tensor> => {
    const { dims, data } = await model(images);
    const each = data.length / dims[0];
    const tiles = Array.from({ length: dims[0] }, (_, i) => {
      const { tokens, lengths } = apart(data.subarray(i * each, (i + 1) * each), dims[2] - 1);
      return change(tokens, lengths, dims[2] - 1);
    });
    const out = new Float32Array(tiles.length * tiles[0].length);
    for (const [i, tile] of tiles.entries()) out.set(tile, i * tile.length);
    return { dims: [dims[0], dims[1], tiles[0].length / dims[1]], data: out };
  };
  return Object.assign(run, { traits: model.traits, preprocessing: model.preprocessing });
}

function treated({ plain, register }: Models, treatment: (typeof TREATMENTS)[number]): ImageModel {
  if (treatment === "register") return changed(register, (tokens) => tokens);
  if (treatment === "as it is") return changed(plain, (tokens) => tokens);
  return changed(plain, (data, lengths, channels) => {
    const found = aboveMedian(lengths, RATIO);
    const marked = treatment === "median of neighbors" ? found : atRandom(found);
    const side = Math.sqrt(lengths.length);
    return replaceMarked({ data, channels, prefix: 1, rows: side, cols: side }, marked);
  });
}

/** Marks as many tokens at random; the same tile gets the same marks. */
function atRandom(marked: Uint8Array): Uint8Array {
  let state = SEED;
  for (const [i, each] of marked.entries()) if (each) state = (Math.imul(state, 31) + i) >>> 0;
  const order = [...marked.keys()].map((i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return [state, i] as const;
  });
  order.sort(([a], [b]) => a - b);
  const out = new Uint8Array(marked.length);
  for (const [, i] of order.slice(0, marked.filter((each) => each).length)) out[i] = 1;
  return out;
}

const imagesOf = ({ splits }: TaskData) => [...splits.train, ...splits.validation, ...splits.test].map(({ path }) => path);

interface Evaluated {
  /** "1x+2x". */
  readonly scales: string;
  readonly rows: Row[];
}

/** Evaluates every treatment at one scale, two and so on; features of fewer scales are those of all, cut off. */
async function evaluateAll(
  context: ExperimentContext,
  { task, heads: [{ options }], figures: [figure] }: EvaluationSet,
  models: Models,
  scales: readonly number[],
): Promise<Evaluated[]> {
  const evaluated = scales.map((_, i): Evaluated => ({ scales: scaleName(i + 1), rows: [] }));
  const baselines: Evaluation[] = [];
  for (const treatment of TREATMENTS) {
    const extraction: ExtractOptions = { scales, fit: "squash", fusion: "bilinear" };
    const all = await context.planned(task.folder, imagesOf(task), () => extraction, treated(models, treatment));
    for (const [i, { scales: name, rows }] of evaluated.entries()) {
      const features = firstScales(all, i + 1);
      const test = await evaluate(task, context, treatment, features, options);
      const heldOut = await evaluate(onTrainingImages(task), context, treatment, features, options);
      baselines[i] ??= test;
      const isBaseline = test === baselines[i];
      rows.push({
        treatment,
        heldOut: intervalOf(heldOut, figure),
        test: intervalOf(test, figure),
        gain: isBaseline ? null : difference(test, baselines[i], figure),
        verdict: isBaseline ? null : verdictOf(test, baselines[i], figure),
      });
      const { test: onTest, heldOut: onHeldOut } = rows.at(-1)!;
      context.say(`${task.set.name} ${name} ${treatment}: ${onTest.value.toFixed(2)}, held out ${onHeldOut.value.toFixed(2)}`);
    }
  }
  return evaluated;
}

/** Counts outliers of test images, by scale. */
async function countOutliers(context: ExperimentContext, task: TaskData, { plain, register }: Models): Promise<Count[]> {
  // Three channels: length before the last norm, length after it, and whether the first is far above the tile's median.
  const lengthsOf = (model: ImageModel) =>
    changed(model, (tokens, lengths, channels) => {
      const over = aboveMedian(lengths, RATIO);
      return Float32Array.from({ length: 3 * (lengths.length + 1) }, (_, k) => {
        const [token, kind] = [Math.floor(k / 3) - 1, k % 3];
        if (token < 0) return 0;
        return [
          () => lengths[token],
          () => Math.hypot(...tokens.subarray((token + 1) * channels, (token + 2) * channels)),
          () => over[token],
        ][kind]();
      });
    });
  const images = task.splits.test.map(({ path }) => path).filter((_, i) => i % COUNTED === 0);
  const counts: Count[] = [];
  for (const scale of [1, 2, 3]) {
    const extraction: ExtractOptions = { scales: [scale], fit: "squash", fusion: "reference" };
    const [before, after] = [
      await context.planned(task.folder, images, () => extraction, lengthsOf(plain)),
      await context.planned(task.folder, images, () => extraction, lengthsOf(register)),
    ];
    const sums = { tokens: 0, before: 0, output: 0, overMedian: 0, register: 0 };
    for (const image of images) {
      const [lengths, outputs, over] = [0, 1, 2].map((channel) => channelOf(before, image, channel));
      const found = aboveMean(lengths, DEVIATIONS);
      const bound = Math.min(...lengths.filter((_, i) => found[i]), Math.max(...lengths));
      sums.tokens += lengths.length;
      sums.before += found.filter((each) => each).length;
      sums.output += aboveMean(outputs, DEVIATIONS).filter((each) => each).length;
      sums.overMedian += over.filter((each) => each).length;
      sums.register += channelOf(after, image, 0).filter((length) => length >= bound).length;
    }
    const mean = (sum: number) => sum / images.length;
    counts.push({
      scale: `${scale}x`,
      tokens: mean(sums.tokens),
      before: mean(sums.before),
      output: mean(sums.output),
      overMedian: mean(sums.overMedian),
      register: mean(sums.register),
    });
  }
  return counts;
}

function channelOf(features: ImageFeatures, image: string, channel: number): number[] {
  const tokens = features.get(image);
  if (!tokens) throw new ResearchError(`${image} has no features.`);
  const { data, channels, prefix, grid } = tokens;
  return Array.from({ length: grid.rows * grid.cols }, (_, i) => data[(prefix + i) * channels + channel]);
}

const countTable = (title: string, counts: readonly Count[]): Table => ({
  title,
  columns: [
    "scale",
    "tokens",
    `${DEVIATIONS} deviations above the mean, before the last norm`,
    "the same, %",
    `${DEVIATIONS} deviations above the mean, output`,
    `over ${RATIO} times the tile's median`,
    "as long with a register",
  ],
  rows: counts.map(({ scale, tokens, before, output, overMedian, register }) => [
    scale,
    tokens.toFixed(0),
    before,
    (100 * before) / tokens,
    output,
    overMedian,
    register,
  ]),
  digits: 2,
});

const describeCount = (title: string, { scale, tokens, before, output, register }: Count): string =>
  `${title}, ${scale}: ${before.toFixed(1)} of ${tokens.toFixed(0)} tokens of an image (${((100 * before) / tokens).toFixed(1)} %) are outliers before the last norm, ${output.toFixed(1)} in the output; with a register ${register.toFixed(1)} are as long.`;

const treatmentTable = (title: string, { figures: [figure] }: EvaluationSet, rows: readonly Row[]): Table => ({
  title,
  columns: ["outliers", `${figure}, held out`, `${figure}, test, %`, `${figure} − that of the model as it is`],
  rows: rows.map(({ treatment, heldOut, test, gain }) => [treatment, heldOut, test, gain]),
  digits: 2,
});
