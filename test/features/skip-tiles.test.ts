/** Adaptive S²: tiles without detail are not run, those with detail are, and no more than was asked for. */
import { describe, expect, it } from "vitest";
import type { S2Plan, Tensor, VisionModel } from "../../src/core/index.ts";
import { calibrateMinDetail, extractImage, type ImagePlanOptions, planImage } from "../../src/features/index.ts";
import { tileDetail } from "../../src/features/skip-tiles.ts";
import type { Photo, Pixels } from "../../src/images/index.ts";

const traits = { imageSize: [16, 16], patchSize: 4, prefixTokens: 0, layout: "bnc", multiplyAdds: 1000 } as const;
const squashed = { scales: [1, 2, 3], fit: "squash" } as const;

/** A gray image of 96x96 with what `level` gives at each pixel. */
function draw(level: (x: number, y: number) => number): Photo {
  const data = new Uint8Array(96 * 96 * 3).map((_, i) => level(Math.floor(i / 3) % 96, Math.floor(i / 288)));
  return { width: 96, height: 96, channels: 3, data };
}

const flat = draw(() => 90);
/** Stripes of 2 pixels, which only the scales of 32 and 48 px begin to see, in the square of 32 pixels at the top left. */
const corner = draw((x, y) => (x < 32 && y < 32 ? 90 + 120 * ((x >> 1) % 2) : 90));
/** Noise that grows to the right, so that no two tiles have the same detail. */
const growing = draw((x, y) => 128 + ((((x * 7919 + y * 104729 + x * y * 31) % 97) - 48) * (x + y / 4)) / 60);

const plan = (image: Photo, options: ImagePlanOptions = {}) => planImage(image, { ...squashed, ...options }, traits);
const skipped = ({ scales }: S2Plan) => scales.map((scale) => scale.skipped ?? []);

describe("minDetail", () => {
  it("skips all finer tiles of a flat image; the first scale runs", () => {
    expect(skipped(plan(flat, { minDetail: 0.5 }))).toEqual([[], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]]);
    expect(plan(flat, { minDetail: 0.5 }).tiles).toBe(1);
  });

  it("keeps the one tile of the finest scale that shows fine texture", () => {
    const { scales } = plan(corner, { minDetail: 0.5 });
    expect(scales[2].skipped).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(scales[2].detail![0]).toBeGreaterThan(1);
  });

  it("runs the first scale however high it is", () => {
    const { tiles, scales } = plan(growing, { minDetail: 255 });
    expect([tiles, scales[0].skipped, scales[0].detail]).toEqual([1, undefined, undefined]);
  });
});

describe("tileFraction", () => {
  it.each([0.1, 0.3, 0.5, 0.75, 0.99])("%d bounds the tiles, and those of most detail are kept", (tileFraction) => {
    const { tiles, scales } = plan(growing, { tileFraction });
    expect(tiles).toBe(Math.max(1, Math.floor(14 * tileFraction)));
    const finer = scales.flatMap(({ detail = [], skipped: not = [] }) =>
      detail.map((value, tile) => ({ value, runs: !not.includes(tile) })),
    );
    const most = Math.max(...finer.filter(({ runs }) => !runs).map(({ value }) => value));
    for (const { value } of finer.filter(({ runs }) => runs)) expect(value).toBeGreaterThan(most);
  });

  it("is a bound beside minDetail: the stricter one holds", () => {
    expect(plan(flat, { minDetail: 0.5, tileFraction: 0.9 }).tiles).toBe(1);
    expect(plan(growing, { minDetail: 0.001, tileFraction: 0.5 }).tiles).toBe(7);
  });
});

it("counts the multiply-adds of the tiles that run", () => {
  expect(plan(growing).multiplyAdds).toBe(14_000);
  expect(plan(growing, { tileFraction: 0.5 }).multiplyAdds).toBeCloseTo(7000, 6);
});

it("plans all tiles for an image of which only the size is known", () => {
  const { tiles, scales } = planImage({ width: 96, height: 96 }, { ...squashed, minDetail: 255, tileFraction: 0.1 }, traits);
  expect([tiles, scales.some(({ detail, skipped: not }) => detail || not)]).toEqual([14, false]);
});

it("does not compare a scale with one that is as fine: nothing is known of its tiles, so they run", () => {
  expect(skipped(plan(flat, { scales: [2, 1], minDetail: 1 }))).toEqual([[], []]);
});

