/** `advise`: heads fitted at one, two and three scales and to controls, their figures on the same test images, costs and a verdict. */
import { S2Error } from "../core/index.ts";
import type { DataSet, Task } from "../datasets/index.ts";
import { takeScales } from "../features/index.ts";
import type { ExtractionConfig } from "../store/index.ts";
import { type Advice, adviseOn, type Candidate, type Candidates, type Cost, listCandidates } from "./advice.ts";
import { measureCosts } from "./costs.ts";
import { type EvaluateOptions, evaluateTask, type TaskSums } from "./evaluate.ts";
import { commonImages } from "./evaluate-data-set.ts";
import { type ExtractDataSetOptions, extractDataSet, type FailedImage, type ImageFeatures } from "./extract-data-set.ts";
import { taskFigures } from "./figures.ts";
import { fitTask, headFor, type TaskHeadName, type TaskOptions } from "./fit.ts";
import { fitRandomProjection, projectFeatures } from "./project.ts";
import type { TaskSplits } from "./splits.ts";

/** A model with its name in the store and its fingerprint. */
export type NamedModel = Pick<ExtractDataSetOptions, "model" | "modelName" | "modelHash">;

/** Another model to compare with at one scale. It is opened when its turn comes, so that no more than two are in memory. */
export interface OtherModel {
  /** Name of the candidate. */
  readonly name: string;
  /** Opens the model; returns undefined if it cannot be had, and then it is left out. */
  open(): Promise<(NamedModel & { close(): Promise<void> }) | undefined>;
}

/** The model, how images are read, the head, and what else to compare with. */
export interface AdviseOptions
  extends Omit<ExtractDataSetOptions, "extraction">,
    TaskOptions,
    Pick<EvaluateOptions, "objectsFrom"> {
  /** The same model with a larger input. */
  readonly largerInput?: OtherModel;
  /** A larger model. */
  readonly larger?: OtherModel;
  /** Seed of the random projection; default 1. */
  readonly seed?: number;
  /** Called with each candidate as soon as it is evaluated. */
  readonly onCandidate?: (candidate: Candidate) => void;
}

/** The advice with the figures and costs that it follows from. */
export interface DataSetAdvice extends Advice {
  /** Name of the head that was fitted. */
  readonly head: TaskHeadName;
  readonly candidates: Candidates;
  readonly failed: readonly FailedImage[];
}

/** State that all candidates share. */
interface Run {
  readonly set: DataSet;
  readonly splits: TaskSplits<Task>;
  readonly options: AdviseOptions & { readonly head: TaskHeadName };
  readonly failed: Map<string, FailedImage>;
}

/** A candidate before it is known which images all candidates have. */
interface Evaluated extends Omit<Candidate, "figure"> {
  readonly sums: TaskSums;
}

/** An extraction config to compare. */
interface NamedConfig {
  readonly name: string;
  readonly extraction: ExtractionConfig;
  /** Takes the features from the first scales of `WIDEST`, so that the model does not run on them again. */
  readonly firstScales?: number;
}

/** The authors' own S²; named, so that other defaults of `extract` do not change what is compared. */
const REFERENCE = { fit: "squash", fusion: "reference", resizeOutputToIdx: 0 } as const;
const firstScales = (count: number): NamedConfig => {
  const scales = [1, 2, 3].slice(0, count);
  return { name: scales.map((scale) => `${scale}x`).join("+"), extraction: { ...REFERENCE, scales }, firstScales: count };
};
const SINGLE = firstScales(1);
const WIDEST = firstScales(3);
/** Lists the configs of S² that are compared with `SINGLE`. */
const multiFor = (task: Task): readonly NamedConfig[] => {
  const preset = task === "classification" ? "global" : "dense";
  return [firstScales(2), WIDEST, { name: `preset ${preset}`, extraction: { preset } }];
};

/**
 * Advises whether S² is worth it on a data set. Images that fail for one candidate count for none. Heads are fitted one after the other, so that
 * at most two sets of features are in memory.
 * @throws S2Error "data-set" without test images; as `extractDataSet` and `fitTask`.
 */
