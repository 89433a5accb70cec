/** The page of pre-training: a difference between the two ways holds where images and seeds agree, and an unfinished run says so. */
import { addImage, mean, newSums, pooled } from "s2-vision/metrics";
import { expect, it } from "vitest";
import { BUDGETS, nameOf, SEEDS, SIZES, STUDENTS, WAYS } from "../src/pretraining/protocol.ts";
import { reportPretraining } from "../src/pretraining/report.ts";
import type { TestRow } from "../src/pretraining/test-students.ts";

const IMAGES = 200;

/** Rows of the small students on clothing at 1x, of which this fraction of images is right by seed and way. */
const rowsOf = (right: (seed: number, way: string) => number): TestRow[] =>
  STUDENTS.filter(({ size }) => size === SIZES[0]).map((student) => {
    const sums = newSums(2);
    for (let i = 0; i < IMAGES; i++)
      addImage(sums, String(i), [Number((i * 37) % IMAGES < IMAGES * right(student.seed, student.way)), 1]);
    const figures = [
      { name: "top-1", unit: "fraction", better: "higher", score: pooled(sums, mean) },
    ] as TestRow["test"]["figures"];
    const test = {
      name: nameOf(student),
      channels: 1,
      grid: { rows: 1, cols: 1 },
      sums: { confusion: sums },
      figures,
    } as TestRow["test"];
    return { ...student, set: "clothing", figure: "top-1", count: 1, test };
  });
const trained = STUDENTS.map((student) => ({ ...student, loss: 1 }));

it("a gain of all seeds is stated as one; one that a seed turns around is not left without a word", () => {
  const gain = reportPretraining(
    trained,
    rowsOf((seed, way) => 0.5 + 0.01 * seed + (way === "S²" ? 0.1 : 0)),
  );
  expect(gain.findings).toEqual([
    expect.stringMatching(
      /^clothing, small students at 1x: training with S² is better than training on tiles: top-1 \+10\.0 points .*\)\.$/,
    ),
  ]);
  expect(gain.tables[0].rows[0].at(-1)).toBe("10.00, 10.00, 10.00");
  const mixed = reportPretraining(
    trained,
    rowsOf((seed, way) => 0.5 + (way === "S²" ? (seed === 1 ? -0.05 : 0.2) : 0)),
  );
  expect(mixed.findings[0]).toMatch(/better than .* The 3 seeds do not agree on its sign\.$/);
});

it("an unfinished run says so, and compares only seeds of which both students are there", () => {
  const rows = rowsOf(() => 0.5).filter(({ seed, way }) => seed === 1 || way === "tiles");
  const { method, tables } = reportPretraining(trained.slice(0, 5), rows);
  expect(method[0]).toMatch(/^\*\*Not finished: 5 of 12 students/);
  expect(tables[0].rows[0].at(-1)).toBe("0.00");
  expect([STUDENTS.length, new Set(STUDENTS.map(nameOf)).size]).toEqual([12, SEEDS.length * SIZES.length * WAYS.length]);
  expect(method[1]).toContain(`${BUDGETS.tiles.steps} steps`);
});
