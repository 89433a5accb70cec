/** The page of hard samples: tables and sentences from the predictions of each pair of models on each set. */
import { compare, type ImageSums, interval, mean, pooled, type Score } from "s2-vision/metrics";
import { scaleName } from "../context.ts";
import type { TaskData } from "../evaluate.ts";
import { type Measure, percent, verdict } from "../experiment.ts";
import type { Cell, Outcome, Table } from "../result.ts";
import { CATEGORIES, type Category, errors, type HardSample, type Predictions, rescued } from "./hard-samples.ts";
import type { SampleSet } from "./samples.ts";
import { CONTROLS, COUNTS, SEED } from "./systems.ts";

/** A pair of models on a set. */
export interface PairResult {
  readonly task: TaskData;
  readonly model: string;
  readonly larger: string;
  readonly samples: SampleSet;
  /** Predictions of the small model's systems by name. */
  readonly systems: ReadonlyMap<string, Predictions>;
  readonly ofLarger: Predictions;
  readonly hard: readonly HardSample[];
  /** Photos that a model of another family has wrong. */
  readonly hardPhotos?: { readonly model: string; readonly keys: ReadonlySet<string> };
}

/** Fewest photos of a figure that is compared in a sentence. */
const FEWEST = 10;
const SCALED = scaleName(COUNTS.length);
const [VIEWS] = CONTROLS.at(-1)!.controls;
const POINTS: Measure = { name: "correct", unit: "points", better: "higher" };
const ERROR: Measure = { name: "test error", unit: "points", better: "lower" };

const fractionOf = (sums: ImageSums): Score => percent(pooled(sums, mean));

export function reportHardSamples(results: readonly PairResult[]): Outcome {
  const sets = [...new Set(results.map(({ task }) => task.folder.name))];
  const of = (set: string) => results.filter(({ task }) => task.folder.name === set);
  const generalizing = results.filter(({ hardPhotos }) => hardPhotos);
  return {
    method: methodOf(results),
    tables: [
      ...sets.map((set) => rescueTable(set, of(set))),
      ...sets.map((set) => errorTable(set, of(set))),
      ...(generalizing.length > 0 ? [generalizationTable(generalizing)] : []),
    ],
    plots: [],
    findings: [...results.flatMap(rescueFinding), ...generalizing.flatMap(generalizationFinding)],
    seeds: [SEED],
  };
}

/** Hard samples by category, and the percentage of them that S² and its controls have right. */
function rescueTable(set: string, results: readonly PairResult[]): Table {
  const names = CONTROLS.flatMap(({ system, controls }) => [system, ...controls]);
  return {
    title: `${set}: test samples that only the larger model has right, and how many of them others have right, %`,
    columns: ["models", "category", "samples", "photos", ...names, `${SCALED} − ${VIEWS}`],
    rows: results.flatMap(({ model, larger, systems, hard }) =>
      CATEGORIES.flatMap((category): Cell[][] => {
        const count = hard.filter(({ categories }) => categories.has(category)).length;
        if (count === 0) return [];
        const score = (name: string) => fractionOf(rescued(hard, category, systems.get(name)!));
        const cells = names.map((name) => interval(score(name)));
        return [
          [
            ...[`${larger} beyond ${model}`, category, String(count), String(score("1x").images.length)],
            ...[...cells, compare(score(SCALED), score(VIEWS))],
          ],
        ];
      }),
    ),
  };
}

/** Errors on all samples of training and test photos. */
function errorTable(set: string, results: readonly PairResult[]): Table {
  const rows = new Map<string, Cell[]>();
  for (const { model, larger, samples, systems, ofLarger } of results) {
    const add = (name: string, predictions: Predictions, one?: Predictions) => {
      const error = (split: "train" | "test", of = predictions) => fractionOf(errors(samples, split, of));
      const gain = one && one !== predictions ? compare(error("test"), error("test", one)) : null;
      rows.set(name, [name, interval(error("train")), interval(error("test")), gain]);
    };
    for (const [name, predictions] of systems) add(`${model}, ${name}`, predictions, systems.get("1x"));
    add(`${larger}, 1x`, ofLarger);
  }
  return {
    title: `${set}: errors, %`,
    columns: ["features", "training error", "test error", "test error − that of 1x"],
    rows: [...rows.values()],
  };
}

