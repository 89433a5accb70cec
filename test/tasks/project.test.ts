/** The random projection of `advise`: a control for the number of channels must be reproducible and must not let one channel dominate. */
import { expect, it } from "vitest";
import type { ImageTokens } from "../../src/features/index.ts";
import { openGraph } from "../../src/runtimes/node/open-graph.ts";
import { fitRandomProjection, projectFeatures } from "../../src/tasks/project.ts";
import { makeRandom } from "../../src/tensors/index.ts";

const random = makeRandom(3);
/** Features of six channels, whose deviations are 1, 10, 100 ... */
const rows = Float32Array.from({ length: 6 * 50 }, (_, i) => 5 + (random() - 0.5) * 10 ** (i % 6));

it("is that of the seed", () => {
  const [one, again, other] = [1, 1, 2].map((seed) => fitRandomProjection([rows], { channels: 6, width: 4, seed }));
  expect(one.dims).toEqual([4, 6]);
  expect(again).toEqual(one);
  expect(other.data).not.toEqual(one.data);
});

it("has orthonormal rows over standardized channels, whether features come in one batch or two", () => {
  const options = { channels: 6, width: 4, seed: 1 };
  const { data } = fitRandomProjection([rows], options);
  const inParts = fitRandomProjection([rows.subarray(0, 120), rows.subarray(120)], options).data;
  inParts.forEach((value, i) => {
    expect(value).toBeCloseTo(data[i], 6);
  });
  const mean = (c: number) => rows.filter((_, i) => i % 6 === c).reduce((sum, value) => sum + value / 50, 0);
  const deviation = (c: number) =>
    Math.sqrt(rows.filter((_, i) => i % 6 === c).reduce((sum, v) => sum + (v - mean(c)) ** 2 / 50, 0));
  const deviations = [0, 1, 2, 3, 4, 5].map(deviation);
  const dot = (a: number, b: number) =>
    deviations.reduce((sum, each, c) => sum + data[a * 6 + c] * data[b * 6 + c] * each * each, 0);
  for (const a of [0, 1, 2, 3]) for (const b of [0, 1, 2, 3]) expect(dot(a, b)).toBeCloseTo(a === b ? 1 : 0, 5);
});

it("projects every token", async () => {
  const tokens: ImageTokens = {
    ...{ data: rows, channels: 6, prefix: 0, grid: { rows: 5, cols: 10 }, channelsPerScale: [3, 3], size: [8, 8] },
  };
  const map = { dims: [2, 6], data: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, -1, 0, 0) };
  const projected = (await projectFeatures(new Map([["a", tokens]]), map, openGraph)).get("a")!;
  expect(projected).toMatchObject({ channels: 2, channelsPerScale: [2], grid: tokens.grid });
  expect(projected.data.length).toBe(100);
  for (const token of [0, 7, 49]) {
    expect(projected.data[2 * token]).toBeCloseTo(rows[6 * token], 4);
    expect(projected.data[2 * token + 1]).toBeCloseTo(rows[6 * token + 2] - rows[6 * token + 3], 3);
  }
});

it("refuses as many channels as there are", () => {
  expect(() => fitRandomProjection([rows], { channels: 6, width: 6, seed: 1 })).toThrow(/Got width 6 for features of 6 channels/);
});
