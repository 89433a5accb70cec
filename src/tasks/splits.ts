/** Which photos a task learns from, chooses by and is tested on. */
import { S2Error } from "../core/index.ts";
import type { DataSet, ItemOf, Kind } from "../datasets/index.ts";
import { splitOff } from "../datasets/index.ts";

export interface TaskSplits<K extends Kind> {
  readonly train: readonly ItemOf[K][];
  readonly validation: readonly ItemOf[K][];
  /** Empty where the data set has none and none was asked for. */
  readonly test: readonly ItemOf[K][];
  /** Sentences: what was split off, of what. */
  readonly notes: readonly string[];
}

export interface TaskSplitOptions {
  /** Where there is no split to test on: the part of the photos to split off as one. Without it none is made up. */
  readonly testShare?: number;
  readonly seed?: number;
}

/** The part of the photos to learn from that chooses, where there is no split for it. */
const VALIDATION_SHARE = 0.2;

/**
 * `train` (or `all`), `val` and `test` of the data set. A validation split that is not there is split off from train; a test split only on request.
 * @throws S2Error "data-set" when there is nothing to learn from, or too little to split.
 */
export function taskSplits<K extends Kind>(set: DataSet<K>, { testShare, seed = 1 }: TaskSplitOptions = {}): TaskSplits<K> {
  const notes: string[] = [];
  const has = (name: string, { splits }: DataSet<K>) => ((splits as Record<string, readonly unknown[]>)[name]?.length ?? 0) > 0;
  const from = has("train", set) ? "train" : "all";
  if (!has(from, set))
    throw new S2Error(
      "data-set",
      `"${set.name}" has no photos to learn from: its splits are ${Object.keys(set.splits).join(", ") || "none"}; expected "train", or no splits at all. See its problems.`,
    );
  let parts = set;
  const take = (to: string, share: number) => {
    parts = splitOff(parts, { from, to, share, seed });
    notes.push(`${to}: ${share * 100} % of "${from}", split off by seed ${seed}, since the data set has none.`);
  };
  if (!has("test", parts) && testShare !== undefined) take("test", testShare);
  if (!has("val", parts)) take("val", VALIDATION_SHARE);
  const items = (name: string) => (parts.splits as Record<string, readonly ItemOf[K][]>)[name] ?? [];
  return { train: items(from), validation: items("val"), test: items("test"), notes };
}
