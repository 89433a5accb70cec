/** A region's box must be the pixels that its vector was made from, whatever the image's shape and however it was looked at. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VisionModel } from "../../src/core/index.ts";
import { extractImage, type ImagePlanOptions, type ImageTokens, imageTokens } from "../../src/features/index.ts";
import type { Photo, Preprocessing } from "../../src/images/index.ts";
import { boxAround, gridGeometryOf, regionVector, regionVectors, similarities } from "../../src/retrieval/index.ts";
import { cosine, noise } from "../heads/vectors.ts";

const preprocessing: Preprocessing = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1 / 255, filter: "bicubic" };

/** Means of patches of 8 px, as tokens [red, green, blue]. */
const means: VisionModel = Object.assign(
  ({ dims: [batch, , height, width], data }: { dims: readonly number[]; data: Float32Array }) => {
    const [rows, cols] = [height / 8, width / 8];
    const out = new Float32Array(batch * rows * cols * 3);
    for (let b = 0; b < batch; b++)
      for (let c = 0; c < 3; c++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            out[((b * rows + (y >> 3)) * cols + (x >> 3)) * 3 + c] += data[((b * 3 + c) * height + y) * width + x] / 64;
    return { dims: [batch, rows * cols, 3], data: out };
  },
  { traits: { imageSize: [64, 64] as const, patchSize: 8, prefixTokens: 0, layout: "bnc" as const } },
);

/** Red rises to the right, green downwards, blue is full: a mean color tells where its pixels lie. */
function slopes(width: number, height: number): Photo {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) data.set([(255 * x) / (width - 1), (255 * y) / (height - 1), 255], at);
  return { width, height, channels: 3, data };
}

async function tokensOf(image: Photo, options: ImagePlanOptions): Promise<ImageTokens> {
  return imageTokens(await extractImage(means, image, { ...options, preprocessing }));
}

