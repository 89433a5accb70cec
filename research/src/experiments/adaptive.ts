/** Adaptive S²: how much of the gain is left when tiles of little detail are not run, by four measures of detail. */
import type { S2Plan } from "s2-vision";
import type { ImageTokens } from "s2-vision/heads";
import type { Interval } from "s2-vision/metrics";
import { loadImage, type Photo, type Pixels, planImage, resizePixels } from "s2-vision/node";
import type { ExperimentContext } from "../context.ts";
import { difference, evaluate, type ImageFeatures, intervalOf, type TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import type { Plot, Table } from "../result.ts";
import { type EvaluationSet, openEvaluationSet } from "../seven-sets.ts";
import { onTrainingImages } from "./layouts.ts";

const SCALES = [1, 2, 3];
const FRACTIONS = [0.36, 0.5, 0.7, 0.85];
/** Output on the grid of 1x, as the reference's default. */
const OPTIONS = { scales: SCALES, fit: "squash", fusion: "bilinear" } as const;

/** Scores of an image's tiles, scale by scale; the first scale has none. */
type Scores = readonly (readonly number[])[];

interface Kept {
  readonly tiles: number;
  readonly heldOut: Interval;
  readonly test: Interval;
  readonly gain: Interval | null;
}

const MEASURES = ["mean absolute difference", "mean squared difference", "variance of tokens", "disagreement of scales"] as const;

type Measured = Readonly<Record<string, Scores>>;

/** Orders in which every tile of 2x comes before those of 3x: the finest scale is thinned out first. */
const FINEST_FIRST: Readonly<Record<string, (typeof MEASURES)[number]>> = {
  "mean absolute difference, finest first": "mean absolute difference",
  "variance of tokens, finest first": "variance of tokens",
};
const ALL_MEASURES = [...MEASURES, ...Object.keys(FINEST_FIRST)];

const finestFirst = (scores: Measured): Measured =>
  Object.fromEntries(
    Object.entries(scores).map(([path, [one, two, three]]) => [path, [one, two.map((score) => score + 1e9), three]]),
  );

export const adaptive: Experiment = {
  name: "adaptive",
  title: "Adaptive S²: tiles only where there is detail",
  question: "How much of the gain of S² is left when only the tiles with most detail are run, and how is detail best measured?",
  async run(context) {
    const tables: Table[] = [];
    const plots: Plot[] = [];
    const findings: string[] = [];
    for (const name of ["camvid", "coco128"]) {
      const set = await openEvaluationSet(context, name);
      const rows = await rowsOf(context, set);
      const [one, all] = [rows.get("1x")!, rows.get("1x+2x+3x")!];
      const gainKept = (kept: Kept, of: "heldOut" | "test") =>
        (100 * (kept[of].value - one[of].value)) / (all[of].value - one[of].value);
      tables.push({
        title: name,
        columns: [
          "tiles",
          "tiles run",
          "mIoU, held out",
          "part of the gain, %",
          "mIoU, test, %",
          "part of the gain, %",
          "mIoU − that of 1x",
        ],
        rows: [...rows].map(([row, kept]) => [
          row,
          kept.tiles.toFixed(1),
          kept.heldOut,
          gainKept(kept, "heldOut"),
          kept.test,
          gainKept(kept, "test"),
          kept.gain,
        ]),
      });
      plots.push({
        ...{ name, title: `${name}: mIoU by tiles that are run`, kind: "line", x: "fraction of the tiles", y: "mIoU, %" },
        groups: [...FRACTIONS.map(String), "1"],
        series: ALL_MEASURES.map((measure) => ({
          name: measure,
          values: [...FRACTIONS.map((fraction) => rows.get(rowName(measure, fraction))!.test), all.test],
        })),
      });
      for (const measure of ALL_MEASURES) {
        const areas = (["heldOut", "test"] as const).map(
          (of) =>
            FRACTIONS.reduce((sum, fraction) => sum + gainKept(rows.get(rowName(measure, fraction))!, of), 0) / FRACTIONS.length,
        );
        findings.push(
          `${name}: ${measure} keeps ${areas[0].toFixed(0)} % of the gain on held-out training images and ${areas[1].toFixed(0)} % on the test images, as a mean over ${FRACTIONS.join(", ")} of the tiles.`,
        );
      }
    }
    return {
      method: [
        "1x, 2x and 3x of the squashed image (14 tiles) on the grid of 1x. Tiles of 2x and 3x are scored; those below a threshold are not run, and their tokens are those of the scale before, enlarged bilinearly. The threshold is a quantile over the training images, so that their mean is the fraction of tiles; an image with much detail has more tiles than one with little.",
        "Mean absolute and mean squared difference: of the image at a scale and the image at the scale before, enlarged bilinearly. Variance of tokens: of the scale before, over the tile. Disagreement: the squared difference of the tokens of 1x and 2x, both enlarged, over a tile of 3x; 2x always runs. The last two need the model's outputs of the scale before.",
        "Held out: the head is fitted to two thirds of the training images and evaluated on the others; the measure was chosen by it.",
      ],
      tables,
      plots,
      findings,
      seeds: [],
    };
  },
};

const rowName = (measure: string, fraction: number): string => `${measure}, ${100 * fraction} %`;

async function rowsOf(context: ExperimentContext, { task, heads: [{ options }] }: EvaluationSet): Promise<Map<string, Kept>> {
  const { folder, splits, set } = task;
  const images = [...splits.train, ...splits.validation, ...splits.test].map(({ path }) => path);
  const traits = { imageSize: [context.model.side, context.model.side], patchSize: context.model.patch } as const;
  const single = await context.planned(folder, images, () => ({ ...OPTIONS, scales: [1] }));
  const baseline = await evaluate(task, context, "1x", single, options);
  const rows = new Map<string, Kept>();
  const keep = async (name: string, features: ImageFeatures, tiles: number) => {
    const test = name === "1x" ? baseline : await evaluate(task, context, name, features, options);
    const heldOut = await evaluate(onTrainingImages(task), context, name, features, options);
    const gain = name === "1x" ? null : difference(test, baseline, "mIoU");
    return { tiles, heldOut: intervalOf(heldOut, "mIoU"), test: intervalOf(test, "mIoU"), gain };
  };
  const row = async (name: string, tiles: number, make: () => Promise<ImageFeatures>) => {
    const kept = await context.kept(`${context.model.name} ${set.name} ${name}`, async () => keep(name, await make(), tiles));
    context.say(
      `${set.name} ${name}: ${kept.tiles.toFixed(1)} tiles, ${kept.test.value.toFixed(2)} (held out ${kept.heldOut.value.toFixed(2)})`,
    );
    rows.set(name, kept);
  };
  await row("1x", 1, async () => single);
  await row("1x+2x+3x", 14, () => context.planned(folder, images, () => OPTIONS));
  const scores = await context.kept(`${context.model.name} ${set.name} scores`, () => scoresOf(context, task, images, traits));
  const training = splits.train.map(({ path }) => path);
  for (const measure of ALL_MEASURES) {
    const ordered = FINEST_FIRST[measure];
    const measured = ordered ? finestFirst(scores[ordered]) : scores[measure as (typeof MEASURES)[number]];
    for (const fraction of FRACTIONS) {
      const { skipped, tiles } = skippedTiles(measured, training, fraction);
      const planOf = (image: { height: number; width: number }, path: string): S2Plan => {
        const plan = planImage(image, OPTIONS, { ...traits, prefixTokens: 1, layout: "bnc" });
        const scales = plan.scales.map((scale, i) => ({ ...scale, skipped: skipped(path, i) }));
        return { ...plan, scales, tiles: scales.reduce((sum, each) => sum + each.tiles.length - each.skipped.length, 0) };
      };
      await row(rowName(measure, fraction), tiles(images), () => context.planned(folder, images, planOf));
    }
  }
  return rows;
}

/** The tiles that are not run when the training images run a fraction of theirs in the mean. */
function skippedTiles(scores: Record<string, Scores>, training: readonly string[], fraction: number) {
  const rising = training.flatMap((path) => scores[path].flat()).sort((a, b) => a - b);
  const scored = rising.length / training.length;
  const threshold = rising[Math.round((1 - fraction) * 14 * (rising.length / scored))];
  const skipped = (path: string, scale: number): number[] =>
    [...(scores[path][scale] ?? []).keys()].filter((tile) => scores[path][scale][tile] < threshold);
  const tiles = (images: readonly string[]) =>
    14 -
    images.reduce((sum, path) => sum + SCALES.reduce((n, _, scale) => n + skipped(path, scale).length, 0), 0) / images.length;
  return { skipped, tiles };
}

type Traits = { readonly imageSize: readonly [number, number]; readonly patchSize: number };

async function scoresOf(
  context: ExperimentContext,
  { folder }: TaskData,
  images: readonly string[],
  traits: Traits,
): Promise<Record<(typeof MEASURES)[number], Record<string, Scores>>> {
  const scores = Object.fromEntries(MEASURES.map((name) => [name, {}])) as Record<
    (typeof MEASURES)[number],
    Record<string, Scores>
  >;
  const fine = await context.planned(folder, images, () => ({ ...OPTIONS, scales: [1, 2], outputScale: "finest" }));
  for (const path of images) {
    const photo = await loadImage(await folder.read(path));
    const { scales } = planImage(photo, { ...OPTIONS, tileFraction: 1e-9 }, traits);
    scores["mean absolute difference"][path] = scales.map(({ detail = [] }) => detail);
    scores["mean squared difference"][path] = squaredDifferences(photo, traits.imageSize[0]);
    scores["variance of tokens"][path] = [[], spread(fine.get(path)!, 0, 2), spread(fine.get(path)!, 1, 3)];
    scores["disagreement of scales"][path] = [[], [], disagreement(fine.get(path)!, 3)];
  }
  return scores;
}

/** Mean squared difference of 2x and 3x from the scale before, enlarged, tile by tile. */
function squaredDifferences(photo: Photo, side: number): Scores {
  const at = SCALES.map((scale) => resizePixels(photo, [scale * side, scale * side], "bicubic"));
  return at.map((fine: Pixels, i) => {
    if (i === 0) return [];
    const coarse = resizePixels(at[i - 1], [fine.height, fine.width], "bilinear");
    return tilesOf(i + 1, (row, col) => {
      let sum = 0;
      for (let y = row * side; y < (row + 1) * side; y++)
        for (let k = (y * fine.width + col * side) * 3; k < (y * fine.width + (col + 1) * side) * 3; k++)
          sum += (fine.data[k] - coarse.data[k]) ** 2;
      return sum / (side * side * 3);
    });
  });
}

const tilesOf = (tiles: number, score: (row: number, col: number) => number): number[] =>
  Array.from({ length: tiles * tiles }, (_, i) => score(Math.floor(i / tiles), i % tiles));

/** Reads token (y, x) of scale `scale`, channel c. */
function reader({ data, channels, prefix, grid, channelsPerScale }: ImageTokens, scale: number) {
  const width = channelsPerScale[0];
  return {
    width,
    read: (y: number, x: number, c: number) => data[(prefix + y * grid.cols + x) * channels + scale * width + c],
  };
}

/** Tokens of the grid under a tile of `tiles` by `tiles`. */
function* under({ grid }: ImageTokens, tiles: number, row: number, col: number): Generator<[y: number, x: number]> {
  const from = (i: number, cells: number) => Math.floor((i * cells) / tiles);
  for (let y = from(row, grid.rows); y < from(row + 1, grid.rows); y++)
    for (let x = from(col, grid.cols); x < from(col + 1, grid.cols); x++) yield [y, x];
}

/** Variance over a tile of the tokens of a scale, summed over channels. */
function spread(tokens: ImageTokens, scale: number, tiles: number): number[] {
  const { width, read } = reader(tokens, scale);
  return tilesOf(tiles, (row, col) => {
    const at = [...under(tokens, tiles, row, col)];
    let sum = 0;
    for (let c = 0; c < width; c++) {
      let [first, second] = [0, 0];
      for (const [y, x] of at) {
        const value = read(y, x, c);
        first += value;
        second += value * value;
      }
      sum += second / at.length - (first / at.length) ** 2;
    }
    return sum;
  });
}

/** Mean squared difference over a tile of the tokens of 1x and 2x. */
function disagreement(tokens: ImageTokens, tiles: number): number[] {
  const [one, two] = [reader(tokens, 0), reader(tokens, 1)];
  return tilesOf(tiles, (row, col) => {
    const at = [...under(tokens, tiles, row, col)];
    let sum = 0;
    for (const [y, x] of at) for (let c = 0; c < one.width; c++) sum += (one.read(y, x, c) - two.read(y, x, c)) ** 2;
    return sum / at.length;
  });
}
