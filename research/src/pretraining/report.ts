/** The page of pre-training with S²: each way's figures over seeds, their differences, and what holds. */
import { compare, interval, type Score } from "s2-vision/metrics";
import { scaleName } from "../context.ts";
import { shownFigure } from "../evaluate.ts";
import { isSignificant, type Measure, verdict } from "../experiment.ts";
import type { Cell, Outcome, Table } from "../result.ts";
import { BUDGETS, COUNTS, nameOf, SEEDS, SIZES, STUDENTS, type Student, TEACHER, TESTS, WAYS } from "./protocol.ts";
import type { TestRow } from "./test-students.ts";

/** A trained student: its last loss. */
export interface TrainedStudent extends Student {
  readonly loss: number;
}

/** The scores of both ways on the same seeds. */
interface Comparison {
  readonly size: string;
  readonly set: string;
  readonly count: number;
  readonly measure: Measure;
  /** Scores by seed, of training on tiles and with S². */
  readonly pairs: readonly (readonly [tiles: Score, s2: Score])[];
}

export function reportPretraining(students: readonly TrainedStudent[], rows: readonly TestRow[]): Outcome {
  const comparisons = comparisonsOf(rows);
  return {
    method: methodOf(students),
    tables: [
      ...SIZES.map(({ name, dim, depth }) => ({
        ...comparisonTable(comparisons.filter(({ size }) => size === name)),
        title: `Students of ${dim} channels and ${depth} blocks: mean of the seeds`,
      })).filter(({ rows }) => rows.length > 0),
      lossTable(students),
    ],
    plots: [],
    findings: comparisons.map(finding),
    seeds: SEEDS,
  };
}

function comparisonsOf(rows: readonly TestRow[]): Comparison[] {
  return SIZES.flatMap(({ name: size }) =>
    TESTS.flatMap(({ set }) =>
      COUNTS.flatMap((count): Comparison[] => {
        const tested = rows.filter((row) => row.size.name === size && row.set === set && row.count === count);
        const pairs = SEEDS.flatMap((seed) => {
          const found = WAYS.map((way) => tested.find((row) => row.seed === seed && row.way === way));
          return found.every((row) => row !== undefined) ? [found.map((row) => shownFigure(row!.test, row!.figure).score)] : [];
        }) as [Score, Score][];
        if (pairs.length === 0) return [];
        return [{ size, set, count, pairs, measure: shownFigure(tested[0].test, tested[0].figure).measure }];
      }),
    ),
  );
}

/** The mean of several scores of the same images, each resample measured by all. */
export const meanScore = (scores: readonly Score[]): Score => ({
  images: scores[0].images,
  measure: (times) => scores.reduce((sum, score) => sum + score.measure(times), 0) / scores.length,
});

const differenceOf = ({ pairs }: Comparison) =>
  compare(meanScore(pairs.map(([, s2]) => s2)), meanScore(pairs.map(([tiles]) => tiles)));

const differencesBySeed = ({ pairs }: Comparison): number[] => pairs.map(([tiles, s2]) => s2.measure() - tiles.measure());

function comparisonTable(comparisons: readonly Comparison[]): Omit<Table, "title"> {
  return {
    columns: ["set", "tested at", "trained on tiles", "trained with S²", "difference", "difference of each seed"],
    rows: comparisons.map((each): Cell[] => [
      ...[`${each.set}: ${each.measure.name}`, scaleName(each.count)],
      ...[interval(meanScore(each.pairs.map(([tiles]) => tiles))), interval(meanScore(each.pairs.map(([, s2]) => s2)))],
      differenceOf(each),
      differencesBySeed(each)
        .map((value) => value.toFixed(2))
        .join(", "),
    ]),
    digits: 2,
  };
}

function lossTable(students: readonly TrainedStudent[]): Table {
  return {
    title: "Loss of the last 50 steps; the two ways have different targets",
    columns: ["student", "loss"],
    rows: students.map((student): Cell[] => [nameOf(student), student.loss]),
    digits: 3,
  };
}

/** A difference holds if its interval over images excludes 0 and all seeds have its sign. */
function finding(comparison: Comparison): string {
  const { size, set, count, measure, pairs } = comparison;
  const difference = differenceOf(comparison);
  const sentence = `${set}, ${size} students at ${scaleName(count)}: ${verdict("training with S²", "training on tiles", difference, measure)}`;
  const sameSign = differencesBySeed(comparison).every((value) => Math.sign(value) === Math.sign(difference.value));
  return isSignificant(difference) && !sameSign ? `${sentence} The ${pairs.length} seeds do not agree on its sign.` : sentence;
}

function methodOf(students: readonly TrainedStudent[]): string[] {
  return [
    ...(students.length < STUDENTS.length
      ? [`**Not finished: ${students.length} of ${STUDENTS.length} students; the same command resumes.**`]
      : []),
    `Protocol, fixed before the first run: students of ${SIZES.map(({ dim, depth }) => `${dim} channels and ${depth} blocks`).join(" and of ")} learn ${TEACHER}'s tokens by \`distillStudent\` with its own rates, ${BUDGETS.tiles.steps} steps of 40 tiles from as many drawn tiles (${BUDGETS.tiles.views} views; with S² ${BUDGETS["S²"].views} of five tiles, one of the view and four of its quarters at twice the size) and from the same first weights in both ways, for seeds ${SEEDS.join(", ")}. Training on tiles compares each tile's tokens with the teacher's; training with S² compares 1x and 2x together with the teacher's at 2x (paper, Table 4).`,
    "Each student is frozen and tested at 1x and 1x+2x: ridge regression on the mean over tokens (clothing, grocery), of tokens to the fractions of classes (camvid), and of expected objects at each token (bccd). Penalties are chosen on validation splits; nothing else is chosen.",
    "Figures are means over the seeds. Intervals are over test images; the differences of each seed say how much training itself varies, and a difference is only taken to hold where all seeds have its sign.",
  ];
}
