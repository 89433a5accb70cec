/** Training, validation and test images of a task: the splits of the data set, and notes on what is split off. */
import { describe, expect, it } from "vitest";
import type { DataSet } from "../../src/datasets/index.ts";
import { taskSplits } from "../../src/tasks/index.ts";
import { classImages } from "./drawn-tasks.ts";

function setOf(splits: Record<string, number>): DataSet<"classification"> {
  const { items } = classImages(Object.values(splits).reduce((sum, count) => sum + count, 0));
  let from = 0;
  const named = Object.entries(splits).map(([name, count]) => [name, items.slice(from, (from += count))]);
  return { task: "classification", name: "set", classes: ["a", "b", "c"], splits: Object.fromEntries(named), issues: [] };
}

const counts = ({ train, validation, test }: ReturnType<typeof taskSplits<"classification">>) => [
  train.length,
  validation.length,
  test.length,
];

describe("splits of a task", () => {
  it("are those of the data set where it has them", () => {
    const found = taskSplits(setOf({ train: 30, val: 6, test: 9 }), { testFraction: 0.5 });
    expect([counts(found), found.notes]).toEqual([[30, 6, 9], []]);
  });

  it("a missing validation split is a fifth of train, noted with its seed and the same each time", () => {
    const found = taskSplits(setOf({ train: 30, test: 9 }), { seed: 7 });
    expect([counts(found), found.notes]).toEqual([
      [24, 6, 9],
      ['val: 20 % of "train", split off by seed 7, since the data set has none.'],
    ]);
    expect(taskSplits(setOf({ train: 30, test: 9 }), { seed: 7 })).toEqual(found);
    expect(taskSplits(setOf({ train: 30, test: 9 }), { seed: 8 }).validation).not.toEqual(found.validation);
  });

  it("a missing test split is split off only on request, and shares no image with the others", () => {
    expect(counts(taskSplits(setOf({ all: 60 })))).toEqual([48, 12, 0]);
    const found = taskSplits(setOf({ all: 60 }), { testFraction: 0.25 });
    expect(counts(found)).toEqual([36, 9, 15]);
    const paths = [found.train, found.validation, found.test].flat().map(({ path }) => path);
    expect(new Set(paths).size).toBe(60);
  });

  it("a data set without training images is refused", () => {
    expect(() => taskSplits(setOf({ test: 9 }))).toThrow('"set" has no training images: its splits are test; expected "train"');
  });
});
