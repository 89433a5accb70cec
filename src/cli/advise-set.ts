/** The work of `s2 advise`: features by every way of looking, a head and its figure for each, costs, and the verdict. */
import { basename } from "node:path";
import { S2Error } from "../core/index.ts";
import type { Task } from "../datasets/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { takeScales } from "../features/index.ts";
import { interval } from "../metrics/index.ts";
import type { Model } from "../node.ts";
import type { ExtractionConfig } from "../store/index.ts";
import {
  adviseOn,
  type Candidate,
  type Candidates,
  type Cost,
  evaluateTask,
  fitRandomProjection,
  fitTask,
  gain,
  headFor,
  projectFeatures,
  type TaskHeadName,
  type TaskSplits,
  taskFigures,
  taskSplits,
} from "../tasks/index.ts";
import { collectionFor } from "./collection.ts";
import type { AdviseFlags } from "./command-flags.ts";
import { costsOf } from "./costs.ts";
import { failingWith } from "./errors.ts";
import { extractDataSet, keptOf } from "./gather.ts";
import { listenForInterrupt, stopSignal, untilStopped } from "./interrupt.ts";
import { differenceInWords, inWords } from "./measures.ts";
import { type OpenedSet, openSet } from "./open-set.ts";
import { writeMessage, writeResult } from "./output.ts";
import { graphsOf, openModel } from "./plan-flags.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";

type Features = ReadonlyMap<string, ImageTokens>;

const SQUASH = { fit: "squash" } as const;
const ALL: ExtractionConfig = { ...SQUASH, scales: [1, 2, 3] };
const NAMES = ["1x", "1x+2x", "1x+2x+3x"];

/** What all ways of looking share. */
interface Bench {
  readonly opened: OpenedSet;
  readonly splits: TaskSplits<Task>;
  readonly flags: AdviseFlags & { readonly head: TaskHeadName };
  readonly failed: Set<string>;
}

/** Returns the exit status. */
export async function adviseSet(path: string, flags: AdviseFlags): Promise<number> {
  listenForInterrupt();
  const opened = await openSet(path, flags, flags.store);
  const { set } = opened;
  const splits = taskSplits<Task>(set, flags);
  const head = headFor(set, splits.train, flags.head);
  if (splits.test.length === 0)
    throw new S2Error(
      "data-set",
      `"${set.name}" has no test split, and a verdict needs images that no head has seen; --test-fraction 0.3 splits them off.`,
    );
  if (!flags.quiet) for (const note of splits.notes) writeMessage(`note: ${note}\n`);
  const bench: Bench = { opened, splits, flags: { ...flags, head }, failed: new Set() };
  const notes: string[] = [];
  const candidates = await untilStopped(() => allCandidates(bench, notes));
  const unused = bench.failed.size + set.issues.filter(({ used }) => !used).length;
  const advice = adviseOn(candidates);
  const rows = inOrder(candidates);
  const counts = {
    train: splits.train.length,
    validation: splits.validation.length,
    test: rows[0].figure.score.images.length,
    failed: unused,
  };
  if (flags.json) {
    const ways = rows.map((one) => {
      const { score, ...figure } = one.figure;
      const better = one === rows[0] ? undefined : gain(one, rows[0]);
      return { way: one.name, ...figure, ...interval(score), gain: better, cost: one.cost };
    });
    writeResult(`${JSON.stringify({ set: set.name, kind: set.task, head, images: counts, ways, ...advice, notes })}\n`);
  } else writeResult(`${inText(set.name, head, counts, rows, [...advice.sentences, ...notes])}\n`);
  return unused > 0 ? status.someFailed : status.ok;
}

/** The same images for all: those that every way of looking has features of. Heads are fitted one after the other, so that one set of features is in memory beside the first. */
async function allCandidates(bench: Bench, notes: string[]): Promise<Candidates> {
  const { flags } = bench;
  const model = await openModel(flags);
  try {
    const all = await look(bench, model, flags, ALL);
    const costs = await costsOf(
      model,
      bench.opened.place.base,
      testPaths(bench),
      NAMES.map((_, i) => ({ ...SQUASH, scales: [1, 2, 3].slice(0, i + 1) })),
    );
    const scales = NAMES.map((_, i) => i);
    const some = (count: number) => mapped(all, (tokens) => takeScales(tokens, scales.slice(0, count)));
    const single = await candidate(bench, NAMES[0], await some(1), costs[0]);
    const multi = [await candidate(bench, NAMES[1], await some(2), costs[1]), await candidate(bench, NAMES[2], all, costs[2])];
    const projected = await candidate(bench, `${NAMES[2]} in 1x's channels`, await narrowed(bench, all), costs[2]);
    const upsampled = await candidate(
      bench,
      `${NAMES[2]} of enlarged pixels`,
      await look(bench, model, flags, { ...ALL, upsampled: true }),
      costs[2],
    );
    const largerInput = await twiceTheSide(bench, model, notes);
    const larger = flags.larger ? await largerModel(bench, anotherModel(flags, flags.larger)) : undefined;
    return { single, multi, projected, upsampled, ...(largerInput && { largerInput }), ...(larger && { larger }) };
  } finally {
    await model.dispose();
  }
}

/** The flags without those that describe the first model's graph. */
const anotherModel = ({ output, prefixTokens, patchSize, imageSize, ...flags }: AdviseFlags, model: string) => ({
  ...flags,
  model,
});

