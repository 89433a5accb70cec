/** A wider embedding: a student that goes on from old weights must still see what it saw, and fine detail besides. */
import { expect, it } from "vitest";
import { type Embedding, makeRandom, truncatedNormal, widened } from "../../src/train/index.ts";

const [dim, pixels, count] = [8, 12, 2000];
const random = makeRandom(1);
const normal = () => truncatedNormal(random, 1);
/** Pixels that vary less and less, about a mean. */
const patches = Float32Array.from({ length: count * pixels }, (_, i) => 0.5 + 3 ** -(i % pixels) * 30 * normal());
/** An embedding that sees the first three pixels alone. */
const before = {
  weight: Float32Array.from({ length: dim * pixels }, (_, i) => (i % pixels < 3 ? 3 ** (i % pixels) * normal() : 0)),
  bias: Float32Array.from({ length: dim }, normal),
};

const tokensOf = ({ weight, bias }: Embedding, rows: Float32Array) =>
  Array.from({ length: rows.length / pixels }, (_, row) =>
    Array.from(bias, (value, d) => {
      for (let i = 0; i < pixels; i++) value += weight[d * pixels + i] * rows[row * pixels + i];
      return value;
    }),
  );
const deviation = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

const after = widened(before, patches);

it("keeps the directions in use, and what a patch of mean pixels gives", () => {
  expect(after.kept).toBe(3);
  const [old, now] = [before, after].map((each) => tokensOf(each, patches.slice(0, 50 * pixels)));
  // The difference has no part in the old embedding's directions.
  for (const [row, token] of now.entries())
    for (let i = 0; i < 3; i++) {
      const along = token.reduce((sum, value, d) => sum + (value - old[row][d]) * before.weight[d * pixels + i], 0);
      expect(Math.abs(along)).toBeLessThan(0.05);
    }
  const mean = Float32Array.from({ length: pixels }, (_, i) => {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += patches[row * pixels + i];
    return sum / count;
  });
  const [was, is] = [before, after].map((each) => tokensOf(each, mean)[0]);
  for (let d = 0; d < dim; d++) expect(is[d]).toBeCloseTo(was[d], 3);
});

it("shows detail that the old embedding did not", () => {
  const flat = patches.slice(0, 200 * pixels).map((value, i) => (i % pixels === 3 ? value : 0.5)); // the fourth pixel alone varies
  const spread = (embedding: Embedding) =>
    Math.max(...[...Array(dim).keys()].map((d) => deviation(tokensOf(embedding, flat).map((token) => token[d]))));
  expect(spread(before)).toBe(0);
  expect(spread(after)).toBeGreaterThan(
    0.1 * Math.max(...[...Array(dim).keys()].map((d) => deviation(tokensOf(before, patches).map((token) => token[d])))),
  );
});
