/** Guarantees of segmentation heads: labels go to the right tokens, the loss is torch's, the mask has the image's size, void does not count. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resize } from "../../src/core/index.ts";
import {
  fitRidgeSegmentation,
  fitSegmentation,
  type Mask,
  openProbe,
  openSegmentation,
  readHead,
  type SegmentationHead,
  writeHead,
} from "../../src/heads/index.ts";
import { largestScores } from "../../src/heads/largest-scores.ts";
import { classFractions, labelsAt } from "../../src/heads/masks.ts";
import { pixelBatch, pixelLoss } from "../../src/heads/pixel-loss.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";
import {
  casesOf,
  goldenWidths as channelsPerScale,
  goldenClasses as classes,
  floats,
  goldenRows,
  largestDifference,
  onOneThread as openGraph,
} from "./goldens.ts";
import { imagesOf, lossOf } from "./images.ts";

const grid = { rows: 4, cols: 5 };
const train = goldenRows("train");

/** 8 x 15 pixels for 4 x 5 tokens: two rows and three columns of each; a third of them void. */
const images = imagesOf(train.features, channelsPerScale, grid, [16, 30]).map((tokens, image) => ({
  tokens,
  mask: maskOf(8, 15, (y, x) => ((x + y + image) % 3 === 0 ? 255 : train.labels[image * 20 + (y >> 1) * 5 + Math.floor(x / 3)])),
}));

describe("masks on a token grid", () => {
  it("share out all pixels that count, whatever the sizes", () => {
    const side = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(side, side, side, side, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (h, w, rows, cols, stream) => {
        const mask = maskOf(h * rows, w * cols, () => [0, 1, 2, 255][stream.next().value as number]);
        const fractions = classFractions(mask, { rows, cols }, 3, 255);
        for (let k = 0; k < 3; k++) {
          const pixels = mask.data.filter((value) => value === k).length;
          const shared = fractions.filter((_, i) => i % 3 === k).reduce((sum, share) => sum + share * h * w, 0);
          expect(shared).toBeCloseTo(pixels, 3);
        }
      }),
    );
  });

  it("lie where the tokens are", () => {
    const mask = maskOf(4, 6, (y, x) => (y < 2 && x >= 4 ? 1 : 0));
    expect([...classFractions(mask, { rows: 2, cols: 3 }, 2, 255)]).toEqual([1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0]);
    expect([...labelsAt(mask, { rows: 2, cols: 3 }, 2, 0)]).toEqual([-1, -1, -1, -1, 1, -1]); // column by column, 0 ignored
  });

  it("are refused with a class that there is not, and where", () => {
    const mask = maskOf(2, 3, (y, x) => (y === 1 && x === 2 ? 12 : 0));
    expect(() => classFractions(mask, grid, 11, 255)).toThrow(
      "The mask has 12 at 2, 1; expected classes 0 to 10, or 255 to ignore",
    );
    expect(() => labelsAt({ ...mask, width: 4 }, grid, 11, 255)).toThrow("Got 6 values for a mask of 4x2");
  });
});

