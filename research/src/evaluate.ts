/** Evaluation of features: a head fitted to them, tested on the same images as others, with figures that can be compared. */

import { type DataSet, type DataSetOptions, type Folder, openDataSet, type Task } from "s2-vision/datasets";
import type { ImageTokens } from "s2-vision/heads";
import { compare, type Interval, interval, type Score } from "s2-vision/metrics";
import {
  type ExtractionConfig,
  evaluateTask,
  fitTask,
  poolTo,
  type TaskOptions,
  type TaskSet,
  type TaskSplits,
  takeScales,
  taskFigures,
  taskSplits,
} from "s2-vision/tasks";
import type { ExperimentContext, ModelVariant } from "./context.ts";
import { ResearchError } from "./error.ts";
import { isSignificant, type Measure, verdict } from "./experiment.ts";
import type { Cell, Table } from "./result.ts";

export type ImageFeatures = ReadonlyMap<string, ImageTokens>;

/** A data set with its splits for training, validation and test. */
export interface TaskData<K extends Task = Task> {
  readonly folder: Folder;
  readonly set: DataSet<K>;
  readonly splits: TaskSplits<K>;
}

/** Opens a data set. Without a test split the validation split is tested on, and validation images are split off from train. */
export async function openTaskSet<K extends Task>(
  context: ExperimentContext,
  path: string,
  options: DataSetOptions<K> & { readonly change?: (set: DataSet<K>) => DataSet<K> } = {},
): Promise<TaskData<K>> {
  const { change = (set) => set, ...dataSetOptions } = options;
  const folder = context.data(path);
  context.say(`reading ${path}`);
  const set = change(await openDataSet(folder, dataSetOptions as DataSetOptions<K>));
  for (const { path: file, reason, used } of set.issues) if (!used) context.issues.push({ path: `${path}/${file}`, reason });
  const { val, test, ...others } = set.splits as Record<string, readonly never[]>;
  const splits = test || !val ? set.splits : { ...others, test: val };
  const changed = { ...set, splits } as DataSet<K>;
  return { folder, set: changed, splits: taskSplits(changed) };
}

/** Extracts the features of all images of a data set. */
export function extractFeatures(
  { folder, splits }: TaskData,
  context: ExperimentContext,
  extraction: ExtractionConfig,
  variant?: ModelVariant,
): Promise<ImageFeatures> {
  const images = [...splits.train, ...splits.validation, ...splits.test].map(({ path }) => path);
  context.say(
    `features of ${images.length} images of ${folder.name}: ${JSON.stringify({ ...extraction, ...(variant && { variant }) })}`,
  );
  return context.features(folder, images, extraction, variant);
}

/** Applies a function to the features of every image. */
export const mapAll = (features: ImageFeatures, make: (tokens: ImageTokens) => ImageTokens): ImageFeatures =>
  new Map([...features].map(([image, tokens]) => [image, make(tokens)]));

/** Takes the first scales of every image's features. */
export const firstScales = (features: ImageFeatures, count: number): ImageFeatures =>
  mapAll(features, (tokens) => takeScales(tokens, [...Array(count).keys()]));

/** Pools features of `finest(1 .. times)` to the model's grid, which gives those of `native`: area pooling can be done in two steps. */
export const onModelGrid = (features: ImageFeatures, times: number): ImageFeatures =>
  mapAll(features, (tokens) => poolTo(tokens, { rows: tokens.grid.rows / times, cols: tokens.grid.cols / times }));

export interface Evaluation {
  readonly name: string;
  /** Channels per token. */
  readonly channels: number;
  readonly grid: ImageTokens["grid"];
  readonly figures: ReturnType<typeof taskFigures>;
  readonly sums: Parameters<typeof taskFigures>[1];
}

/** Options of fitting a head and of evaluating it. */
export type EvaluateOptions = Omit<TaskOptions & Parameters<typeof evaluateTask>[4], "openGraph">;

/** Fits a head to the features and evaluates it on the test images. */
export async function evaluate<K extends Task>(
  task: TaskData<K>,
  context: ExperimentContext,
  name: string,
  features: ImageFeatures,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const [test] = await evaluateOn(["test"], task, context, name, features, options);
  return test;
}

