/** Capacity and hard samples on made-up features: what a finer scale alone holds is found, controls hold no more than they should, and samples are of the right categories. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Tensor } from "s2-vision";
import type { ImageTokens } from "s2-vision/heads";
import { mean, pooled } from "s2-vision/metrics";
import { openGraph, openLoop } from "s2-vision/node";
import { makeRandom } from "s2-vision/train";
import { expect, it } from "vitest";
import { byKey, errors, hardSamples, rescued } from "../src/capacity/hard-samples.ts";
import { lossOf, trainingLosses } from "../src/capacity/memorize.ts";
import { type Photo, SPLITS, sampleCells } from "../src/capacity/photos.ts";
import { informationOf, reconstruct } from "../src/capacity/reconstruct.ts";
import { samplesOf } from "../src/capacity/samples.ts";
import { systemNames, systemsOf } from "../src/capacity/systems.ts";
import type { ExperimentContext } from "../src/context.ts";
import type { TaskData } from "../src/evaluate.ts";
import { openStages } from "../src/model-stages.ts";
import { shifted, withViews } from "../src/shifted-views.ts";

const context = { openGraph, openLoop: (file, state) => openLoop(file, state, { threads: 1 }) } as ExperimentContext;
const random = makeRandom(4);

/** 5 tokens of a photo, a row of channels for each. */
const tokensOf = (rows: readonly (readonly number[])[], scales = 1): ImageTokens => ({
  ...{ data: Float32Array.from(rows.flat()), channels: rows[0].length, prefix: 0, grid: { rows: 1, cols: rows.length } },
  ...{ channelsPerScale: Array(scales).fill(rows[0].length / scales), size: [8, 8] },
});

const photos: Photo[] = Array.from({ length: 60 }, (_, i) => ({
  ...{ key: `set/${i}`, path: String(i), split: SPLITS[i % 3], task: {} as TaskData },
}));

it("a target that the second scale holds is reconstructed from S², and from no control", async () => {
  const [scales, views, target] = [new Map(), new Map(), new Map()].map((map) => map as Map<string, ImageTokens>);
  for (const { key } of photos) {
    const rows = Array.from({ length: 5 }, () => Array.from({ length: 9 }, () => random() - 0.5)); // three scales of three channels
    scales.set(key, tokensOf(rows, 3));
    views.set(
      key,
      tokensOf(
        rows.map((row) => [...row.slice(0, 3), ...row.slice(0, 3), ...row.slice(0, 3)].map((value) => value + 0.1 * random())),
        3,
      ),
    );
    target.set(key, tokensOf(rows.map((row) => [row[0] + row[3], row[4] - row[5]])));
  }
  const train = photos.flatMap(({ key, split }) => (split === "train" ? [key] : []));
  const information = new Map<string, number>();
  for (const { name, make } of systemsOf(context, { scales, views, train })) {
    const { test, train: onTrain } = await reconstruct(context, photos, await make(), target);
    information.set(name, informationOf(test).measure());
    expect(onTrain.images).toHaveLength(20);
  }
  expect([...information.keys()]).toEqual(systemNames(3));
  expect(information.get("1x+2x")).toBeGreaterThan(2);
  for (const name of ["1x", "2 views at 1x", "3 views at 1x", "1x and random features, 3 times as wide"])
    expect(information.get(name), name).toBeLessThan(1);
});

it("shuffled labels are memorized with as many channels as photos, and not with few", async () => {
  const labeled = Array.from({ length: 24 }, (_, i) => ({ key: String(i), label: i % 3 }));
  const losses = async (channels: number) => {
    const features = new Map(labeled.map(({ key }) => [key, tokensOf([Array.from({ length: channels }, () => random() - 0.5)])]));
    return trainingLosses(context, labeled, 3, features);
  };
  const [few, many] = [await losses(2), await losses(24)];
  expect(lossOf(many.shuffled).measure()).toBeLessThan(0.05);
  expect(lossOf(few.shuffled).measure()).toBeGreaterThan(0.5);
  expect(few.labels.images).toHaveLength(24);
});

it("hard samples are what only the larger model has right, of categories that follow from labels, margins and areas", async () => {
  // Ten test photos of class 0 and two of class 1, which is rare; the small model always says 0.
  const labels = [...Array(10).fill(0), 1, 1];
  const all = labels.flatMap((label, i) =>
    [...Array(label === 0 ? 5 : 1).fill("train"), "test"].map((split, at) => ({
      ...{ key: `${i} ${at} ${split}`, split, labels: Int32Array.of(label), areas: Float32Array.of(label === 1 ? 0.01 : 0.5) },
    })),
  );
  const set = { photos: all, classes: ["a", "b"] };
  const predict = (choose: (label: number) => number, margin: (label: number) => number) =>
    byKey(all.map(({ key, labels: [label] }) => ({ key, classes: [choose(label)], margins: [margin(label)] })));
  const [small, large] = [
    predict(
      () => 0,
      () => 1,
    ),
    predict(
      (label) => label,
      (label) => (label === 1 ? 0.1 : 1),
    ),
  ];
  const hard = hardSamples(set, small, large);
  expect(hard.map(({ photo, categories }) => [photo.labels[0], [...categories].sort()])).toEqual(
    [1, 2].map(() => [1, ["all", "ambiguous", "rare", "small"]]),
  );
  const fraction = (category: "all" | "confused") => pooled(rescued(hard, category, large), mean);
  expect([fraction("all").measure(), fraction("confused").images]).toEqual([1, []]);
  expect(pooled(errors(set, "test", small), mean).measure()).toBeCloseTo(2 / 12);
});