describe("regions and their boxes", () => {
  it.each([
    ["a wide image that keeps its shape", 150, 97, { scales: [1], fit: "keep" as const }],
    ["a tall one", 70, 260, { scales: [1] }],
    ["a squashed one", 150, 97, { scales: [1, 2], fit: "squash" as const }],
    ["a cropped one", 210, 97, { scales: [1], fit: "crop" as const }],
    [
      "one on the grid of a larger scale",
      150,
      97,
      { scales: [1, 2], resizeOutputToIdx: -1, fit: "keep" as const, fusion: "reference" as const },
    ],
    ["one whose last tokens reach beyond it", 97, 150, { imgSizes: [[100, 77]] as [number, number][] }],
  ])("name the pixels that the vector is the mean of: %s", async (_, width, height, options: ImagePlanOptions) => {
    const tokens = await tokensOf(slopes(width, height), options);
    const { vectors, boxes } = regionVectors(tokens, { window: 2, stride: 1 });
    const { rows, cols } = tokens.grid;
    expect(boxes.length / 4).toBe((rows - 1) * (cols - 1));
    const { channels } = tokens;
    const cell = gridGeometryOf(tokens).token;
    for (let i = 0; i < boxes.length / 4; i++) {
      const [left, top, w, h] = boxes.subarray(4 * i, 4 * i + 4);
      const [red, green, blue] = vectors.subarray(i * channels, i * channels + 3);
      expect(left >= 0 && top >= 0 && left + w <= width + 1e-9 && top + h <= height + 1e-9).toBe(true);
      if (w < 2 * cell[1] - 1e-9 || h < 2 * cell[0] - 1e-9) continue; // half of it is padding, which has no color
      // The middle of the box, from its color; at the image's edge the filter sees less than a full slope.
      const edge = left < 1 || top < 1 || left + w > width - 1 || top + h > height - 1;
      expect(Math.abs((red / blue) * (width - 1) - (left + w / 2 - 0.5))).toBeLessThan(edge ? cell[1] / 4 : 1);
      expect(Math.abs((green / blue) * (height - 1) - (top + h / 2 - 0.5))).toBeLessThan(edge ? cell[0] / 4 : 1);
    }
  });

  it("go both ways: the vector under a region's box is the region's own", async () => {
    const shapes = {
      rows: fc.integer({ min: 1, max: 9 }),
      cols: fc.integer({ min: 1, max: 9 }),
      window: fc.integer({ min: 1, max: 5 }),
    };
    fc.assert(
      fc.property(
        fc.record({ ...shapes, stride: fc.integer({ min: 1, max: 5 }), seed: fc.nat(1000) }),
        ({ rows, cols, window, stride, seed }) => {
          const tokens = drawTokens(rows, cols, seed);
          const windows = { window, stride: Math.min(stride, window) };
          const { vectors, boxes } = regionVectors(tokens, windows);
          const seen = new Uint8Array(rows * cols);
          for (let i = 0; i < boxes.length / 4; i++) {
            const [left, top, width, height] = boxes.subarray(4 * i, 4 * i + 4);
            const again = regionVector(tokens, { left, top, width, height });
            expect(cosine(again, vectors.subarray(4 * i, 4 * i + 4))).toBeCloseTo(1, 5);
            for (let row = 0; row < rows; row++)
              for (let col = 0; col < cols; col++) {
                const [x, y] = [((col + 0.5) * 90) / cols, ((row + 0.5) * 60) / rows];
                if (x > left && x < left + width && y > top && y < top + height) seen[row * cols + col] = 1;
              }
          }
          expect(seen.every(Boolean)).toBe(true); // no token is in no region
        },
      ),
    );
  });

  it("of a point lie around it, moved inwards at the edges", () => {
    const tokens = drawTokens(6, 9, 1); // cells of 10 x 10
    expect(boxAround(tokens, 45, 35, 1)).toEqual({ left: 40, top: 30, width: 10, height: 10 });
    expect(boxAround(tokens, 45, 35, 3)).toEqual({ left: 30, top: 20, width: 30, height: 30 });
    expect(boxAround(tokens, 0, 60, 3)).toEqual({ left: 0, top: 30, width: 30, height: 30 });
    expect(boxAround(tokens, 45, 35, 20)).toEqual({ left: 0, top: 0, width: 90, height: 60 });
    expect(() => boxAround(tokens, 91, 5, 1)).toThrow("outside what the model saw: 0 to 90 across");
  });

  it("of a point in a part of the image: its edges belong to it, and nothing beyond them", () => {
    const gridGeometry = { region: { left: 10, top: 20, width: 90, height: 60 }, token: [10, 10] as const };
    const tokens = { ...drawTokens(6, 9, 1), gridGeometry };
    expect(boxAround(tokens, 35, 45, 1)).toEqual({ left: 30, top: 40, width: 10, height: 10 });
    expect(boxAround(tokens, 10, 20, 1)).toEqual({ left: 10, top: 20, width: 10, height: 10 });
    expect(boxAround(tokens, 100, 80, 1)).toEqual({ left: 90, top: 70, width: 10, height: 10 });
    for (const [x, y] of [
      [9, 40],
      [101, 40],
      [40, 19],
      [40, 81],
    ])
      expect(() => boxAround(tokens, x, y, 1)).toThrow("10 to 100 across, 20 to 80 down");
  });

  it("point where their tokens point; tokens of zeros have no direction and stay zeros", () => {
    const even = { ...drawTokens(2, 2, 1), data: Float32Array.from({ length: 16 }, (_, i) => [3, 4, 0, 0][i % 4]) };
    const box = { left: 5, top: 5, width: 60, height: 30 };
    const closeTo = (values: number[]) => values.map((value) => expect.closeTo(value, 6));
    expect([...regionVector(even, box)]).toEqual(closeTo([0.6, 0.8, 0, 0]));
    expect([...regionVectors(even, { window: 2, stride: 1 }).vectors]).toEqual(closeTo([0.6, 0.8, 0, 0]));
    const empty = { ...even, data: new Float32Array(16) };
    expect([...regionVector(empty, box)]).toEqual([0, 0, 0, 0]);
    expect([...similarities(empty, Float32Array.of(1, 0, 0, 0))]).toEqual([0, 0, 0, 0]);
  });

  it("of a crop know that the rest was not seen", async () => {
    const tokens = await tokensOf(slopes(210, 97), { scales: [1], fit: "crop" });
    expect(() => boxAround(tokens, 10, 50, 1)).toThrow("outside what the model saw");
    expect(() => regionVector(tokens, { left: 0, top: 0, width: 20, height: 20 })).toThrow("is outside what the model saw");
  });

  it("of windows that are none, or that leave gaps, are refused", () => {
    for (const windows of [
      { window: 0, stride: 1 },
      { window: 2, stride: 3 },
      { window: 1.5, stride: 1 },
      { window: 2, stride: 1.5 },
      { window: 2, stride: 0 },
    ])
      expect(() => regionVectors(drawTokens(3, 3, 1), windows)).toThrow(expect.objectContaining({ code: "option" }));
  });

  it("similarities are cosines with each token of the grid, prefix tokens left out", () => {
    const tokens = { ...drawTokens(2, 3, 4), prefix: 1, data: noise(7 * 4, 9) };
    const query = noise(4, 2);
    const length = Math.hypot(...query);
    const heat = similarities(
      tokens,
      query.map((value) => value / length),
    );
    expect(heat).toHaveLength(6);
    heat.forEach((value, i) => void expect(value).toBeCloseTo(cosine(tokens.data.subarray(4 * i + 4, 4 * i + 8), query), 5));
  });
});

/** A grid of random tokens over an image of 90 x 60. */
function drawTokens(rows: number, cols: number, seed: number): ImageTokens {
  return {
    data: noise(rows * cols * 4, seed),
    channels: 4,
    prefix: 0,
    grid: { rows, cols },
    channelsPerScale: [4],
    size: [60, 90],
  };
}
