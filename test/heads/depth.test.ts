/** Guarantees of depth heads: meters, the loss of DINOv2's head, unknown depth left out, the image's size. */
import { describe, expect, it } from "vitest";
import { type BinOptions, logDepths } from "../../src/heads/depth.ts";
import { type Bins, binDepths, scaleInvariantLoss } from "../../src/heads/depth-bins.ts";
import { type DepthHead, fitDepth, fitRidgeDepth, openDepth, readHead, writeHead } from "../../src/heads/index.ts";
import {
  casesOf,
  goldenWidths as channelsPerScale,
  floats,
  goldenRows,
  largestDifference,
  onOneThread as openGraph,
} from "./goldens.ts";
import { imagesOf, lossOf } from "./images.ts";

const grid = { rows: 4, cols: 5 };
const { features } = goldenRows("train");
const slopes = Float32Array.from({ length: 24 }, (_, c) => Math.sin(c * c) * 0.02);

/** Depth that depends on the tokens, 2 x 2 pixels each; every fourth pixel is not known, and one image knows nothing. */
const images = imagesOf(features, channelsPerScale, grid, [64, 80]).map((tokens, image) => {
  const data = new Float32Array(8 * 10);
  for (let i = 0; i < data.length; i++) {
    const token = ((i / 10) >> 1) * 5 + ((i % 10) >> 1);
    const row = tokens.data.subarray((1 + token) * 24, (2 + token) * 24);
    const meters = Math.exp(row.reduce((sum, value, c) => sum + value * slopes[c], 0.7));
    data[i] = image === 11 || i % 4 === 3 ? [0, Number.NaN, -1][i % 3] : meters;
  }
  return { tokens, depth: { width: 10, height: 8, data } };
});
const known = images.flatMap(({ depth }) => [...depth.data]).filter((meters) => meters > 0);
const [near, far] = [Math.min(...known), Math.max(...known)];

describe("depth", () => {
  it.each(casesOf(/^depth/))("has torch's scale-invariant loss and gradient: %s", async (_, golden) => {
    const bins = { count: golden.bins, spacing: golden.spacing, weights: golden.weights } as Bins;
    const loss = scaleInvariantLoss(bins, golden.near as number, golden.far as number);
    const batch = { features: new Float32Array(30), logs: floats(golden, "logs"), weights: floats(golden, "known") };
    const got = await lossOf(loss, { dims: [30, bins.count], data: floats(golden, "scores") }, batch);
    expect(got.loss).toBeCloseTo(golden.loss as number, 5);
    expect(largestDifference(got.gradient, floats(golden, "gradient"))).toBeLessThan(1e-6);
  });

  it.each<["bins" | "ridge", Partial<BinOptions>]>([
    ["bins", { count: 32 }],
    ["bins", { count: 32, weights: "linear" }],
    ["bins", { spacing: "log", iterations: 50 }],
    ["ridge", {}],
  ])("is found again within a tenth on images not seen, by %s %o", async (how, bins) => {
    const options = { channelsPerScale, near: near * 0.9, far: far * 1.1, openGraph, validation: () => images.slice(9) };
    const { head, trials } =
      how === "bins"
        ? await fitDepth(() => images.slice(0, 9), { ...options, ...bins, decay: [1e-3, 1e-5] })
        : await fitRidgeDepth(() => images.slice(0, 9), { ...options, alpha: [1, 100] });
    expect(trials).toHaveLength(2);
    for (const { iterations } of trials) expect(iterations).toBeLessThanOrEqual(how === "ridge" ? 0 : (bins.iterations ?? 200));
    const { json, weights } = writeHead(head);
    const opened = await openDepth(readHead(json, weights) as DepthHead, openGraph);
    let [error, count] = [0, 0];
    for (const { tokens, depth } of images.slice(9)) {
      const shown = await opened.predict({ ...tokens, size: [4, 5] });
      expect(shown).toMatchObject({ height: 4, width: 5 });
      for (let token = 0; token < 20; token++) {
        const truth = depth.data[Math.floor(token / 5) * 20 + (token % 5) * 2];
        if (!(truth > 0)) continue;
        error += Math.abs(shown.data[token] / truth - 1);
        count++;
      }
    }
    expect(count).toBeGreaterThan(20);
    expect(error / count).toBeLessThan(0.1);
  });

  it("is the mean logarithm of what is known under a token; too near, too far, 0 and NaN are not", () => {
    const data = Float32Array.of(1, 4, 0, Number.NaN, 0.1, 9, 2, 2);
    const { logs, weights } = logDepths({ width: 4, height: 2, data }, { rows: 1, cols: 2 }, 0.5, 8);
    expect(Math.exp(logs[0])).toBeCloseTo(2, 5); // 1 and 4
    expect(Math.exp(logs[1])).toBeCloseTo(2, 5);
    expect([...weights]).toEqual([0.5, 0.5]);
    expect(() => logDepths({ width: 4, height: 3, data }, grid, 0.5, 8)).toThrow("Got 8 depths for a map of 4x3");
  });

  it("knows depths of exactly the nearest and the farthest", () => {
    const data = Float32Array.of(0.5, 0.49, 8, 8.01);
    const { logs, weights } = logDepths({ width: 4, height: 1, data }, { rows: 1, cols: 2 }, 0.5, 8);
    expect([...weights]).toEqual([0.5, 0.5]);
    expect([...logs].map((log) => Math.exp(log))).toEqual([expect.closeTo(0.5, 6), expect.closeTo(8, 5)]);
  });

  it("has bins from the nearest to the farthest, evenly in meters or in logarithms", () => {
    expect([...binDepths({ count: 3, spacing: "linear", weights: "softmax" }, 1, 9)]).toEqual([1, 5, 9]);
    expect([...binDepths({ count: 3, spacing: "log", weights: "softmax" }, 1, 9)]).toEqual([1, 3, 9]);
  });

  it("has the image's size and stays between nearest and farthest", async () => {
    const { head } = await fitRidgeDepth(() => images, { channelsPerScale, near: 1, far: 3, openGraph, alpha: 1 });
    const { width, height, data } = await (await openDepth(head, openGraph)).predict(images[0].tokens);
    expect([height, width, data.length]).toEqual([64, 80, 5120]);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(1 - 1e-6);
    expect(Math.max(...data)).toBeLessThanOrEqual(3 + 1e-6);
  });

  it("is refused without a range of meters, or when no image knows any depth", async () => {
    const options = { channelsPerScale, near: 0, far: 3, openGraph, alpha: 1, decay: 1 };
    await expect(fitRidgeDepth(() => images, options)).rejects.toThrow("near is 0 and far is 3");
    await expect(fitDepth(() => images.slice(11), { ...options, near: 1 })).rejects.toThrow("There are no rows");
  });
});
