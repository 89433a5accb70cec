/** Nearest neighbors against scikit-learn and against plain loops; prototypes against plain means. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fitNeighbors,
  fitPrototypes,
  type NeighborsHead,
  openNeighbors,
  openPrototypes,
  type PrototypesHead,
  readHead,
  writeHead,
} from "../../src/heads/index.ts";
import {
  casesOf,
  goldenWidths as channelsPerScale,
  goldenClasses as classes,
  classesOf,
  floats,
  goldenRows,
  inBatches,
  largestDifference,
  onOneThread as openGraph,
  rightOnes,
} from "./goldens.ts";

const [train, test] = [goldenRows("train"), goldenRows("test")];

describe("k nearest neighbors", () => {
  it.each(casesOf(/^neighbours/))(
    "votes as scikit-learn's and is as often right: %s",
    async (_, { k, temperature, ...golden }) => {
      const head = await fitNeighbors(() => inBatches(train, 70), { classes, channelsPerScale, k, temperature });
      const { json, weights } = writeHead(head);
      const opened = await openNeighbors(readHead(json, weights) as NeighborsHead, openGraph);
      const fractions = await opened.predict(test.features);
      expect(largestDifference(fractions, floats(golden as never, "probabilities"))).toBeLessThan(1e-5);
      expect(rightOnes(classesOf(fractions, classes.length), test.labels)).toBe(golden.right);
    },
  );

  it("finds the same over many blocks as a search through all, the earlier of equals", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer(), async (k, seed) => {
        const n = 9000; // three blocks
        const features = Float32Array.from({ length: n * 2 }, (_, i) => Math.sin(seed + (i % 6007) * 1.7)); // some rows come twice
        const labels = Int32Array.from({ length: n }, (_, i) => i % 7);
        const names = Array.from({ length: 7 }, (_, i) => `class ${i}`);
        const head = await fitNeighbors(() => [{ features, labels }], {
          classes: names,
          channelsPerScale: [2],
          k,
          temperature: 0.5,
        });
        const query = Float32Array.of(Math.cos(seed), Math.sin(seed));
        const opened = await openNeighbors(head, openGraph);
        const got = await opened.predict(query);
        await opened.close();
        const kept = head.tensors.rows.data;
        const length = Math.hypot(query[0], query[1]);
        const similarity = (i: number) => (kept[2 * i] * query[0] + kept[2 * i + 1] * query[1]) / length;
        const all = Array.from({ length: n }, (_, i) => ({ i, s: similarity(i) })).sort((a, b) => b.s - a.s || a.i - b.i);
        const votes = new Float64Array(7);
        for (const { i, s } of all.slice(0, k)) votes[i % 7] += Math.exp(s / 0.5);
        const sum = votes.reduce((a, b) => a + b);
        if (all[k - 1].s - all[k].s < 1e-6) return; // who is the last is a matter of rounding
        for (const [c, vote] of votes.entries()) expect(got[c]).toBeCloseTo(vote / sum, 4);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses fewer rows with a class than neighbors, and a head whose labels are not its rows'", async () => {
    const labels = train.labels.map((label, i) => (i < 19 ? label : -1));
    await expect(fitNeighbors(() => [{ ...train, labels }], { classes, channelsPerScale })).rejects.toThrow(
      "There are 19 rows with a class, and k is 20",
    );
    const head = await fitNeighbors(() => [train], { classes, channelsPerScale });
    const labelsOnly = { ...head, tensors: { ...head.tensors, labels: { dims: [2], data: Float32Array.of(0, 1) } } };
    await expect(openNeighbors(labelsOnly, openGraph)).rejects.toThrow("rows is [240, 24]; its other fields want [2, 24]");
  });
});

describe("prototypes", () => {
  it("are class means seen from the mean of all, scale by scale; probabilities are a softmax of mean cosines", async () => {
    const features = Float32Array.of(3, 4, 2, 0, 5, 7, 6, 9, 9); // two scales, of two channels and of one; three rows
    const head = await fitPrototypes(() => [{ features, labels: Int32Array.of(0, 1, 1) }], {
      classes: ["a", "b"],
      channelsPerScale: [2, 1],
    });
    expect([...head.tensors.center.data]).toEqual([3, 5.5, 5]); // of [3, 4, 2] and [3, 7, 8]
    const expected = [0, -1, -1, 0, 1, 1].map((value) => value / Math.SQRT2);
    expect(largestDifference(head.tensors.weight.data, Float32Array.from(expected))).toBeLessThan(1e-6);
    const { json, weights } = writeHead(head);
    const opened = await openPrototypes(readHead(json, weights) as PrototypesHead, openGraph);
    const [p, q] = await opened.predict(Float32Array.of(6, 9.5, 4)); // [3, 4, -1] from the center: cosines -0.8 and 1 to a
    expect(Math.log(p / q)).toBeCloseTo((2 * (-0.8 + 1)) / 2 / 0.07, 4);
    expect(p + q).toBeCloseTo(1, 6);
  });

  it("refuse a class without an example", async () => {
    const labels = train.labels.map((label) => (label === 2 ? -1 : label));
    await expect(fitPrototypes(() => [{ ...train, labels }], { classes, channelsPerScale })).rejects.toThrow(
      "The class shoe has no example",
    );
  });
});