/** Fits a head to the features and evaluates it on the images of some splits. */
export async function evaluateOn<K extends Task>(
  on: readonly ("validation" | "test")[],
  { set, splits }: TaskData<K>,
  context: ExperimentContext,
  name: string,
  features: ImageFeatures,
  options: EvaluateOptions,
): Promise<Evaluation[]> {
  context.say(`fitting ${options.head ?? "a head"} to ${name} of ${set.name}`);
  const shared = { ...options, openGraph: context.openGraph };
  const featuresOf = (path: string) => features.get(path);
  const taskSet = set as unknown as TaskSet<K>; // a union of K's data sets does not narrow
  const { head } = await fitTask(taskSet, splits, featuresOf, shared);
  const [{ channels, grid }] = features.values();
  const evaluations: Evaluation[] = [];
  for (const split of on) {
    const sums = await evaluateTask(head, taskSet, splits[split], featuresOf, shared);
    evaluations.push({ name, channels, grid, figures: taskFigures(set.task, sums), sums });
  }
  return evaluations;
}

/** Returns the factor and unit in which a figure is shown: percent, centimeters, or the number itself. */
function scaling({ name, unit }: ReturnType<typeof taskFigures>[number]): { factor: number; unit?: string } {
  if (unit === "fraction") return { factor: 100, unit: "points" };
  if (unit === "meters") return { factor: 100, unit: "cm" };
  return name.startsWith("AbsRel") ? { factor: 100, unit: "points" } : { factor: 1 };
}

/**
 * Returns a figure in the unit in which it is shown, with its name and direction.
 * @throws ResearchError for a figure that the task does not have on these images.
 */
export function shownFigure({ name: system, figures }: Evaluation, figure: string): { score: Score; measure: Measure } {
  const found = figures.find(({ name }) => name === figure);
  if (!found)
    throw new ResearchError(`${system} has no ${figure} on these images; it has ${figures.map(({ name }) => name).join(", ")}.`);
  const { factor, unit } = scaling(found);
  const { images, measure } = found.score;
  const score = { images, measure: (times?: ArrayLike<number>) => factor * measure(times) };
  return { score, measure: { name: figure, unit, better: found.better, digits: factor === 1 ? 2 : 1 } };
}

export const intervalOf = (evaluation: Evaluation, figure: string): Interval => interval(shownFigure(evaluation, figure).score);

/** Returns the figure of `a` minus that of `b` on the same images. */
export const difference = (a: Evaluation, b: Evaluation, figure: string): Interval =>
  compare(shownFigure(a, figure).score, shownFigure(b, figure).score);

/** Makes a sentence that compares `a` with `b`. */
export const verdictOf = (a: Evaluation, b: Evaluation, figure: string): string =>
  verdict(a.name, b.name, difference(a, b, figure), shownFigure(a, figure).measure);

/** Returns true if `a` is significantly better than `b`. */
export function isBetter(a: Evaluation, b: Evaluation, figure: string): boolean {
  const gap = difference(a, b, figure);
  return isSignificant(gap) && gap.value > 0 === (shownFigure(a, figure).measure.better === "higher");
}

/** Makes a table of evaluations: their figures, and the difference of the first figure to the first evaluation. */
export function comparison(title: string, systems: readonly Evaluation[], figures: readonly string[], digits = 1): Table {
  const [baseline] = systems;
  const [main] = figures;
  const unit = (figure: string) => {
    const { unit } = shownFigure(baseline, figure).measure;
    return unit === "points" ? ", %" : unit ? `, ${unit}` : "";
  };
  const columns = [
    "features",
    "grid",
    "channels",
    ...figures.map((figure) => figure + unit(figure)),
    `${main} − that of ${baseline.name}`,
  ];
  const rows = systems.map((system): Cell[] => [
    system.name,
    `${system.grid.cols}x${system.grid.rows}`,
    String(system.channels),
    ...figures.map((figure) => intervalOf(system, figure)),
    system === baseline ? null : difference(system, baseline, main),
  ]);
  return { title, columns, rows, digits };
}
