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

export type OpenedModel = ExperimentModel & { readonly model: Model };

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

/** Evaluates the rows of some sources of a model on a data set, or reads them where they are kept; `made` is true if one was not. */
export async function evaluateRows(
  context: ExperimentContext,
  ladderModel: LadderModel,
  { model, sha256 }: OpenedModel,
  set: LadderSet,
  task: TaskData,
  wanted: (source: Source) => boolean,
): Promise<{ readonly rows: readonly EvaluatedRow[]; readonly made: boolean }> {
  const rows: EvaluatedRow[] = [];
  let made = false;
  const photos = countedPhotos(task);
  const { train, validation, test } = task.splits;
  const counts = [train.length, validation.length, test.length];
  for (const source of (await sourcesFor(context, ladderModel, model, set)).filter(wanted)) {
    const { config, imageSize } = source;
    const shared = memoized(() =>
      extractFeatures(task, context, config, { path: ladderModel.path, ...(imageSize && { imageSize }) }),
    );
    for (const row of source.rows) {
      const features = memoized(async () => (row.derive ? row.derive(await shared(), task, context) : shared()));
      for (const bench of benchesOf(set, model)) {
        const inputs = {
          sha256,
          set: set.path,
          counts,
          source: config,
          size: imageSize,
          row: row.config,
          options: bench.options,
        };
        const name = `${ladderModel.path}/${bench.name}/${row.name}.json`;
        const kept = await keep(context, name, JSON.stringify(inputs), async () => {
          made = true;
          const running = imageSize ? (await context.openModel(ladderModel.path, imageSize))!.model : model;
          const multiplyAdds = await countMultiplyAdds(running, row.config, await photos());
          return {
            multiplyAdds,
            ...(await evaluateRow(context, `${ladderModel.name}, ${row.name}`, await features(), bench, task)),
          };
        });
        rows.push(evaluatedRow(kept, row, ladderModel, bench));
      }
    }
  }
  await context.removeFeatures(task.folder, ladderModel.path);
  return { rows, made };
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

/** Reads figures of the same inputs, or makes and keeps them. */
async function keep(
  context: ExperimentContext,
  name: string,
  of: string,
  make: () => Promise<Omit<KeptRow, "of">>,
): Promise<KeptRow> {
  const store = context.checkpoints(FOLDER);
  const bytes = await store.read(name);
  const kept = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as KeptRow);
  if (kept?.of === of) return kept;
  const made = { of, ...(await make()) };
  await store.write(name, new TextEncoder().encode(JSON.stringify(made)));
  return made;
}

/** Decodes some of the test images, evenly spaced, once they are needed. */
function countedPhotos({ folder, splits: { test } }: TaskData): () => Promise<Photo[]> {
  const step = Math.max(1, Math.floor(test.length / COUNTED_IMAGES));
  const some = test.filter((_, i) => i % step === 0).slice(0, COUNTED_IMAGES);
  return memoized(async () => {
    const photos = await Promise.allSettled(some.map(async ({ path }) => loadImage(await folder.read(path))));
    return photos.flatMap((photo) => (photo.status === "fulfilled" ? [photo.value] : [])); // what fails is on the page's list
  });
}

function memoized<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
