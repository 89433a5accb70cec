/** Evaluates the rows of a model on a data set. Each row is kept as it is ready, so that an interrupted run loses one at most. */
import type { Model } from "s2-vision/node";
import { loadImage } from "s2-vision/node";
import { taskFigures } from "s2-vision/tasks";
import type { ExperimentContext, ExperimentModel } from "../context.ts";
import {
  type EvaluateOptions,
  type Evaluation,
  evaluateOn,
  extractFeatures,
  type ImageFeatures,
  shownFigure,
  type TaskData,
} from "../evaluate.ts";
import { memoized } from "../memoized.ts";
import { countMultiplyAdds, type Photo } from "./costs.ts";
import { otherSizes, type Row, type RowKind, type Source, sourcesOf } from "./rows.ts";
import type { LadderModel, LadderSet } from "./tables.ts";

/** A data set and how its heads are fitted. */
export interface Bench {
  /** "clothing", "clothing, [CLS]". */
  readonly name: string;
  readonly set: LadderSet;
  readonly options: EvaluateOptions;
}

/** Features of a model, evaluated. */
export interface EvaluatedRow {
  readonly model: LadderModel;
  readonly bench: Bench;
  /** "1x+2x", "448 px". */
  readonly features: string;
  readonly kind: RowKind;
  /** Mean over the test images. */
  readonly multiplyAdds: number;
  /** The deciding figure on the validation images, as it is shown; undefined where they have none. */
  readonly validation?: number;
  readonly test: Evaluation;
}

/** A row as it is kept. */
interface KeptRow {
  /** Everything that the figures follow from. */
  readonly of: string;
  readonly multiplyAdds: number;
  readonly validation: number | null;
  readonly channels: number;
  readonly grid: Evaluation["grid"];
  readonly sums: Evaluation["sums"];
}

const FOLDER = "ladder-figures";
/** Test images over which multiply-adds are averaged. */
const COUNTED_IMAGES = 20;

/** Lists how a data set is evaluated: classes by the mean over tokens and, where the model has one, by [CLS]. */
export function benchesOf(set: LadderSet, { traits }: Model): Bench[] {
  if (set.task !== "classification") return [{ name: set.name, set, options: set.options }];
  const mean: Bench = { name: set.name, set, options: { ...set.options, pooling: "mean" } };
  if (traits.prefixTokens === 0) return [mean];
  return [mean, { name: `${set.name}, [CLS]`, set, options: { ...set.options, pooling: "cls" } }];
}

/** Returns the sources that the model can run: one that takes images of its own size alone needs weights that can be built for others. */
export async function sourcesFor(
  context: ExperimentContext,
  ladderModel: LadderModel,
  model: Model,
  set: LadderSet,
): Promise<Source[]> {
  const sources: Source[] = [];
  for (const source of sourcesOf(model, set.task, otherSizes(model)))
    if (!source.imageSize || (await context.openModel(ladderModel.path, source.imageSize))) sources.push(source);
  return sources;
}

/** One extraction of a model on a data set, with all rows that follow from it. */
export interface Job {
  readonly ladderModel: LadderModel;
  readonly opened: ExperimentModel;
  readonly set: LadderSet;
  readonly task: TaskData;
  readonly source: Source;
}

/** Returns the rows of a job if all are kept. */
export async function keptRows(context: ExperimentContext, job: Job): Promise<EvaluatedRow[] | undefined> {
  const rows: EvaluatedRow[] = [];
  for (const wanted of rowsOf(job)) {
    const kept = await readKept(context, wanted);
    if (!kept) return undefined;
    rows.push(evaluatedRow(kept, wanted.row, job.ladderModel, wanted.bench));
  }
  return rows;
}

