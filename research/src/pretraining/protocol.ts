/**
 * The protocol of pre-training with S², fixed before the first run: what is trained, on what, and what is compared. Nothing is chosen by a
 * test split; validation splits choose the penalties of heads and nothing else. Another protocol is another experiment, with its own page.
 */

export const TEACHER = "deit_tiny_patch16_224";
/** Unlabeled photos, of which none is in a test split. */
export const PHOTOS = "photos";

/** Sizes of the students. */
export const SIZES = [
  { name: "small", dim: 96, depth: 4, heads: 3 },
  { name: "large", dim: 192, depth: 4, heads: 3 },
] as const;
export type Size = (typeof SIZES)[number];

export const SEEDS = [1, 2, 3];

/** "tiles": each tile on its own against the teacher's tokens. "S²": features at 1x and 2x together against the teacher's at 2x. */
export const WAYS = ["tiles", "S²"] as const;
export type Way = (typeof WAYS)[number];

/** Budget of each student: 1,500 steps of 40 tiles, from 10,000 tiles that are drawn beforehand, the same for all students of a seed and way. */
export const BUDGETS: Readonly<Record<Way, { readonly steps: number; readonly views: number }>> = {
  tiles: { steps: 1500, views: 10_000 },
  "S²": { steps: 1500, views: 2000 }, // of five tiles
};

/** Sets on which the students are tested, and the figure that is compared. */
export const TESTS = [
  { set: "clothing", figure: "top-1" },
  { set: "grocery", figure: "top-1" },
  { set: "camvid", figure: "mIoU" },
  { set: "bccd", figure: "count MAE" },
] as const;

/** Numbers of scales at which they are tested. */
export const COUNTS = [1, 2];

/** A student. */
export interface Student {
  readonly size: Size;
  readonly seed: number;
  readonly way: Way;
}

/** Lists all students, one seed after the other, so that an interrupted run has whole comparisons. */
export const STUDENTS: readonly Student[] = SEEDS.flatMap((seed) =>
  SIZES.flatMap((size) => WAYS.map((way) => ({ size, seed, way }))),
);

export const nameOf = ({ size, seed, way }: Student): string => `${size.name}-${way === "S²" ? "s2" : way}-${seed}`;