export async function advise(set: DataSet, splits: TaskSplits<Task>, options: AdviseOptions): Promise<DataSetAdvice> {
  const head = headFor(set, splits.train, options.head);
  checkTestSplit(set, splits);
  const run: Run = { set, splits, options: { ...options, head }, failed: new Map() };
  const all = await extract(run, options, WIDEST.extraction);
  const configs = [SINGLE, ...multiFor(set.task)];
  const extractions = configs.map(({ extraction }) => extraction);
  const costs = await measureCosts(options, testPaths(run), extractions);
  const compared: Evaluated[] = [];
  for (const [i, { name, extraction, firstScales }] of configs.entries()) {
    const features = firstScales ? firstOf(all, firstScales) : await extract(run, options, extraction);
    compared.push(await evaluate(run, name, features, costs[i]));
  }
  const [single, ...multi] = compared;
  const controlled = multi[configs.indexOf(WIDEST) - 1];
  const { name, cost } = controlled;
  const projected = await evaluate(run, `${name} in 1x's channels`, await projectToOneScale(run, all), cost);
  const enlarged = await extract(run, options, { ...WIDEST.extraction, upsampled: true });
  const upsampled = await evaluate(run, `${name} of enlarged pixels`, enlarged, cost);
  const largerInput = await evaluateOther(run, options.largerInput);
  const larger = await evaluateOther(run, options.larger);
  const candidates = onCommonImages(set.task, { single, multi, controlled, projected, upsampled, largerInput, larger });
  return { ...adviseOn(candidates), head, candidates, failed: [...run.failed.values()] };
}

/** @throws S2Error "data-set" when a data set has no test images to advise on. */
export function checkTestSplit({ name }: DataSet, { test }: TaskSplits<Task>): void {
  if (test.length > 0) return;
  throw new S2Error(
    "data-set",
    `"${name}" has no test split, and a verdict needs images that no head has seen; testFraction 0.3 splits them off.`,
    { option: "testFraction" },
  );
}

const testPaths = ({ splits, failed }: Run) => splits.test.map(({ path }) => path).filter((path) => !failed.has(path));

/** Extracts the features of all images but those that have failed before. */
async function extract(
  { set, splits, options, failed }: Run,
  { model, modelName, modelHash }: NamedModel,
  extraction: ExtractionConfig,
): Promise<ImageFeatures> {
  const images = [splits.train, splits.validation, splits.test].flat().filter(({ path }) => !failed.has(path));
  const extracted = await extractDataSet(images, set.task, { ...options, model, modelName, modelHash, extraction });
  for (const each of extracted.failed) failed.set(each.path, each);
  return extracted.features;
}

const firstOf = (features: ImageFeatures, count: number): ImageFeatures =>
  new Map([...features].map(([path, tokens]) => [path, takeScales(tokens, [...Array(count).keys()])]));

/** Projects at random, since a projection that is fitted to the answers would be part of the head. */
async function projectToOneScale({ splits, options }: Run, features: ImageFeatures): Promise<ImageFeatures> {
  const { openGraph, seed = 1 } = options;
  const [{ channels, channelsPerScale }] = features.values();
  const batches = splits.train.flatMap(({ path }) => features.get(path)?.data ?? []);
  const map = fitRandomProjection(batches, { channels, width: channelsPerScale[0], seed });
  return projectFeatures(features, map, openGraph);
}

/** Fits the head to these features and evaluates it on the test images. */
async function evaluate({ set, splits, options }: Run, name: string, features: ImageFeatures, cost: Cost): Promise<Evaluated> {
  const { openGraph, objectsFrom, signal } = options;
  const read = (path: string) => features.get(path);
  const { head } = await fitTask(set, splits, read, options);
  const sums = await evaluateTask(head, set, splits.test, read, { openGraph, objectsFrom, signal });
  const [figure] = taskFigures(set.task, sums);
  options.onCandidate?.({ name, figure, cost });
  return { name, cost, sums };
}

async function evaluateOther(run: Run, other: OtherModel | undefined): Promise<Evaluated | undefined> {
  const opened = await other?.open();
  if (!other || !opened) return undefined;
  try {
    const features = await extract(run, opened, SINGLE.extraction);
    const [cost] = await measureCosts({ ...run.options, model: opened.model }, testPaths(run), [SINGLE.extraction]);
    return await evaluate(run, other.name, features, cost);
  } finally {
    await opened.close();
  }
}

/** Computes the figures of all candidates on the test images that all of them have. */
function onCommonImages(task: Task, all: Candidates<Evaluated>): Candidates {
  const listed = listCandidates(all);
  const sums = commonImages(listed.map((each) => each.sums));
  const figured = (each: Evaluated): Candidate => {
    const [figure] = taskFigures(task, sums[listed.indexOf(each)]);
    return { name: each.name, cost: each.cost, figure };
  };
  const { single, multi, controlled, ...others } = all;
  const named = Object.entries(others).map(([name, each]) => [name, each && figured(each)] as const);
  const scaled = multi.map(figured);
  const common = { single: figured(single), multi: scaled, controlled: scaled[multi.indexOf(controlled)] };
  return { ...common, ...Object.fromEntries(named) };
}
