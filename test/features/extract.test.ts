/** From an image to features and back to its pixels: who clicks a token must hit what the model saw. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planDynamicS2, planS2, S2Error, s2, type Tensor, type VisionModel } from "../../src/core/index.ts";
import { type ExtractOptions, extractImage, planImage } from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";

const plain = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1 / 255, filter: "bilinear" } as const;

/** Red grows to the right, green downwards. */
function gradient(width: number, height: number): Photo {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[3 * i] = Math.round((255 * ((i % width) + 0.5)) / width);
    data[3 * i + 1] = Math.round((255 * (Math.floor(i / width) + 0.5)) / height);
  }
  return { width, height, channels: 3, data };
}

/** Each token is its patch's mean color; 16 px tiles, 4 px patches. */
function colorModel(layout: "bnc" | "bchw" = "bnc"): VisionModel {
  const model = ({ dims: [n, , h, w], data }: Tensor): Tensor => {
    const [rows, cols] = [h / 4, w / 4];
    const out = new Float32Array(n * rows * cols * 3);
    for (let i = 0; i < data.length; i++) {
      const [plane, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
      const [image, c] = [Math.floor(plane / 3), plane % 3];
      const cell = Math.floor(y / 4) * cols + Math.floor(x / 4);
      out[layout === "bnc" ? (image * rows * cols + cell) * 3 + c : (image * 3 + c) * rows * cols + cell] += data[i] / 16;
    }
    return { dims: layout === "bnc" ? [n, rows * cols, 3] : [n, 3, rows, cols], data: out };
  };
  return Object.assign(model, { traits: { imageSize: [16, 16] as const, patchSize: 4, prefixTokens: 0, layout } });
}

const extract = (image: Photo, options: ExtractOptions, model = colorModel()) =>
  extractImage(model, image, { preprocessing: plain, ...options });

describe("extract", () => {
  it.each(["whole", "within", "keep", "squash", "crop"] as const)(
    "fit %s: a token's features are those of its pixels, at each scale",
    async (fit) => {
      const image = gradient(90, 60);
      const { data, dims, boxOf } = await extract(image, { scales: [1, 2, 3], fit });
      for (let t = 0; t < dims[1]; t++) {
        const { left, top, width, height } = boxOf(t);
        for (let scale = 0; scale < 3; scale++) {
          expect(Math.abs(data[t * 9 + scale * 3] - (left + width / 2) / 90)).toBeLessThan(0.03);
          expect(Math.abs(data[t * 9 + scale * 3 + 1] - (top + height / 2) / 60)).toBeLessThan(0.03);
        }
      }
    },
  );

  const traits224 = { imageSize: [224, 224], patchSize: 16 } as const;

  it("sees the whole image in one tile by default, and covers it above with tiles that share tokens, without padding", () => {
    const { scales, warnings, tiles } = planImage({ width: 1200, height: 800 }, { scales: [1, 2] }, traits224);
    expect(scales.map(({ size }) => size)).toEqual([
      [224, 224],
      [448, 672],
    ]);
    expect(planImage({ width: 500, height: 400 }, { scales: [1, 2] }, traits224).scales[1]).toMatchObject({
      size: [448, 560],
      colStarts: [0, 176, 336],
      padding: [0, 0],
    });
    expect([tiles, warnings]).toEqual([7, []]);
    const halved = planImage({ width: 600, height: 400 }, { scales: [0.5, 1] }, traits224).scales[0];
    expect([halved.tile, halved.padding, halved.grid]).toEqual([[224, 224], [112, 112], { rows: 7, cols: 7 }]);
  });

  it("within a square: no image has more tiles than a square one, and none has fewer pixels than a tile", () => {
    const plan = (width: number, height: number) =>
      planImage({ width, height }, { preset: "global" }, traits224).scales.map(({ size }) => size.join("x"));
    expect(plan(800, 600)).toEqual(["224x224", "336x448"]);
    expect(plan(600, 800)).toEqual(["224x224", "448x336"]);
    expect(plan(500, 500)).toEqual(["224x224", "448x448"]);
    expect(plan(4000, 500)).toEqual(["224x224", "224x448"]);
    for (const traits of [traits224, { imageSize: [224, 224] }, { imageSize: [160, 224], patchSize: 16 }] as const)
      for (let width = 50; width < 2000; width += 70) {
        const { tiles, scales } = planImage({ width, height: 400 }, { scales: [1, 2, 3], fit: "within" }, traits);
        expect(tiles).toBeLessThanOrEqual(14);
        expect(scales.every(({ size, tile }) => size[0] >= tile[0] && size[1] >= tile[1])).toBe(true);
      }
  });

  it("a model that does not say its patch size, or whose tiles are no whole patches, gets whole tiles in the image's shape", () => {
    for (const traits of [{ imageSize: [224, 224] }, { imageSize: [224, 224], patchSize: 15 }] as const) {
      const plan = planImage({ width: 500, height: 400 }, { scales: [1, 2] }, traits);
      expect([plan.scales[1].size, plan.splitMode]).toEqual([[448, 672], "exact"]);
    }
    const odd = planImage({ width: 500, height: 400 }, { imgSizes: [[230, 300]] }, traits224);
    expect([odd.splitMode, odd.scales[0].canvas]).toEqual(["pad", [448, 448]]);
  });

  it("a preset is a set of options that others override; it does not go with Dynamic S², which has sizes of its own", () => {
    const image = { width: 640, height: 480 };
    const dense = planImage(image, { preset: "dense" }, traits224);
    expect(dense.scales.map(({ size, padding }) => [size, padding])).toEqual([
      [
        [224, 304],
        [0, 0],
      ],
      [
        [448, 592],
        [0, 0],
      ],
      [
        [672, 896],
        [0, 0],
      ],
    ]);
    expect([dense.outputScale, dense.fusion, dense.splitMode]).toEqual([2, "bilinear", "cover"]);
    expect(planImage(image, { preset: "dense", scales: [1, 2] }, traits224).scales).toHaveLength(2);
    expect(planImage(image, { preset: "dense", imgSizes: [224] }, traits224).scales).toHaveLength(1);
    expect(planImage(image, { preset: "dense", resizeOutputToIdx: 0 }, traits224).outputScale).toBe(0);
    expect(() => planImage(image, { preset: "best" as never }, traits224)).toThrow(/preset is "best"/);
    expect(() => planImage(image, { preset: "dense", maxTiles: 12 }, traits224)).toThrow(/Both preset and maxTiles/);
    expect(() => planImage(image, { scales: [1], imgSizes: [224] }, traits224)).toThrow(/Both scales and imgSizes/);
  });

  it("fit keep keeps the image's shape in whole tokens at every scale, so that scales lie on each other", () => {
    const plan = planImage({ width: 640, height: 427 }, { scales: [1, 2, 3], fit: "keep" }, traits224);
    expect(plan.scales.map((s) => s.size)).toEqual([
      [224, 336],
      [448, 672],
      [672, 1008],
    ]);
    expect(plan.outputGrid).toEqual({ rows: 14, cols: 21 });
    expect(plan.warnings.map((w) => w.code)).not.toContain("extents");
    expect(
      planImage({ width: 427, height: 640 }, { imgSizes: [448] }, { imageSize: [224, 224], patchSize: 16 }).scales[0].size,
    ).toEqual([672, 448]);
  });

  it("says which scales are above the image's own resolution", () => {
    const messages = (width: number, height: number) =>
      planImage({ width, height }, { imgSizes: [224, 448], fit: "squash" }, { imageSize: [224, 224] }).warnings.map(
        (w) => w.message,
      );
    expect(messages(300, 300)).toEqual([
      expect.stringMatching(/The scale of 448x448 px is 1.5 times larger than what the image has/),
    ]);
    expect(messages(448, 448)).toEqual([]);
  });

  it("fills in what the model says, and asks where it says nothing", () => {
    const traits = { imageSize: [32, 32], patchSize: 8, prefixTokens: 2, layout: "bnc" } as const;
    expect(planImage({ width: 50, height: 50 }, { scales: [1] }, traits)).toMatchObject({
      numPrefixToken: 2,
      outputShape: "bnc",
    });
    expect(() => planImage({ width: 50, height: 50 }, { scales: [1] })).toThrow(/pass maxSplitSize, such as 224/);
    expect(() => planImage({ width: 50, height: 50 }, { scales: [1], fit: "stretch" as never }, traits)).toThrow(
      /whole, within, keep, squash or crop/,
    );
    expect(() => planImage({ width: 50, height: 50 }, { scale: [1] } as never, traits)).toThrow(/did you mean "scales"/);
  });

  it("a strip that becomes thousands of tiles is refused before they are laid out; the option takes more", () => {
    const traits = { imageSize: [32, 32], patchSize: 8, prefixTokens: 1 } as const;
    const refusal = (width: number, height: number, options = {}) => {
      try {
        return planImage({ width, height }, { scales: [1, 2], ...options }, traits).tiles;
      } catch (error) {
        return error;
      }
    };
    for (const [width, height] of [
      [3000, 2],
      [60000, 1],
      [1, 60000],
    ]) {
      const advised = { code: "too-many-tiles", message: expect.stringContaining(`${width}x${height} px would be cut into `) };
      expect(refusal(width, height)).toMatchObject(advised);
    }
    expect(refusal(3000, 2, { maxTilesPerImage: 6001 })).toBe(6001);
    expect(refusal(3000, 2, { maxTilesPerImage: 6000 })).toMatchObject({
      message: expect.stringContaining("maxTilesPerImage to 6001"),
    });
    expect(refusal(60000, 1, { fit: "crop" })).toBe(5);
    // 64 tiles side by side; those that share three of four tokens are more
    expect(refusal(64, 1, { fit: "keep", imgSizes: [32], scales: undefined, maxTilesPerImage: 64 })).toBe(64);
    expect(refusal(64, 1, { fit: "keep", imgSizes: [32], scales: undefined, maxTilesPerImage: 64, overlap: 3 })).toMatchObject({
      code: "too-many-tiles",
    });
    expect(refusal(64, 64, { maxTilesPerImage: 0 })).toMatchObject({ code: "option" });
  });

  it("feature maps come back as tokens too", async () => {
    const image = gradient(50, 40);
    expect(await extract(image, { scales: [1, 2] }, colorModel("bchw")).then((f) => f.data)).toEqual(
      (await extract(image, { scales: [1, 2] })).data,
    );
  });

  it("squashed scales are what s2 makes of the same pixels", async () => {
    const image = gradient(16, 16);
    const { data } = await extract(image, { scales: [1], fit: "squash" });
    const pixels = Float32Array.from({ length: 768 }, (_, i) =>
      Math.fround(image.data[(i % 256) * 3 + Math.floor(i / 256)] / 255),
    );
    expect(data).toEqual((await s2(colorModel(), { dims: [1, 3, 16, 16], data: pixels }, { scales: [1] })).data);
  });

  it("runs a plan of Dynamic S² like any other", async () => {
    const image = gradient(100, 40);
    const plan = planDynamicS2(image, { scales: [16, 32], maxTiles: 8, resizeOutputToIdx: -1 }, colorModel().traits);
    const { grid, dims, boxOf, data } = await extractImage(colorModel(), image, { ...plan, preprocessing: plain });
    expect(plan.scales[1]).toMatchObject({ rows: 2, cols: 4 }); // of 4 to 8 tiles nearest to 2.5 : 1
    expect(grid).toEqual({ rows: 8, cols: 16 });
    expect(dims).toEqual([1, 128, 6]);
    expect(Math.abs(data[63 * 6 + 3] - (boxOf(63).left + boxOf(63).width / 2) / 100)).toBeLessThan(0.03);
  });
});

describe("tokens and pixels", () => {
  it("the middle of a token's box leads back to the token, and boxes cover what the model saw", async () => {
    const length = fc.integer({ min: 17, max: 120 });
    const options = fc.record<ExtractOptions>({
      scales: fc.constantFrom([1], [1, 2], [2, 1], [0.75, 1.5]),
      fit: fc.constantFrom("keep", "squash", "crop"),
      splitMode: fc.constantFrom("pad", "resize"),
      fusion: fc.constantFrom("reference", "aligned"),
    });
    await fc.assert(
      fc.asyncProperty(length, length, options, async (width, height, options) => {
        const { dims, boxOf, tokenAt, plan, grid } = await extract(gradient(width, height), options);
        expect(grid).toEqual(plan.outputGrid);
        let area = 0;
        for (let t = 0; t < dims[1]; t++) {
          const box = boxOf(t);
          expect(tokenAt(box.left + box.width / 2, box.top + box.height / 2)).toBe(t);
          area += box.width * box.height;
        }
        expect(area).toBeCloseTo(plan.region!.width * plan.region!.height, 3);
      }),
      { numRuns: 60 },
    );
  });

  it("prefix tokens come first and stand for all that the model saw", async () => {
    const model = ({ dims: [n] }: Tensor): Tensor => ({ dims: [n, 5, 1], data: new Float32Array(n * 5) });
    const traits = { imageSize: [16, 16], patchSize: 8, prefixTokens: 1, layout: "bnc" } as const;
    const { boxOf, tokenAt } = await extract(gradient(40, 30), { scales: [1], fit: "crop" }, Object.assign(model, { traits }));
    expect(boxOf(0)).toEqual({ left: 5, top: 0, width: 30, height: 30 });
    expect(boxOf(1)).toEqual({ left: 5, top: 0, width: 15, height: 15 });
    expect(tokenAt(34.9, 29.9)).toBe(4);
    expect(() => boxOf(5)).toThrow(S2Error);
    expect(() => tokenAt(2, 2)).toThrow(/outside what the model saw/);
  });

  it("the plan's tiles are in the image's own pixels, also when it is cropped", () => {
    const plan = planImage({ width: 100, height: 40 }, { scales: [1, 2], fit: "crop" }, { imageSize: [16, 16] });
    expect(plan.scales[1].tiles[3]).toEqual({ left: 50, top: 20, width: 20, height: 20 });
    expect(plan.image).toEqual([40, 100]);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(planS2({ height: 40, width: 40 }, { scales: [1] }).region).toBeUndefined();
  });

  it("s2 refuses a plan that shows a part of the image, instead of showing all of it", async () => {
    const plan = planImage({ width: 100, height: 40 }, { scales: [1], fit: "crop" }, { imageSize: [16, 16] });
    const whole = { dims: [1, 3, 40, 100], data: new Float32Array(12000) };
    await expect(s2(colorModel(), whole, plan)).rejects.toThrow(/shows a part of an image of 100x40 px/);
  });
});
