/** Training, validation and test images of a task. */
import { S2Error } from "../core/index.ts";
import { type DataSet, type ItemOf, splitOff, type Task } from "../datasets/index.ts";

/** The items of each split. */
export interface TaskSplits<K extends Task> {
  readonly train: readonly ItemOf[K][];
  /** Items that choose the regularization. */
  readonly validation: readonly ItemOf[K][];
  /** Empty when the data set has no test split and none was asked for. */
  readonly test: readonly ItemOf[K][];
  /** Sentences on what was split off. */
  readonly notes: readonly string[];
}

/** Options of splitting off missing splits. */
export interface TaskSplitOptions {
  /** Fraction of the training images to split off when the data set has no test split; by default there is none then. */
  readonly testFraction?: number;
  /** Seed of what is split off; default 1. */
  readonly seed?: number;
}

/** Fraction of the training images that is split off when there is no validation split. */
const VALIDATION_FRACTION = 0.2;

/**
 * Returns `train` (or `all`), `val` and `test` of the data set. A missing validation split is split off from train, a missing test split only
 * on request.
 * @throws S2Error "data-set" when there is no training image, or too few to split.
 */
export function taskSplits<K extends Task>(set: DataSet<K>, { testFraction, seed = 1 }: TaskSplitOptions = {}): TaskSplits<K> {
  const notes: string[] = [];
  const items = (name: string, { splits } = parts) => (splits as Record<string, readonly ItemOf[K][]>)[name] ?? [];
  let parts = set;
  const from = items("train").length > 0 ? "train" : "all";
  if (items(from).length === 0)
    throw new S2Error(
      "data-set",
      `"${set.name}" has no training images: its splits are ${Object.keys(set.splits).join(", ") || "none"}; expected "train", or no splits at all. See its issues.`,
    );
  const take = (to: string, fraction: number) => {
    parts = splitOff(parts, { from, to, fraction, seed });
    notes.push(`${to}: ${fraction * 100} % of "${from}", split off by seed ${seed}, since the data set has none.`);
  };
  if (items("test").length === 0 && testFraction !== undefined) take("test", testFraction);
  if (items("val").length === 0) take("val", VALIDATION_FRACTION);
  return { train: items(from), validation: items("val"), test: items("test"), notes };
}
