/** Seeded random numbers: the same seed must give the same run on every machine and in every version. */
import { expect, it } from "vitest";
import { makeRandom, shuffled, truncatedNormal } from "../../src/tensors/index.ts";

/** mulberry32 as its author wrote it (github.com/bryc/code, PRNGs.md). */
function mulberry32(a: number): () => number {
  return () => {
    a |= 0;
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

it.each([0, 1, -5, 2 ** 31, 123456789])("mulberry32 of seed %d, and again from where it stands", (seed) => {
  const [ours, theirs] = [makeRandom(seed), mulberry32(seed)];
  for (let i = 0; i < 1000; i++) expect(ours()).toBe(theirs());
  const again = makeRandom(ours.state());
  expect([again(), again()]).toEqual([ours(), ours()]);
});

it("a normal distribution, cut off at two deviations", () => {
  const random = makeRandom(3);
  const values = Array.from({ length: 20_000 }, () => truncatedNormal(random, 3));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.08);
  // The variance of the standard normal within two deviations is 1 - 4φ(2) / (2Φ(2) - 1) = 0.7737.
  expect(square / 9).toBeCloseTo(0.7737, 1);
  const largest = Math.max(...values.map(Math.abs));
  expect(largest).toBeLessThanOrEqual(6);
  expect(largest).toBeGreaterThan(5.9);
  const within = (deviations: number) => values.filter((value) => Math.abs(value) < 3 * deviations).length / values.length;
  expect(within(1)).toBeCloseTo(0.6827 / 0.9545, 2);
});

it("every order of a few numbers comes up, about as often", () => {
  const random = makeRandom(11);
  const times = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = shuffled(3, random).join("");
    times.set(order, (times.get(order) ?? 0) + 1);
  }
  expect([...times.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
  for (const count of times.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect([shuffled(0, random), shuffled(1, random)]).toEqual([[], [0]]);
});