it.each([
  { minDetail: -1 },
  { minDetail: Number.NaN },
  { tileFraction: 0 },
  { tileFraction: 1.01 },
  { tileFraction: -0.5 },
  { tileFraction: Number.NaN },
])("refuses %j", (options) => {
  expect(() => plan(growing, options)).toThrow(expect.objectContaining({ code: "option" }));
});

it("extract runs the tiles that planImage says, and its plan is the same", async () => {
  let images = 0;
  const model: VisionModel = Object.assign(
    ({ dims: [n] }: Tensor) => {
      images += n;
      return { dims: [n, 16, 2], data: new Float32Array(n * 32).fill(images) };
    },
    { traits },
  );
  const preprocessing = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1 / 255, filter: "bicubic" } as const;
  const options = { ...squashed, tileFraction: 0.5 };
  const features = await extractImage(model, growing, { ...options, preprocessing });
  expect(features.plan).toEqual(planImage(growing, options, traits));
  expect(images).toBe(features.plan.tiles);
});

describe("tileDetail", () => {
  const gray = (size: number, level: (x: number, y: number) => number): Pixels => ({
    ...{ width: size, height: size, channels: 1 },
    data: new Uint8Array(size * size).map((_, i) => level(i % size, Math.floor(i / size))),
  });
  const { scales } = plan(flat, { scales: [1, 2] });

  it("is the mean difference from the coarser image: 0 where it shows the same, the levels where it does not", () => {
    expect(
      tileDetail(
        scales[1],
        gray(32, () => 100),
        gray(16, () => 100),
      ),
    ).toEqual([0, 0, 0, 0]);
    expect(
      tileDetail(
        scales[1],
        gray(32, (x) => (x < 16 ? 100 : 107)),
        gray(16, () => 100),
      ),
    ).toEqual([0, 7, 0, 7]);
  });

  it("enlarges the coarser image smoothly: a slope is no detail", () => {
    const slope = tileDetail(
      scales[1],
      gray(32, (x) => 4 * x + 2),
      gray(16, (x) => 8 * x + 4),
    );
    expect(Math.max(...slope)).toBeLessThan(0.01);
  });
});

describe("calibrateMinDetail", () => {
  const model = { traits };
  const share = (images: Photo[], minDetail: number) =>
    images.reduce((sum, image) => sum + plan(image, { minDetail }).tiles, 0) / (14 * images.length);

  it("gives the threshold at which the images together run the fraction, detailed ones more than flat ones", async () => {
    const images = [flat, growing, draw((x, y) => growing.data[(y * 96 + x) * 3] ** 2 / 255)];
    for (const tileFraction of [0.2, 0.4, 0.6]) {
      const minDetail = await calibrateMinDetail(model, images, { ...squashed, tileFraction });
      expect(Math.abs(share(images, minDetail) - tileFraction)).toBeLessThanOrEqual(1 / 42);
      expect(share(images, minDetail)).toBeLessThanOrEqual(tileFraction);
      expect(plan(flat, { minDetail }).tiles).toBe(1);
    }
  });

  it("skips all that it may when the first scale alone is more than the fraction", async () => {
    const minDetail = await calibrateMinDetail(model, [growing], { ...squashed, tileFraction: 0.01 });
    expect(plan(growing, { minDetail }).tiles).toBe(1);
  });

  it("takes images one after the other, a preset, and the model's own filter", async () => {
    async function* decode() {
      yield growing;
      yield corner;
    }
    const preprocessing = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1 / 255, filter: "box" } as const;
    const all = await calibrateMinDetail({ ...model, preprocessing }, decode(), {
      preset: "dense",
      tileFraction: 0.5,
      minDetail: 200,
    });
    expect(all).toBe(await calibrateMinDetail(model, [growing, corner], { preset: "dense", tileFraction: 0.5, preprocessing }));
    expect(all).not.toBe(await calibrateMinDetail(model, [growing, corner], { preset: "dense", tileFraction: 0.5 }));
  });

  it("refuses no images, no fraction and the fraction of all", async () => {
    const refused = expect.objectContaining({ code: "option" });
    await expect(calibrateMinDetail(model, [], { tileFraction: 0.5 })).rejects.toEqual(refused);
    await expect(calibrateMinDetail(model, [flat], squashed)).rejects.toEqual(refused);
    await expect(calibrateMinDetail(model, [flat], { tileFraction: 1 })).rejects.toEqual(refused);
  });
});