describe("segmentation", () => {
  it("over pixels has torch's loss and gradient: bilinear scores, void left out", async () => {
    const [[, golden]] = casesOf(/^pixels$/);
    const mask: Mask = { height: 12, width: 20, data: readGolden("heads").u8(golden.mask as Stored).data };
    const rows = new Float32Array(15);
    const batch = pixelBatch(rows, { rows: 3, cols: 5 }, mask, 4, 255);
    const got = await lossOf(pixelLoss(4), { dims: [3, 5, 4], data: floats(golden, "scores") }, batch);
    expect(got.loss).toBeCloseTo(golden.loss as number, 4);
    expect(largestDifference(got.gradient, floats(golden, "gradient"))).toBeLessThan(1e-5);
    expect(got.count).toBeCloseTo(mask.data.filter((value) => value !== 255).length / 16, 5);
  });

  it.each(["tokens", "pixels", "ridge"] as const)("finds the classes again, fitted over %s", async (over) => {
    const options = { classes, channelsPerScale, openGraph, validation: () => images.slice(8) };
    const { head, trials } =
      over === "ridge"
        ? await fitRidgeSegmentation(() => images.slice(0, 8), { ...options, alpha: [1, 100] })
        : await fitSegmentation(() => images.slice(0, 8), { ...options, over, c: [0.01, 1] });
    expect(trials).toHaveLength(2);
    const { json, weights } = writeHead(head);
    const opened = await openSegmentation(readHead(json, weights) as SegmentationHead, openGraph);
    let [right, all] = [0, 0];
    for (const { tokens, mask } of images.slice(8)) {
      const shown = await opened.predict(tokens);
      expect(shown).toMatchObject({ height: 16, width: 30 });
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 15; x++) {
          if (mask.data[y * 15 + x] === 255) continue;
          all++;
          if (shown.data[2 * y * 30 + 2 * x] === mask.data[y * 15 + x]) right++;
        }
    }
    expect(right / all).toBeGreaterThan(0.6); // chance is 0.25; neighboring tokens are of other classes, so enlarging costs
  });

  it("over tokens is logistic regression of tokens: each mask of one class", async () => {
    const [[, golden]] = casesOf(/^logistic 1$/);
    const whole = images.map(({ tokens }, image) => ({
      tokens,
      mask: maskOf(4, 5, (y, x) => train.labels[image * 20 + y * 5 + x]),
    }));
    const { head } = await fitSegmentation(() => whole, { classes, channelsPerScale, openGraph, c: 1 });
    const probe = { ...head, kind: "probe" as const, gives: "probabilities" as const, names: classes };
    const test = goldenRows("test");
    const probabilities = await (await openProbe(probe, openGraph)).predict(test.features);
    expect(largestDifference(probabilities, floats(golden, "probabilities"))).toBeLessThan(1e-3);
  });

  it("takes the largest of the scores that `resize` enlarges, the first of equals", () => {
    const side = fc.integer({ min: 1, max: 9 });
    const score = fc.float({ min: -4, max: 4, noNaN: true });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(score),
        (rows, cols, h, w, k, stream) => {
          const scores = Float32Array.from({ length: rows * cols * k }, () => stream.next().value as number);
          const { data } = largestScores(scores, k, { grid: { rows, cols }, size: [h, w] });
          const plane = (one: number) =>
            resize({ dims: [1, 1, rows, cols], data: scores.filter((_, i) => i % k === one) }, [h, w], { mode: "bilinear" }).data;
          const planes = Array.from({ length: k }, (_, one) => plane(one));
          for (const [i, shown] of data.entries())
            for (const other of planes) expect(planes[shown][i]).toBeGreaterThanOrEqual(other[i] - 1e-5);
        },
      ),
    );
    expect([...largestScores(new Float32Array(4), 2, { grid: { rows: 1, cols: 2 }, size: [1, 2] }).data]).toEqual([0, 0]);
  });

  it("refuses tokens of other scales, and a grid that is not theirs", async () => {
    const { head } = await fitRidgeSegmentation(() => images, { classes, channelsPerScale, openGraph, alpha: 1 });
    const opened = await openSegmentation(head, openGraph);
    const [{ tokens }] = images;
    await expect(opened.predict({ ...tokens, channelsPerScale: [24] })).rejects.toThrow(
      "scales of [24] channels, and the head is of [16, 8]",
    );
    await expect(opened.predict({ ...tokens, prefix: 0 })).rejects.toThrow("Got 21 tokens for a grid of 4 rows and 5 columns");
  });
});

function maskOf(height: number, width: number, at: (y: number, x: number) => number): Mask {
  return { height, width, data: Uint8Array.from({ length: height * width }, (_, i) => at(Math.floor(i / width), i % width)) };
}
