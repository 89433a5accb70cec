/** Controls for width: principal components keep what varies, random ones are the seed's, and a wrong width is refused before any work. */

import type { ImageTokens } from "s2-vision/heads";
import { openGraph } from "s2-vision/node";
import { makeRandom } from "s2-vision/train";
import { expect, it } from "vitest";
import { fitProjection, projectFeatures } from "../src/project.ts";

const random = makeRandom(3);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Rows of 6 channels that are all made of 2 causes, with a little noise. */
const MIX = Array.from({ length: 12 }, normal);
function rowsOf(count: number, noise: number): Float32Array {
  const rows = new Float32Array(count * 6);
  for (let row = 0; row < count; row++) {
    const causes = [normal(), normal()];
    for (let c = 0; c < 6; c++) rows[row * 6 + c] = 5 + causes[0] * MIX[c] + causes[1] * MIX[6 + c] + noise * normal();
  }
  return rows;
}

const image = (data: Float32Array): ImageTokens => ({
  ...{ data, channels: 6, prefix: 0, grid: { rows: 1, cols: data.length / 6 }, channelsPerScale: [3, 3], size: [8, 8] },
});

/** Fraction of the variance that a linear map of the outputs explains: 1 if the outputs hold all of it. */
function explained(rows: Float32Array, outputs: Float32Array, width: number): number {
  const n = rows.length / 6;
  const centered = (data: Float32Array, channels: number, c: number) => {
    const column = Array.from({ length: n }, (_, i) => data[i * channels + c]);
    const mean = column.reduce((a, b) => a + b) / n;
    return column.map((value) => value - mean);
  };
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const basis: number[][] = [];
  for (let c = 0; c < width; c++) {
    let column = centered(outputs, width, c);
    for (const each of basis) {
      const along = dot(column, each);
      column = column.map((value, i) => value - along * each[i]);
    }
    const norm = Math.sqrt(dot(column, column));
    basis.push(column.map((value) => value / norm));
  }
  let [kept, all] = [0, 0];
  for (let c = 0; c < 6; c++) {
    const column = centered(rows, 6, c);
    all += dot(column, column);
    for (const each of basis) kept += dot(column, each) ** 2;
  }
  return kept / all;
}

it("two principal components hold what two causes make of six channels, two random ones do not", async () => {
  const [train, test] = [[rowsOf(150, 0.02), rowsOf(90, 0.02)], rowsOf(80, 0.02)];
  const kept = async (how: "principal" | "random") => {
    const map = await fitProjection(how, train, { channels: 6, width: 1, openGraph, seed: 5 });
    const { data, channelsPerScale } = (await projectFeatures(new Map([["a", image(test)]]), map, openGraph)).get("a")!;
    expect([channelsPerScale, data.length]).toEqual([[1], 80]);
    return explained(test, data, 1);
  };
  const two = await fitProjection("principal", train, { channels: 6, width: 2, openGraph, seed: 5 });
  const both = (await projectFeatures(new Map([["a", image(test)]]), two, openGraph)).get("a")!.data;
  expect(explained(test, both, 2)).toBeGreaterThan(0.99);
  expect(await kept("principal")).toBeGreaterThan(await kept("random"));
});

it("outputs vary alike, so that a head that standardizes does not raise the weakest direction", async () => {
  const train = [rowsOf(400, 0.02)];
  const map = await fitProjection("principal", train, { channels: 6, width: 2, openGraph, seed: 5 });
  const { data } = (await projectFeatures(new Map([["a", image(train[0])]]), map, openGraph)).get("a")!;
  const deviation = (c: number) => {
    const column = Array.from({ length: 400 }, (_, i) => data[2 * i + c]);
    const mean = column.reduce((a, b) => a + b) / 400;
    return Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 400);
  };
  const alone = Math.sqrt(6); // all variance of six standardized channels, were it in one direction
  expect(Math.max(deviation(0), deviation(1))).toBeLessThan(0.98 * alone);
  expect(Math.min(deviation(0), deviation(1))).toBeGreaterThan(0.1 * alone);
});

it("a random map is the seed's, and rectified it has no negative", async () => {
  const options = { channels: 6, width: 4, openGraph };
  const [one, again, other] = await Promise.all(
    [1, 1, 2].map((seed) => fitProjection("random", [rowsOf(50, 1)], { ...options, seed })),
  );
  expect(one.dims).toEqual([4, 6]);
  expect(again.data.length).toBe(24);
  expect(other.data).not.toEqual(one.data);
  const projected = await projectFeatures(new Map([["a", image(rowsOf(20, 1))]]), one, openGraph, { rectify: true });
  const { data } = projected.get("a")!;
  expect(data.every((value) => value >= 0)).toBe(true);
  expect(data.some((value) => value > 0)).toBe(true);
});

it("refuses as many channels as there are", async () => {
  const options = { channels: 6, width: 6, openGraph, seed: 1 };
  await expect(fitProjection("random", [rowsOf(9, 1)], options)).rejects.toThrow(/Got width 6 for 6 channels/);
});
