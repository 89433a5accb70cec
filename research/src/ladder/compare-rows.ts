/** Finds rows of the ladder, chooses among them on validation images and compares them on test images. */
import type { Interval } from "s2-vision/metrics";
import { difference, type Evaluation, intervalOf, shownFigure } from "../evaluate.ts";
import { isSignificant } from "../experiment.ts";
import type { Bench, EvaluatedRow } from "./evaluate-rows.ts";
import type { LadderModel } from "./tables.ts";

/** The rows of one way to evaluate a data set. */
export interface BenchRows {
  readonly bench: Bench;
  readonly rows: readonly EvaluatedRow[];
}

/** Groups rows by how they were evaluated, in order of their first row. */
export function byBench(rows: readonly EvaluatedRow[]): BenchRows[] {
  const groups = new Map<string, BenchRows & { rows: EvaluatedRow[] }>();
  for (const row of rows) {
    const { bench } = row;
    if (!groups.has(bench.name)) groups.set(bench.name, { bench, rows: [] });
    groups.get(bench.name)!.rows.push(row);
  }
  return [...groups.values()];
}

/** Finds the features of a model, by their name. */
export const findRow = ({ rows }: BenchRows, { path }: LadderModel, features: string): EvaluatedRow | undefined =>
  rows.find((row) => row.model.path === path && row.features === features);

/** Chooses the row with the best deciding figure on the validation images, the cheapest of equals; undefined without one. */
export function bestOnValidation(rows: readonly EvaluatedRow[]): EvaluatedRow | undefined {
  const byCost = rows.filter(({ validation }) => validation !== undefined).sort((a, b) => a.multiplyAdds - b.multiplyAdds);
  const [first] = byCost;
  if (!first) return undefined;
  const sign = isHigherBetter(first) ? 1 : -1;
  return byCost.reduce((best, row) => (sign * row.validation! > sign * best.validation! ? row : best));
}

/** Chooses the size at which the whole image is run, the model's own (1x) among them; undefined while there are no other sizes. */
export function bestSize({ rows }: BenchRows, { path }: LadderModel): EvaluatedRow | undefined {
  const sizes = rows.filter(({ model, kind, features }) => model.path === path && (kind === "size" || features === "1x"));
  return sizes.length > 1 ? bestOnValidation(sizes) : undefined;
}

export const decidingFigure = ({ bench }: Pick<EvaluatedRow, "bench">): string => bench.set.figures[0];

const isHigherBetter = (row: EvaluatedRow): boolean => shownFigure(row.test, decidingFigure(row)).measure.better === "higher";

/** Returns how much better `a` is than `b`: positive is better, also for errors. */
export function gainOver(a: EvaluatedRow, b: EvaluatedRow): Interval {
  const found = differenceOnce(a.test, b.test, decidingFigure(a));
  return isHigherBetter(a) ? found : { value: 0 - found.value, low: 0 - found.high, high: 0 - found.low };
}

/** "better", "worse" or "not significantly different". */
export type Verdict = "better" | "worse" | "equal";

export function verdictFor(gain: Interval): Verdict {
  if (!isSignificant(gain)) return "equal";
  return gain.value > 0 ? "better" : "worse";
}

/** Intervals that were computed, since the page of a long run is written many times. */
const computed = new WeakMap<Evaluation, Map<string, Interval>>();

function once(evaluation: Evaluation, key: string, compute: () => Interval): Interval {
  if (!computed.has(evaluation)) computed.set(evaluation, new Map());
  const known = computed.get(evaluation)!;
  if (!known.has(key)) known.set(key, compute());
  return known.get(key)!;
}

export const intervalOnce = (evaluation: Evaluation, figure: string): Interval =>
  once(evaluation, figure, () => intervalOf(evaluation, figure));

const differenceOnce = (a: Evaluation, b: Evaluation, figure: string): Interval =>
  once(a, `${figure} − ${b.name}`, () => difference(a, b, figure));
