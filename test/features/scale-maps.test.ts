/** The picture of each scale must show what went into the features, without a second run of the model. */
import { expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import {
  extractImage,
  outputMap,
  planImage,
  recordModel,
  type ScaleMap,
  scaleMaps,
  scalePicture,
} from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";

/** Red is noise, green grows to the right. */
function imageOf(width: number, height: number): Photo {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[3 * i] = (i * 2654435761) >>> 24;
    data[3 * i + 1] = (255 * (i % width)) / width;
  }
  return { width, height, channels: 3, data };
}

/** A token is its patch's first pixel; 16 px tiles, 4 px patches, and for tokens one prefix token. */
function firstPixels(layout: "bnc" | "bchw") {
  const prefixTokens = layout === "bnc" ? 1 : 0;
  let runs = 0;
  const model = ({ dims: [n, , h, w], data }: Tensor): Tensor => {
    runs++;
    const [rows, cols] = [h / 4, w / 4];
    const each = prefixTokens + rows * cols;
    const out = new Float32Array(n * each * 3);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < 3; c++) {
        for (let t = 0; t < rows * cols; t++) {
          const value = data[((i * 3 + c) * h + 4 * Math.floor(t / cols)) * w + 4 * (t % cols)];
          out[layout === "bnc" ? (i * each + prefixTokens + t) * 3 + c : (i * 3 + c) * each + t] = value;
        }
      }
    }
    return { dims: layout === "bnc" ? [n, each, 3] : [n, 3, rows, cols], data: out };
  };
  const traits = { imageSize: [16, 16] as const, patchSize: 4, prefixTokens, layout };
  return Object.assign(model, { traits, runs: () => runs });
}

it.each(["bnc", "bchw"] as const)("maps of a %s model are the scales' own features, from one run", async (layout) => {
  const image = imageOf(90, 60);
  for (const resizeOutputToIdx of [0, 1, 2]) {
    const model = firstPixels(layout);
    const plan = planImage(image, { scales: [1, 2, 3], resizeOutputToIdx, splitForward: 3 }, model.traits);
    const recorded = recordModel(model);
    const features = await extractImage(recorded, image, plan);
    const runs = model.runs();
    const maps = await scaleMaps(recorded, plan);
    expect(model.runs()).toBe(runs);
    expect(maps.map(({ rows, cols }) => ({ rows, cols }))).toEqual(plan.scales.map(({ grid }) => grid));
    // The scale that sets the output's grid is in the output as it is.
    const { data, rows, cols } = maps[resizeOutputToIdx];
    const prefix = plan.numPrefixToken;
    for (let t = 0; t < rows * cols; t++) {
      const at = (prefix + t) * 9 + resizeOutputToIdx * 3;
      expect([...features.data.subarray(at, at + 3)]).toEqual([...data.subarray(t * 3, t * 3 + 3)]);
    }
  }
});

it("the map of a scale with skipped tiles holds what went into the features", async () => {
  const image = imageOf(90, 60);
  const model = firstPixels("bnc");
  const recorded = recordModel(model);
  const options = { scales: [1, 2, 3], outputScale: "finest", tileFraction: 0.5 } as const;
  const features = await extractImage(recorded, image, options);
  expect(features.plan.scales[2].skipped!.length).toBeGreaterThan(0);
  const { data } = (await scaleMaps(recorded, features.plan))[2];
  const prefix = features.plan.numPrefixToken;
  for (let t = 0; t < data.length / 3; t++) {
    const at = (prefix + t) * 9 + 6;
    expect([...features.data.subarray(at, at + 3)]).toEqual([...data.subarray(t * 3, t * 3 + 3)]);
  }
});

it("a recording of another plan is refused", async () => {
  const image = imageOf(64, 64);
  const model = firstPixels("bnc");
  const one = planImage(image, { scales: [1] }, model.traits);
  const two = planImage(image, { scales: [1, 2] }, model.traits);
  const recorded = recordModel(model);
  await extractImage(recorded, image, one);
  await expect(scaleMaps(recorded, two)).rejects.toMatchObject({ code: "recording" });
  await extractImage(recorded, image, one);
  await expect(scaleMaps(recorded, one)).rejects.toMatchObject({ code: "recording" });
});

it("a cropped image's picture shows the part that was seen", async () => {
  const image = imageOf(90, 60);
  const model = firstPixels("bnc");
  const plan = planImage(image, { scales: [1, 2], fit: "crop" }, model.traits);
  const recorded = recordModel(model);
  await extractImage(recorded, image, plan);
  const { width, height } = scalePicture(image, await scaleMaps(recorded, plan), plan);
  expect([width, height]).toEqual([3 * 448 + 2 * 8, 448]); // three squares, 8 px between
});

it("scales are drawn in common colors: where the model sees the same, the panels of all scales are the same", async () => {
  const image = imageOf(64, 64);
  for (let i = 0; i < 64 * 64; i++) {
    const x = i % 64;
    const value = x === 26 || x === 27 ? 255 : x < 32 ? 40 : i < 32 * 64 ? 120 : 200; // a line that scale 2 alone sees
    image.data.fill(value, 3 * i, 3 * i + 3);
  }
  const plan = planImage(image, { scales: [1, 2] }, firstPixels("bnc").traits);
  const recorded = recordModel(firstPixels("bnc"));
  await extractImage(recorded, image, plan);
  const { width, data } = scalePicture(image, await scaleMaps(recorded, plan), plan);
  const colorAt = (x: number, y: number) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  const places = [60, 390].flatMap((x) => [60, 390].map((y) => [x, y])); // far from the outlines of tiles
  for (const [x, y] of places) expect(colorAt(456 + x, y)).toEqual(colorAt(2 * 456 + x, y));
  expect(new Set(places.map(([x, y]) => colorAt(456 + x, y).join())).size).toBe(3);
});

it.each(["bnc", "bchw"] as const)(
  "the map of a scale that a %s model's onScale gives is that scale's part of the features",
  async (layout) => {
    const image = imageOf(48, 32);
    const model = firstPixels(layout);
    const plan = planImage(image, { scales: [1, 2], resizeOutputToIdx: -1 }, { ...model.traits, channels: 3 });
    const maps: ScaleMap[] = [];
    const onScale = (_: number, features: Tensor) => maps.push(outputMap(features, plan)!);
    const { data, grid, dims, plan: kept } = await extractImage(model, image, { ...plan, onScale });
    const warnings = [...plan.warnings, expect.objectContaining({ code: "preprocessing-assumed" })]; // the model says nothing of it
    expect(kept).toStrictEqual({ ...plan, warnings }); // the hook is no part of it
    const prefix = dims[1] - grid.rows * grid.cols;
    expect(maps).toHaveLength(2);
    maps.forEach((map, scale) => {
      expect([map.rows, map.cols, map.channels]).toEqual([grid.rows, grid.cols, 3]);
      for (let i = 0; i < map.data.length; i++) {
        expect(map.data[i]).toBe(data[(prefix + Math.floor(i / 3)) * 6 + 3 * scale + (i % 3)]);
      }
    });
    expect(
      outputMap({ dims: [1, 4, 3], data: new Float32Array(12) }, { ...plan, outputShape: "bnc", outputGrid: undefined }),
    ).toBe(undefined);
  },
);