/** The control that needs a model without a size of its own. */
async function twiceTheSide(bench: Bench, { traits }: Model, notes: string[]): Promise<Candidate | undefined> {
  const [height, width] = (traits.imageSize ?? [224, 224]).map((side) => 2 * side);
  const flags = { ...bench.flags, imageSize: [height, width] as const };
  let model: Model;
  try {
    model = await openModel(flags);
  } catch (error) {
    // A graph of one size, or weights that are not at hand; anything else is a fault and is thrown.
    if (!(error instanceof S2Error && notAtThisSize.has(error.code))) throw error;
    notes.push(
      `More pixels without S² were not tried: this model cannot be had at ${width}x${height}. A folder with config.json and model.safetensors can.`,
    );
    return undefined;
  }
  return atOneScale(bench, flags, model, `${width}x${height} at once`);
}

async function largerModel(bench: Bench, flags: AdviseFlags & { readonly model: string }): Promise<Candidate> {
  return atOneScale(bench, flags, await openModel(flags), basename(flags.model, ".onnx"));
}

/** Codes of `loadModel` for a size that a model cannot have. */
const notAtThisSize: ReadonlySet<string> = new Set(["input", "architecture", "prefix-tokens"]);

async function atOneScale(bench: Bench, flags: AdviseFlags, model: Model, name: string): Promise<Candidate> {
  try {
    const one: ExtractionConfig = { ...SQUASH, scales: [1] };
    const features = await look(bench, model, flags, one);
    const [cost] = await costsOf(model, bench.opened.place.base, testPaths(bench), [one]);
    return await candidate(bench, name, features, cost);
  } finally {
    await model.dispose();
  }
}

const testPaths = ({ splits, failed }: Bench) => splits.test.map(({ path }) => path).filter((path) => !failed.has(path));

/** Features of every image, from the store where they hold; what fails once is left out everywhere. */
async function look(
  { opened, splits, flags, failed }: Bench,
  model: Model,
  modelFlags: AdviseFlags,
  way: ExtractionConfig,
): Promise<Features> {
  const collection = await collectionFor(model, modelFlags, way, opened.place);
  const size = modelFlags.imageSize === flags.imageSize ? "" : `-${String(modelFlags.imageSize).replace(",", "x")}`;
  const images = [splits.train, splits.validation, splits.test].flat().map(({ path }) => path);
  const wanted = images.filter((path) => !failed.has(path));
  const gathered = await extractDataSet(
    wanted,
    { ...collection, modelName: collection.modelName + size },
    flags,
    keptOf(opened.set.task),
  );
  for (const { path } of gathered.failed) failed.add(path);
  if (gathered.features.size > 0) return gathered.features;
  return failingWith(status.allFailed, () => {
    throw new S2Error("image-broken", `None of the ${images.length} images could be used; see what is said of each.`);
  });
}

async function mapped(features: Features, map: (tokens: ImageTokens) => ImageTokens | Promise<ImageTokens>): Promise<Features> {
  const found = new Map<string, ImageTokens>();
  for (const [path, tokens] of features) found.set(path, await map(tokens));
  return found;
}

/** A random map made for the training images: it cannot fit the answers. */
async function narrowed({ splits, flags }: Bench, features: Features): Promise<Features> {
  const [{ channels, channelsPerScale }] = features.values();
  const batches = splits.train.flatMap(({ path }) => features.get(path)?.data ?? []);
  const map = fitRandomProjection(batches, { channels, width: channelsPerScale[0], seed: flags.seed ?? 1 });
  return projectFeatures(features, map, graphsOf(flags));
}

/** Fits the head to these features and measures it on the test images. */
async function candidate({ opened, splits, flags }: Bench, name: string, features: Features, cost: Cost): Promise<Candidate> {
  const { set } = opened;
  const read = (path: string) => features.get(path);
  const options = { ...flags, openGraph: graphsOf(flags), signal: stopSignal };
  const { head } = await fitTask(set, splits, read, options);
  const [figure] = taskFigures(set.task, await evaluateTask(head, set, splits.test, read, options));
  if (!flags.quiet && !flags.json && process.stderr.isTTY)
    writeMessage(`${name}: ${figure.name} ${inWords({ ...figure, ...interval(figure.score) })}\n`);
  return { name, figure, cost };
}

const inOrder = ({ single, multi, projected, upsampled, largerInput, larger }: Candidates): Candidate[] =>
  [single, ...multi, projected, upsampled, largerInput, larger].filter((one) => one !== undefined);

function inText(
  set: string,
  head: string,
  counts: Record<string, number>,
  rows: readonly Candidate[],
  sentences: readonly string[],
): string {
  const [single] = rows;
  const { train, validation, test, failed } = counts;
  const unused = failed > 0 ? `; ${failed} files could not be used` : "";
  const lines = rows.map((one) => {
    const { score, unit, better } = one.figure;
    const gained = one === single ? "" : differenceInWords({ unit, ...gain(one, single) });
    const { tiles, milliseconds, megabytes } = one.cost;
    return [
      one.name,
      inWords({ unit, ...interval(score) }),
      better === "lower" && gained ? `${gained} less` : gained,
      String(tiles),
      milliseconds.toFixed(0),
      megabytes.toFixed(2),
    ];
  });
  return [
    `${set}: ${train} images to learn from, ${validation} to choose by, ${test} to test on${unused}; ${head}`,
    ...table(["", single.figure.name, `better than ${single.name} by`, "tiles", "ms an image", "MB an image"], lines),
    "",
    ...sentences,
  ].join("\n");
}