/** Evaluates the rows of a job that are not kept, keeps each as it is ready and removes the features once all are. */
export async function evaluateRows(context: ExperimentContext, job: Job): Promise<EvaluatedRow[]> {
  const { ladderModel, opened, task, source } = job;
  const { config, imageSize } = source;
  const variant = { path: ladderModel.path, ...(imageSize && { imageSize }) };
  const { model } = (imageSize ? await context.openModel(ladderModel.path, imageSize) : undefined) ?? opened;
  const shared = memoized(() => extractFeatures(task, context, config, variant));
  const photos = memoized(() => countedPhotos(task));
  const rows: EvaluatedRow[] = [];
  for (const wanted of rowsOf(job)) {
    const { row, bench, name, inputs } = wanted;
    let kept = await readKept(context, wanted);
    if (!kept) {
      const features = row.derive ? await row.derive(await shared(), task, context) : await shared();
      const multiplyAdds = await countMultiplyAdds(model, row.config, await photos());
      const made = await evaluateRow(context, `${ladderModel.name}, ${row.name}`, features, bench, task);
      kept = { of: inputs, multiplyAdds, ...made };
      await context.checkpoints(FOLDER).write(name, new TextEncoder().encode(JSON.stringify(kept)));
    }
    rows.push(evaluatedRow(kept, row, ladderModel, bench));
  }
  await context.removeFeatures(task.folder, ladderModel.path);
  return rows;
}

/** A row that a job makes, and where it is kept. */
interface WantedRow {
  readonly row: Row;
  readonly bench: Bench;
  readonly name: string;
  /** Everything that its figures follow from. */
  readonly inputs: string;
}

function rowsOf({ ladderModel, opened: { model, sha256 }, set, task, source }: Job): WantedRow[] {
  const { train, validation, test } = task.splits;
  const shared = {
    ...{ sha256, set: set.path, counts: [train.length, validation.length, test.length] },
    ...{ source: source.config, size: source.imageSize },
  };
  return source.rows.flatMap((row) =>
    benchesOf(set, model).map((bench) => ({
      ...{ row, bench, name: `${ladderModel.path}/${bench.name}/${row.name}.json` },
      inputs: JSON.stringify({ ...shared, row: row.config, options: bench.options }),
    })),
  );
}

/** Fits a head to a row's features; the validation images choose among sizes later, the test images are what is reported. */
async function evaluateRow(
  context: ExperimentContext,
  name: string,
  features: ImageFeatures,
  { set, options }: Bench,
  task: TaskData,
): Promise<Omit<KeptRow, "of" | "multiplyAdds">> {
  const [validation, test] = await evaluateOn(["validation", "test"], task, context, name, features, options);
  const { channels, grid, sums } = test;
  return { validation: decidingFigure(validation, set), channels, grid, sums };
}

function evaluatedRow(
  { multiplyAdds, validation, channels, grid, sums }: KeptRow,
  { name: features, kind }: Row,
  model: LadderModel,
  bench: Bench,
): EvaluatedRow {
  const test = { name: `${model.name}, ${features}`, channels, grid, sums, figures: taskFigures(bench.set.task, sums) };
  return { model, bench, features, kind, multiplyAdds, ...(validation !== null && { validation }), test };
}

function decidingFigure(evaluation: Evaluation, { figures: [main] }: LadderSet): number | null {
  return evaluation.figures.some(({ name }) => name === main) ? shownFigure(evaluation, main).score.measure() : null;
}

/** Reads the figures of a row, if they follow from the same inputs. */
async function readKept(context: ExperimentContext, { name, inputs }: WantedRow): Promise<KeptRow | undefined> {
  const bytes = await context.checkpoints(FOLDER).read(name);
  const kept = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as KeptRow);
  return kept?.of === inputs ? kept : undefined;
}

/** Decodes some of the test images, evenly spaced. */
async function countedPhotos({ folder, splits: { test } }: TaskData): Promise<Photo[]> {
  const step = Math.max(1, Math.floor(test.length / COUNTED_IMAGES));
  const some = test.filter((_, i) => i % step === 0).slice(0, COUNTED_IMAGES);
  const photos = await Promise.allSettled(some.map(async ({ path }) => loadImage(await folder.read(path))));
  return photos.flatMap((photo) => (photo.status === "fulfilled" ? [photo.value] : [])); // what fails is on the page's list
}
