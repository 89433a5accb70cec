/** Confusion matrices in a terminal: percentages of each true class, names or numbers over the columns, and the largest confusions of many classes. */
import { describe, expect, it } from "vitest";
import { describeConfusion, normalizeRows } from "../../src/tasks/describe-confusion.ts";

describe("describeConfusion", () => {
  it("gives percentages of each true class, and its count at the end of the row", () => {
    const lines = describeConfusion([[30, 10], [0, 0]], ["cat", "dog"], "images"); // biome-ignore format: a matrix
    expect(lines).toEqual([
      "confusion: of each true class, the images predicted as each class, in % (. is none)",
      "truth \\ predicted  cat  dog  images",
      "cat                 75   25      40",
      "dog                  .    .       0",
    ]);
  });

  it("12 long names stay within 100 columns: numbers head the columns", () => {
    const names = Array.from({ length: 12 }, (_, id) => `a long name ${id}`);
    const counts = names.map((_, row) => names.map((_, column) => (row === column ? 9_999_999 : 1_000_000)));
    const lines = describeConfusion(counts, names, "pixels");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines[1]).toMatch(/predicted +1 +2 .* 12 +pixels$/);
    expect(lines[13]).toMatch(/^12 a long name 11 +5 .* 48 +20999999$/);
  });

  it("of more classes each true class has its largest confusion, the largest fraction first", () => {
    const names = Array.from({ length: 30 }, (_, id) => `class${id}`);
    const counts = names.map((_, row) => names.map((_, column): number => (row === column ? 1000 : 0)));
    counts[3][7] = 500; // a third of a large class
    counts[3][8] = 10;
    counts[4] = names.map((_, column) => (column === 9 ? 3 : column === 4 ? 1 : 0)); // most of a small one
    const lines = describeConfusion(counts, names, "images");
    expect(lines.slice(2)).toEqual([
      "class4  25.0 %  class9     75.0 %  3 of 4",
      "class3  66.2 %  class7     33.1 %  500 of 1510",
    ]);
    for (let row = 0; row < 30; row++) counts[row][(row + 1) % 30] = 1;
    expect(describeConfusion(counts, names, "images")[0]).toMatch(/; 10 classes have smaller ones$/);
  });

  it("says so where nothing is confused", () => {
    const names = Array.from({ length: 13 }, (_, id) => `${id}`);
    const counts = names.map((_, row) => names.map((_, column) => Number(row === column)));
    expect(describeConfusion(counts, names, "images")).toEqual(["confusion: none; all images are right"]);
  });
});

it("normalizeRows: rows sum to 1, and a class that no image has is all zeros, as scikit-learn's", () => {
  expect(normalizeRows([[1, 3], [0, 0]])).toEqual([[0.25, 0.75], [0, 0]]); // biome-ignore format: matrices
});