/** Errors on the photos that are hard for a model of another family. */
function generalizationTable(results: readonly PairResult[]): Table {
  return {
    title: "Errors on photos that a model of another family has wrong, %",
    columns: [
      ...["set", "features", "training photos", "training error", "test photos", "test error"],
      "test error − that of the larger model",
    ],
    rows: results.flatMap((result) => {
      const { task, model, larger, systems, ofLarger } = result;
      const rows = ["1x", SCALED, VIEWS].map((name) => [`${model}, ${name}`, systems.get(name)!] as const);
      return [...rows, [`${larger}, 1x`, ofLarger] as const].flatMap(([name, predictions]): Cell[][] => {
        const [train, test] = (["train", "test"] as const).map((split) => hardError(result, split, predictions));
        if (train.images.length === 0 || test.images.length === 0) return [];
        const against = hardError(result, "test", ofLarger);
        return [
          [
            ...[task.folder.name, name, String(train.images.length), interval(train), String(test.images.length)],
            ...[interval(test), predictions === ofLarger ? null : compare(test, against)],
          ],
        ];
      });
    }),
  };
}

const hardError = ({ samples, hardPhotos }: PairResult, split: "train" | "test", predictions: Predictions): Score =>
  fractionOf(errors(samples, split, predictions, hardPhotos!.keys));

function rescueFinding({ task, model, larger, systems, hard }: PairResult): string[] {
  const score = (name: string, category: Category = "all") => fractionOf(rescued(hard, category, systems.get(name)!));
  const begin = `${task.folder.name}: of ${hard.length} test samples that ${larger} has right and ${model} wrong`;
  if (score(SCALED).images.length < FEWEST) return [`${begin}, in too few photos to compare.`];
  const values = [SCALED, VIEWS].map((name) => `${name} has ${score(name).measure().toFixed(1)} % right`).join(", ");
  return [`${begin}, ${values}. ${verdict(SCALED, VIEWS, compare(score(SCALED), score(VIEWS)), POINTS)}`];
}

/** Compares S² with the larger model where both are tested on hard photos. */
function generalizationFinding(result: PairResult): string[] {
  const { task, model, larger, systems, ofLarger } = result;
  const scaled = systems.get(SCALED)!;
  const error = (split: "train" | "test", predictions: Predictions) => hardError(result, split, predictions);
  if (error("test", scaled).images.length < FEWEST || error("train", scaled).images.length === 0) return [];
  const training = [scaled, ofLarger].map((each) => `${error("train", each).measure().toFixed(1)} %`).join(" and ");
  const gap = compare(error("test", scaled), error("test", ofLarger));
  return [
    `${task.folder.name}, photos that are hard for ${result.hardPhotos!.model}, training errors ${training}: ${verdict(`${model}, ${SCALED}`, `${larger}, 1x`, gap, ERROR)}`,
  ];
}

function methodOf(results: readonly PairResult[]): string[] {
  const sets = new Map(results.map(({ task }) => [task.folder.name, task.splits]));
  const counts = [...sets].map(
    ([name, { train, validation, test }]) => `${name} ${train.length} / ${validation.length} / ${test.length}`,
  );
  return [
    `Photos: ${counts.join(", ")} (training / validation / test). Samples are the photos of clothing and grocery, and the cells of the model's grid on camvid and bccd: a cell has the class of most of its pixels, or of the smallest box around its middle; cells without an object do not count as hard.`,
    "Ridge regression on ±1 classifies the mean over tokens, or each token, at one scale, with S² and with its controls (views moved by half a token, random features: the page of capacity describes them). The penalty is chosen on validation photos.",
    "Hard samples are test samples that the larger model at 1x has right and the small one at 1x has wrong. Any other features of the small model have some of them right, since a part is wrong by chance: the views say how many.",
    "Kinds: rare, of a class with at most half the training samples of the median class (clothing and grocery have equally many of each class); ambiguous, where the larger model's margin is in the lowest quarter of those that it has right; confused, where the larger model makes the small one's mistake on another sample; small, of an object (bccd) or a class (camvid) that covers less than 1/49 of the photo.",
    "Whether larger models generalize better on hard photos is asked on photos that neither model of the pair has chosen: those that a model of another family has wrong at 1x, on training photos when it is fitted to the other four fifths of them, on test photos as it is.",
    "Photos that stay hard with S² are copied to images/hard-samples beside this page, which is not committed. Intervals of fewer than 50 photos are rough.",
  ];
}
