/** The plan of a language model's vision tower: with another tile, prefix or grid choice the language model reads features that it was not trained on. */
import { describe, expect, it } from "vitest";
import { planDynamicS2, planS2, planTower, type Tower } from "../../src/core/index.ts";

const tower: Tower = {
  kind: "s2",
  scales: [8, 24, 16],
  tile: 8,
  maxTiles: 6,
  resizeOutputToIdx: -1,
  layer: -2,
  prefix: "drop",
  fit: "squash",
};
const dynamic: Tower = { ...tower, kind: "dynamic-s2", scales: [8, 16] };
const image = { height: 30, width: 70 };

describe("planTower", () => {
  it("plans the square of the largest scale, whatever the image's shape", () => {
    const options = { imgSizes: [8, 24, 16], maxSplitSize: 8, resizeOutputToIdx: -1, numPrefixToken: 1 };
    expect(planTower(tower, image, { prefixTokens: 1 })).toEqual(planS2({ height: 24, width: 24 }, options, { prefixTokens: 1 }));
  });

  it("plans the image itself by NVILA's grid choice for a dynamic tower", () => {
    const options = { scales: [8, 16], tile: 8, maxTiles: 6, resizeOutputToIdx: -1, numPrefixToken: 0 };
    const plan = planTower(dynamic, image, { prefixTokens: 0 });
    expect(plan).toEqual(planDynamicS2(image, { ...options, gridChoice: "nvila" }, { prefixTokens: 0 }));
    expect(plan.image).toEqual([30, 70]);
  });

  it("passes antialias and splitForward on, and checks the plan against the model", () => {
    const options = { antialias: true, splitForward: 2 };
    for (const each of [tower, dynamic]) {
      const plan = planTower(each, image, { prefixTokens: 0 }, options);
      expect(plan.splitForward).toBe(2);
      expect(planTower(each, image, { prefixTokens: 0 }).splitForward).toBe(false);
      expect(() => planTower(each, image, { prefixTokens: 0, imageSize: [9, 9] })).toThrow(/takes 9x9/);
    }
    expect(planTower(tower, image, { prefixTokens: 0 }, options).antialias).toBe("shrinking");
    expect(planTower(tower, image, { prefixTokens: 0 }).antialias).toBe("never");
  });

  it("refuses a model that does not say how many tokens stand before its grid, before anything else", () => {
    const message = expect.stringMatching(/tower drops.*traits with prefixTokens/);
    expect(() => planTower(tower, image, { imageSize: [9, 9] })).toThrow(
      expect.objectContaining({ code: "prefix-tokens", message }),
    );
    expect(() => planTower({ ...dynamic, prefix: "keep" }, image)).toThrow(/tower keeps/);
  });
});
