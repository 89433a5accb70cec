/** Outlier tokens: exactly the planted ones are found and replaced, at edges and corners too, and a register leaves a model without neurons as it is. */
import { describe, expect, it } from "vitest";
import { aboveMean, aboveMedian, replaceMarked } from "../src/outlier-tokens.ts";

const [rows, cols, channels, prefix] = [6, 7, 3, 2];

/** Token (y, x) is a gradient, so that a median of neighbors is known; the prefix is far off. */
function plane(): Float32Array {
  const data = new Float32Array((prefix + rows * cols) * channels).fill(1000);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < cols; x++)
      for (let c = 0; c < channels; c++) data[(prefix + y * cols + x) * channels + c] = (c + 1) * (10 * y + x);
  return data;
}

const token = (data: Float32Array, y: number, x: number) => {
  const at = (prefix + y * cols + x) * channels;
  return [...data.subarray(at, at + channels)];
};

const marking = (...cells: (readonly [number, number])[]) => {
  const marked = new Uint8Array(rows * cols);
  for (const [y, x] of cells) marked[y * cols + x] = 1;
  return marked;
};

function replaced(...cells: (readonly [number, number])[]) {
  const data = plane();
  for (const [y, x] of cells) data.fill(-500, (prefix + y * cols + x) * channels, (prefix + y * cols + x + 1) * channels);
  return replaceMarked({ data, channels, prefix, rows, cols }, marking(...cells));
}

describe("finding outliers", () => {
  const norms = Float32Array.from({ length: 100 }, (_, i) => 10 + (i % 7) / 10);
  norms[3] = 25;
  norms[99] = 16;

  it("marks exactly what is above a multiple of the median", () => {
    expect([...aboveMedian(norms, 1.5).keys()].filter((i) => aboveMedian(norms, 1.5)[i])).toEqual([3, 99]);
    expect([...aboveMedian(norms, 2)].reduce((sum, each) => sum + each)).toBe(1);
  });

  it("marks what is deviations above the mean, and nothing where all are alike", () => {
    expect([...aboveMean(norms, 4)].flatMap((each, i) => (each ? [i] : []))).toEqual([3]);
    expect([...aboveMean([2, 2, 2], 4)]).toEqual([0, 0, 0]);
  });
});

describe("replaceMarked", () => {
  it("gives an outlier within the tile the median of its 8 neighbors, channel by channel", () => {
    expect(token(replaced([2, 3]), 2, 3)).toEqual([23, 46, 69]);
  });

  it("takes the neighbors that there are at an edge and in a corner", () => {
    expect(token(replaced([0, 3]), 0, 3)).toEqual([12, 24, 36]);
    expect(token(replaced([0, 0]), 0, 0)).toEqual([10, 20, 30]);
    expect(token(replaced([rows - 1, cols - 1]), rows - 1, cols - 1)).toEqual([46, 92, 138]);
  });

  it("does not take one outlier for another's neighbor", () => {
    const result = replaced([2, 3], [2, 4], [1, 3]);
    for (const value of token(result, 2, 3)) expect(value).toBeGreaterThan(0);
    expect(token(result, 2, 3)[0]).toBeGreaterThan(21);
  });

  it("looks further where all neighbors are outliers, and leaves a tile of nothing else alone", () => {
    const block = [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => [y, x] as const));
    expect(token(replaced(...block), 0, 0)[0]).toBeGreaterThan(0);
    const all = Array.from({ length: rows * cols }, (_, i) => [Math.floor(i / cols), i % cols] as const);
    expect(token(replaced(...all), 3, 3)).toEqual([-500, -500, -500]);
  });

  it("leaves all other tokens and the prefix as they are, to the bit, and its input too", () => {
    const data = plane();
    const result = replaceMarked({ data, channels, prefix, rows, cols }, marking([2, 3]));
    expect(data).toEqual(plane());
    const same = plane();
    const at = (prefix + 2 * cols + 3) * channels;
    same.set(result.subarray(at, at + channels), at);
    expect(result).toEqual(same);
    expect(replaceMarked({ data, channels, prefix, rows, cols }, marking())).toEqual(plane());
  });
});
