/** Ways of making features judged side by side: a head fitted to each, tested on the same images, with figures that can be compared. */
import { S2Error } from "../core/index.ts";
import type { DataSet, DataSetOptions, Folder, Task } from "../datasets/index.ts";
import { openDataSet } from "../datasets/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { poolTo } from "../features/index.ts";
import type { Interval, Score } from "../metrics/index.ts";
import { compare, interval } from "../metrics/index.ts";
import type { ExtractionConfig } from "../store/index.ts";
import {
  evaluateTask,
  fitTask,
  type TaskFigure,
  type TaskOptions,
  type TaskSet,
  type TaskSplits,
  type TaskSums,
  taskFigures,
  taskSplits,
} from "../tasks/index.ts";
import { isClear, type Measure, verdict } from "./experiment.ts";
import type { ExperimentContext, ModelVariant } from "./lab.ts";
import type { Cell, Table } from "./result.ts";

export type ImageFeatures = ReadonlyMap<string, ImageTokens>;

/** A data set of the lab with what is learned from and what is tested on. */
export interface TaskData<K extends Task = Task> {
  readonly folder: Folder;
  readonly set: DataSet<K>;
  readonly parts: TaskSplits<K>;
}

/** Opens a data set; one without a test split is tested on its validation split, and what chooses is split off from train. */
export async function openTaskSet<K extends Task>(
  lab: ExperimentContext,
  path: string,
  options: DataSetOptions<K> & { readonly change?: (set: DataSet<K>) => DataSet<K> } = {},
): Promise<TaskData<K>> {
  const { change = (set) => set, ...how } = options;
  const folder = lab.data(path);
  lab.say(`reading ${path}`);
  const set = change(await openDataSet(folder, how as DataSetOptions<K>));
  for (const { path: file, reason, used } of set.issues) if (!used) lab.problems.push({ path: `${path}/${file}`, reason });
  const { val, test, ...others } = set.splits as Record<string, readonly never[]>;
  const splits = test || !val ? set.splits : { ...others, test: val };
  const changed = { ...set, splits } as DataSet<K>;
  return { folder, set: changed, parts: taskSplits(changed) };
}

/** Features of all images of a task. */
export function extractFeatures(
  { folder, parts }: TaskData,
  lab: ExperimentContext,
  look: ExtractionConfig,
  which?: ModelVariant,
): Promise<ImageFeatures> {
  const images = [...parts.train, ...parts.validation, ...parts.test].map(({ path }) => path);
  lab.say(`features of ${images.length} images of ${folder.name}: ${JSON.stringify({ ...look, ...(which && { which }) })}`);
  return lab.features(folder, images, look, which);
}

/** All images' features made into others. */
export const mapAll = (features: ImageFeatures, make: (tokens: ImageTokens) => ImageTokens): ImageFeatures =>
  new Map([...features].map(([image, tokens]) => [image, make(tokens)]));

/** Features of `finest(1 .. times)` on the model's own grid: what `native` gives, for area pooling in two steps is that in one here. */
export const onModelGrid = (features: ImageFeatures, times: number): ImageFeatures =>
  mapAll(features, (tokens) => poolTo(tokens, { rows: tokens.grid.rows / times, cols: tokens.grid.cols / times }));

export interface Evaluation {
  readonly name: string;
  /** Channels that the head sees of a token. */
  readonly channels: number;
  readonly grid: ImageTokens["grid"];
  readonly figures: readonly TaskFigure[];
  readonly tallies: TaskSums;
}

/** Fits a head to the features and counts it against the truth of the test images. */
export async function evaluate<K extends Task>(
  { set, parts }: TaskData<K>,
  lab: ExperimentContext,
  name: string,
  features: ImageFeatures,
  options: Omit<TaskOptions, "openGraph"> = {},
): Promise<Evaluation> {
  lab.say(`fitting ${options.head ?? "a head"} to ${name} of ${set.name}`);
  const shared = { ...options, openGraph: lab.openGraph };
  const ofImage = (path: string) => features.get(path);
  const asTask = set as unknown as TaskSet<K>; // a union of K's data sets does not narrow
  const { head } = await fitTask(asTask, parts, ofImage, shared);
  const tallies = await evaluateTask(head, asTask, parts.test, ofImage, shared);
  const [{ channels, grid }] = features.values();
  return { name, channels, grid, figures: taskFigures(set.task, tallies), tallies };
}

/** Percent, centimeters, or the number itself: one digit says enough. */
function scaling({ name, unit }: TaskFigure): { factor: number; unit?: string } {
  if (unit === "fraction") return { factor: 100, unit: "points" };
  if (unit === "meters") return { factor: 100, unit: "cm" };
  return name.startsWith("AbsRel") ? { factor: 100, unit: "points" } : { factor: 1 };
}

/**
 * A figure as it is shown: the score in percent or centimeters, and how it is read.
 * @throws S2Error "metric" for a figure that the task has not, or not on these images.
 */
export function shown({ name: system, figures }: Evaluation, figure: string): { score: Score; measure: Measure } {
  const found = figures.find(({ name }) => name === figure);
  if (!found)
    throw new S2Error(
      "metric",
      `${system} has no ${figure} on these images; it has ${figures.map(({ name }) => name).join(", ")}.`,
    );
  const { factor, unit } = scaling(found);
  const { images, measure } = found.score;
  const score = { images, measure: (times?: ArrayLike<number>) => factor * measure(times) };
  return { score, measure: { name: figure, unit, better: found.better, digits: factor === 1 ? 2 : 1 } };
}

export const intervalOf = (judged: Evaluation, figure: string): Interval => interval(shown(judged, figure).score);

/** `a` minus `b`, on the same images. */
export const difference = (a: Evaluation, b: Evaluation, figure: string): Interval =>
  compare(shown(a, figure).score, shown(b, figure).score);

/** A sentence on `a` and `b`. */
export const verdictOf = (a: Evaluation, b: Evaluation, figure: string): string =>
  verdict(a.name, b.name, difference(a, b, figure), shown(a, figure).measure);

/** Whether `a` has more of what is good than `b`, beyond chance. */
export function isBetter(a: Evaluation, b: Evaluation, figure: string): boolean {
  const gap = difference(a, b, figure);
  return isClear(gap) && gap.value > 0 === (shown(a, figure).measure.better === "higher");
}

/** Figures of systems, and the first figure's difference to the first system. */
export function comparison(title: string, systems: readonly Evaluation[], figures: readonly string[], digits = 1): Table {
  const [base] = systems;
  const [main] = figures;
  const unit = (figure: string) => {
    const { unit } = shown(base, figure).measure;
    return unit === "points" ? ", %" : unit ? `, ${unit}` : "";
  };
  const columns = [
    "features",
    "grid",
    "channels",
    ...figures.map((figure) => figure + unit(figure)),
    `${main} − that of ${base.name}`,
  ];
  const rows = systems.map((system): Cell[] => [
    system.name,
    `${system.grid.cols}x${system.grid.rows}`,
    String(system.channels),
    ...figures.map((figure) => intervalOf(system, figure)),
    system === base ? null : difference(system, base, main),
  ]);
  return { title, columns, rows, digits };
}