it("cells have the class of the smallest box around their middle, or of most of their pixels", async () => {
  const box = { left: 0, top: 0, width: 8, height: 4, label: 0 };
  const item = { path: "a", size: [8, 8], classes: [0, 1], boxes: [box, { ...box, width: 4, label: 1 }] };
  const counting = {
    folder: { name: "s" },
    set: { task: "counting", classes: ["a", "b"] },
    splits: { train: [item], validation: [], test: [] },
  };
  const { photos: boxes, classes } = await samplesOf(counting as unknown as TaskData, { rows: 2, cols: 2 });
  expect(classes).toEqual(["a", "b", "background"]);
  expect([[...boxes[0].labels], [...boxes[0].areas]]).toEqual([
    [1, 0, 2, 2],
    [0.25, 0.5, Number.NaN, Number.NaN],
  ]);
  const mask = async () => ({ width: 4, height: 4, data: Uint8Array.of(0, 0, 1, 9, 0, 0, 9, 9, 1, 1, 0, 0, 1, 1, 0, 0) });
  const masked = { ...counting, set: { task: "segmentation", classes: ["a", "b"], ignore: 9 } };
  const splits = { train: [{ path: "a", mask }], validation: [], test: [] };
  const [{ labels, areas }] = (await samplesOf({ ...masked, splits } as unknown as TaskData, { rows: 2, cols: 2 })).photos;
  expect([...labels]).toEqual([0, -1, 1, 0]);
  expect(areas[2]).toBeCloseTo(5 / 16);
});

it("views of a tile have the model's channels one after the other, of the tile moved by half a token", async () => {
  const data = Float32Array.from({ length: 16 }, (_, i) => i);
  const tile: Tensor = { dims: [1, 1, 4, 4], data };
  expect([...shifted(tile, 1).data]).toEqual([0, 0, 1, 2, 0, 0, 1, 2, 4, 4, 5, 6, 8, 8, 9, 10]);
  expect([...shifted(tile, -3).data]).toEqual(Array(16).fill(15));
  for (const layout of ["bnc", "bchw"] as const) {
    const model = Object.assign(
      async (images: Tensor) => ({ dims: layout === "bnc" ? [1, 16, 1] : images.dims, data: images.data }),
      {
        traits: { layout, channels: 1 },
      },
    );
    const views = withViews(model as never, 2, 2);
    const output = await views(tile);
    expect([views.traits!.channels, output.dims]).toEqual([2, layout === "bnc" ? [1, 16, 2] : [1, 2, 4, 4]]);
    const second = layout === "bnc" ? output.data.filter((_, i) => i % 2 === 1) : output.data.slice(16);
    expect([...second]).toEqual([...shifted(tile, 1).data]);
  }
});

it("cells of a photo are the same for every model, whatever its channels and prefix", () => {
  const grid = { rows: 3, cols: 4 };
  const make = (channels: number, prefix: number): ImageTokens => {
    const data = Float32Array.from({ length: (prefix + 12) * channels }, (_, i) => Math.floor(i / channels) - prefix);
    return { data, channels, prefix, grid, channelsPerScale: [channels], size: [8, 8] };
  };
  const [a, b] = [sampleCells(make(1, 0), 5, 7), sampleCells(make(2, 1), 5, 7)];
  expect([...b.data].filter((_, i) => i % 2 === 0)).toEqual([...a.data]);
  expect(new Set(a.data).size).toBe(5);
  expect(sampleCells(make(1, 0), 50, 7).grid.cols).toBe(12);
});

const mobilenet = fileURLToPath(new URL("../../../shared/models/mobilenet_v1/x0.25", import.meta.url));
const absent = existsSync(mobilenet) ? "" : " (skipped: ../shared/models is absent)";

it.skipIf(absent !== "")(
  `the stages of a convolutional model are its maps before each halving, then its output${absent}`,
  async () => {
    const stages = await openStages(mobilenet, { threads: 1 });
    const side = 64;
    const images = { dims: [1, 3, side, side], data: Float32Array.from({ length: 3 * side * side }, () => random()) };
    const found: [string, number, number][] = [];
    for (const { name, model } of stages) {
      const { dims } = await model(images);
      expect(model.traits.channels).toBe(dims[1]);
      found.push([name, dims[1], side / dims[2]]);
      await model.dispose();
    }
    expect(found).toEqual([
      ["stride 2", 16, 2],
      ["stride 4", 32, 4],
      ["stride 8", 64, 8],
      ["stride 16", 128, 16],
      ["output", 256, 32],
    ]);
  },
);
