/** docs/scale.md says what its figures say, and the simulation agrees with what can be counted by hand. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Measured, type ScaleFigures, scaleFigures } from "../src/scale/figures.ts";
import { type SearchResult, scalePage } from "../src/scale/page.ts";
import { type Conditions, simulate } from "../src/scale/simulate.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = (path: string) => readFileSync(root + path, "utf8");
const figures = JSON.parse(text("research/src/scale/result.json")) as ScaleFigures;

it("the page is made from the committed figures", () => {
  expect(text("docs/scale.md")).toBe(scalePage(figures, JSON.parse(text("bench/results/archive-search.json")) as SearchResult));
});

it("the figures are those of the committed measurement: a small archive runs alike again", () => {
  const measured = JSON.parse(text("bench/results/archive.json")) as Measured;
  expect(figures.measured.details).toEqual(measured.details);
  expect(scaleFigures(measured, 1e5)).toEqual(scaleFigures(measured, 1e5));
});

describe("the simulation", () => {
  const plain = { slow: 0, slowness: 1, spread: 0, betweenKills: 1e12, claim: 60, storeRate: 1e18, workerRate: 1e18 };
  const free = { requestRate: 1e12, perPhotoRequests: 0, perShardRequests: 0, queuePerShard: 0, queuePerRenewal: 0 };
  const conditions: Conditions = { ...plain, ...free };
  const setup = {
    workers: 4,
    shards: 40,
    photos: 100,
    perPhoto: 0.1,
    bytesIn: 1000,
    bytesOut: 1000,
    start: 0,
    commit: 0,
    seed: 1,
  };

  it("of equal workers without faults takes the work divided by the workers", () => {
    const { seconds, efficiency, kills } = simulate(setup, conditions);
    expect([seconds, efficiency].map((value) => Number(value.toFixed(6)))).toEqual([100, 1]);
    expect(kills).toBe(0);
  });

  it.each([
    ["a store of 1 MB/s that all share", { storeRate: 1e6 }, 108],
    ["a store of ten requests a second", { requestRate: 10, perShardRequests: 10 }, 140],
    ["a queue that takes 5 s a shard on one core", { queuePerShard: 5 }, 210],
  ])("waits for %s", (_, more, seconds) => {
    expect(simulate(setup, { ...conditions, ...more }).seconds).toBeCloseTo(seconds, 0);
  });

  it("does every shard in spite of kills, and is slower for it", () => {
    const run = simulate(setup, { ...conditions, betweenKills: 30 });
    expect(run.kills).toBeGreaterThan(3);
    expect(run.seconds).toBeGreaterThan(110);
    expect(run.efficiency).toBeCloseTo(400 / (4 * run.seconds), 5);
  });
});
