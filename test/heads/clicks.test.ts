/** Guarantees of segmentation by clicks: the answer is ridge regression's, it comes at once, and it is a head like any other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clickable, clicksHead, type LabeledPoint, openSegmentation, segmentClicks } from "../../src/heads/index.ts";
import { standardizationOfFeatures } from "../../src/heads/standardize.ts";
import { goldenWidths as channelsPerScale, goldenRows, onOneThread as openGraph } from "./goldens.ts";
import { imagesOf } from "./images.ts";

const grid = { rows: 7, cols: 6 };
const [image, other] = imagesOf(goldenRows("train").features, channelsPerScale, grid, [70, 120]);
const classes = ["ground", "thing", "sky"];

/** In the middle of a token of 20 x 10 pixels. */
const at = (token: number, label: number): LabeledPoint => ({
  x: (token % 6) * 20 + 10,
  y: Math.floor(token / 6) * 10 + 5,
  label,
});

describe("few-click segmentation", () => {
  it("is ridge regression on the clicked tokens, the bias as one more channel, for any clicks", async () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 41 }), fc.integer({ min: 0, max: 2 })), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(points, async (clicked) => {
        const ready = clickable(image);
        const { weight, bias } = clicksHead(
          ready,
          clicked.map(([token, label]) => at(token, label)),
          classes,
        ).tensors;
        // The gradient of Σ (share - value)² + 0.3 Σ weight² + 0.3 bias², in the features that it is taken of, vanishes.
        const { mean, factor } = standardizationOfFeatures(image.data.subarray(24), channelsPerScale);
        const z = (token: number) =>
          factor.map((each, c) => ((image.data[(token + 1) * 24 + c] - mean[c]) * each) / Math.sqrt(24));
        for (let k = 0; k < 3; k++) {
          const w = factor.map((each, c) => (weight.data[k * 24 + c] / each) * Math.sqrt(24));
          const b = mean.reduce((sum, value, c) => sum + value * weight.data[k * 24 + c], bias.data[k]);
          const slope = new Float64Array(25);
          for (const [token, label] of clicked) {
            const row = z(token);
            const gap = row.reduce((sum, value, c) => sum + value * w[c], b) - Number(label === k);
            for (let c = 0; c < 24; c++) slope[c] += gap * row[c];
            slope[24] += gap;
          }
          for (let c = 0; c < 24; c++) expect(slope[c] + 0.3 * w[c]).toBeCloseTo(0, 3);
          expect(slope[24] + 0.3 * b).toBeCloseTo(0, 3);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("gives the mask that its head gives in a runtime, on its image and on another", async () => {
    const clicks = [at(3, 0), at(17, 1), at(40, 2), at(22, 1)];
    const ready = clickable(image);
    const opened = await openSegmentation(clicksHead(ready, clicks, classes), openGraph);
    const mask = segmentClicks(ready, clicks, 3);
    expect([mask.height, mask.width]).toEqual([70, 120]);
    expect(new Set(mask.data)).toEqual(new Set([0, 1, 2]));
    const same = (a: Uint8Array, b: Uint8Array) => a.filter((value, i) => value === b[i]).length / a.length;
    expect(same(mask.data, (await opened.predict(image)).data)).toBeGreaterThan(0.999);
    expect((await opened.predict(other)).data).toHaveLength(8400);
  });

  it("says what was clicked where it was clicked, with one click of each class", () => {
    const clicks = [at(3, 0), at(17, 1), at(40, 2)];
    const { data } = segmentClicks(clickable(image), clicks, 3);
    for (const { x, y, label } of clicks) expect(data[y * 120 + x]).toBe(label);
  });

  it("refuses no click, a class that there is not, and a point outside the image", () => {
    const ready = clickable(image);
    expect(() => segmentClicks(ready, [], 2)).toThrow("There is no click");
    expect(() => segmentClicks(ready, [at(3, 2)], 2)).toThrow("has the class 2; expected 0 to 1");
    expect(() => segmentClicks(ready, [{ x: 3, y: 71, label: 0 }], 2)).toThrow("The point 3, 71 is outside its image of 120x70");
    expect(() => clickable({ ...image, data: image.data.map(() => Number.NaN) })).toThrow("expected finite numbers");
  });
});
