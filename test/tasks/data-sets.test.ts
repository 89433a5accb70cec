/** Fit, evaluate, predict and advise on a whole data set, with a model that is a function and a store in memory. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import type { DataSet, DataSetImage } from "../../src/datasets/index.ts";
import type { Photo } from "../../src/images/index.ts";
import {
  advise,
  type Candidate,
  checkHeadModel,
  compareEvaluations,
  describePrediction,
  evaluateDataSet,
  evaluationFigures,
  evaluationItems,
  extractDataSet,
  fitDataSet,
  loadHead,
  type OtherModel,
  predictImages,
  type SavedHead,
  saveHead,
  taskSplits,
} from "../../src/tasks/index.ts";
import { onOneThread as openGraph } from "../heads/goldens.ts";

const COLORS = [
  [200, 30, 30],
  [30, 30, 200],
];

/** Image i has the color of class i mod 2. */
const bytesOf = (path: string) => Uint8Array.of(Number.parseInt(path, 10));

function decode([i]: Uint8Array): Photo {
  const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => COLORS[i % 2][at % 3]);
  return { width: 16, height: 16, channels: 3, data } as Photo;
}

/** A model of 8 px tiles and 4 px patches: each token has the mean color of its patch. */
const colors = (change: (data: Float32Array, images: Tensor) => void = () => {}) =>
  Object.assign(
    async (images: Tensor) => {
      const [tiles, , height, width] = images.dims;
      const [rows, cols] = [height / 4, width / 4];
      const data = new Float32Array(tiles * rows * cols * 3);
      for (let t = 0, at = 0; t < tiles; t++)
        for (let token = 0; token < rows * cols; token++)
          for (let c = 0; c < 3; c++, at++) {
            const [top, left] = [4 * Math.floor(token / cols), 4 * (token % cols)];
            data[at] = images.data[((t * 3 + c) * height + top) * width + left];
          }
      change(data, images);
      return { dims: [tiles, rows * cols, 3], data };
    },
    { traits: { imageSize: [8, 8] as const, patchSize: 4, prefixTokens: 0, layout: "bnc" as const } },
  );

const classes = ["red", "blue"];
const item = (i: number) => ({ path: `${i}.png`, size: [16, 16] as const, label: i % 2, classes: [i % 2] });
const items = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => item(from + i));
const set: DataSet<"classification"> = {
  ...{ task: "classification", name: "colors", classes, issues: [] },
  splits: { train: items(0, 12), val: items(12, 18), test: items(18, 30) },
};
const splits = taskSplits(set);

const memory = () => {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name: string) => files.get(name),
    write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
  };
};

const source = {
  ...{ model: colors(), modelName: "colors", modelHash: "0123456789abcdef", version: "1" },
  read: async (path: string) => bytesOf(path),
  decode: async (bytes: Uint8Array) => decode(bytes),
};
const extraction = { scales: [1, 2] };
const fitRidge = () => fitDataSet(set, splits, { ...source, extraction, openGraph, head: "ridge" });

/** A reader for which one image is gone. */
const without = (gone: string) => async (path: string) => {
  if (path === gone) throw new Error("gone");
  return bytesOf(path);
};

describe("extractDataSet", () => {
  it("reports every image once, in order, with the reason for one that fails, and goes on", async () => {
    const seen: unknown[] = [];
    const images: DataSetImage[] = items(0, 3);
    const onImage = ({ path, done, of, reason }: { path: string; done: number; of: number; reason?: string }) =>
      void seen.push([path, done, of, reason]);
    const { features, failed } = await extractDataSet(images, "counting", {
      ...source,
      extraction,
      read: without("1.png"),
      onImage,
    });
    expect(seen).toEqual([
      ["0.png", 1, 3, undefined],
      ["1.png", 2, 3, "gone"],
      ["2.png", 3, 3, undefined],
    ]);
    expect([[...features.keys()], failed]).toEqual([["0.png", "2.png"], [{ path: "1.png", reason: "gone" }]]);
  });

  it("keeps whole grids for dense tasks, one vector for classification, and refuses cropped images where all of them is needed", async () => {
    const gridOf = async (task: "classification" | "counting") =>
      (await extractDataSet(items(0, 1), task, { ...source, extraction })).features.get("0.png")!.grid;
    expect([await gridOf("classification"), await gridOf("counting")]).toEqual([
      { rows: 1, cols: 1 },
      { rows: 2, cols: 2 },
    ]);
    const wide = async () => ({ width: 24, height: 16, channels: 3, data: new Uint8Array(24 * 16 * 3) }) as Photo;
    const cropped = { ...source, extraction: { ...extraction, fit: "crop" as const }, decode: wide };
    await expect(extractDataSet(items(0, 1), "depth", cropped)).rejects.toMatchObject({ code: "rows" });
  });

  it("throws when no image is usable, and names the first with its reason", async () => {
    const broken = extractDataSet(items(0, 1), "depth", { ...source, extraction, read: without("0.png") });
    await expect(broken).rejects.toMatchObject({ code: "image-broken", message: expect.stringContaining("0.png: gone") });
  });
});

describe("a head of a data set", () => {
  it("of earlier defaults, which its file does not name, keeps them", async () => {
    const { head } = await fitRidge();
    const folder = memory();
    await saveHead(folder, { ...head, features: { ...head.features, extraction: { scales: [1, 2] } } });
    expect((await loadHead(folder, "old")).features.extraction).toEqual({ scales: [1, 2], fit: "keep", fusion: "reference" });
    await saveHead(folder, { ...head, features: { ...head.features, extraction: { scales: [1, 2], maxTiles: 12 } } });
    expect((await loadHead(folder, "old")).features.extraction).toEqual({ scales: [1, 2], maxTiles: 12 });
  });

  it("is fitted, saved, loaded and evaluated to the same figures, by the extraction config of its fit", async () => {
    const { head, figures, failed } = await fitRidge();
    expect([figures.test[0].name, figures.test[0].value, failed]).toEqual(["top-1", 1, []]);
    expect(head.data).toMatchObject({ name: "colors", images: { train: 12, validation: 6, test: 12, failed: 0 } });
    const folder = memory();
    await saveHead(folder, head);
    const loaded = await loadHead(folder, "heads/colors");
    expect(loaded.features).toEqual({
      modelHash: source.modelHash,
      extraction: { ...extraction, fit: "whole", fusion: "bilinear" }, // defaults may change, the head's features may not
      s2_vision: "1",
    });
    const evaluation = await evaluateDataSet(loaded, set, evaluationItems(loaded, set), { ...source, openGraph });
    const found = evaluationFigures(evaluation);
    expect(found).toMatchObject({
      images: 12,
      figures: figures.test,
      confusion: [
        [6, 0],
        [0, 6],
      ],
    });
    expect(found.classes.map(({ name, value }) => [name, value])).toEqual([
      ["accuracy red", 1],
      ["accuracy blue", 1],
    ]);
  });

  it("predicts images in their order; one that fails stops no other", async () => {
    const { head } = await fitRidge();
    const found: unknown[] = [];
    for await (const each of predictImages(head, ["19.png", "1.png", "20.png"], { ...source, openGraph, read: without("1.png") }))
      found.push("prediction" in each ? describePrediction(each.prediction, head).fields.class : each.image);
    expect(found).toEqual(["blue", "1.png", "red"]);
  });

  it("refuses another model before an image is read, with both fingerprints", async () => {
    const { head } = await fitRidge();
    const other = {
      ...source,
      openGraph,
      modelHash: "fedcba9876543210",
      modelName: "other",
      read: async () => expect.unreachable(),
    };
    const refusal = /fingerprint 0123456789ab\), and other is another model .*\(fedcba987654\)/;
    expect(() => checkHeadModel(head, other)).toThrow(refusal);
    expect(() => checkHeadModel(head, source)).not.toThrow();
    await expect(evaluateDataSet(head, set, set.splits.test, other)).rejects.toThrow(refusal);
    await expect(predictImages(head, ["0.png"], other).next()).rejects.toThrow(refusal);
  });

  it("is not loaded from a folder with a missing file or with files of two fits", async () => {
    const { head } = await fitRidge();
    const folder = memory();
    await expect(loadHead(folder, "heads/none")).rejects.toThrow("There is no heads/none/head.json");
    await saveHead(folder, head);
    folder.files.get("head.safetensors")!.reverse();
    await expect(loadHead(folder, "heads/mixed")).rejects.toThrow("are not from one fit");
  });

  it("is evaluated on its own classes alone, and on a test split that is split off as at the fit", async () => {
    const { head } = await fitRidge();
    expect(() => evaluationItems(head, { ...set, classes: ["red", "green"] })).toThrow("The head predicts red, blue");
    const all: DataSet = { ...set, splits: { all: items(0, 30) } };
    expect(() => evaluationItems(head, all)).toThrow('no images in split "test"; it has all (30)');
    const split: SavedHead = { ...head, data: { ...head.data, testFraction: 0.2, seed: 3 } };
    expect(evaluationItems(split, all)).toEqual(taskSplits(all, { testFraction: 0.2, seed: 3 }).test);
  });

  it("is compared with another on the images that both have", async () => {
    const { head } = await fitRidge();
    const all = { ...source, openGraph };
    const one = await evaluateDataSet(head, set, set.splits.test, { ...all, read: without("18.png") });
    const two = await evaluateDataSet(head, set, set.splits.test, { ...all, read: without("29.png") });
    const { a, differences } = compareEvaluations(one, two);
    expect([evaluationFigures(one).images, evaluationFigures(a).images]).toEqual([11, 10]);
    expect(differences[0]).toMatchObject({ name: "top-1", value: 0, low: 0, high: 0 });
    expect(() => compareEvaluations(one, { ...two, classes: ["a", "b"] })).toThrow(
      "compare heads of one task and the same classes",
    );
  });
});

describe("advise", () => {
  it("compares candidates on the images that all have, also where an image fails for the last model alone", async () => {
    const closed: string[] = [];
    const other = (name: string, modelHash: string, model = colors()): OtherModel => ({
      name,
      open: async () => ({ model, modelName: name, modelHash, close: async () => void closed.push(name) }),
    });
    const broken = colors((data, images) => {
      if (images.data.some((value) => value > 2.1)) data[0] = Number.NaN; // normalized white
    });
    const white = { width: 16, height: 16, channels: 3, data: new Uint8Array(16 * 16 * 3).fill(255) } as Photo;
    const seen: Candidate[] = [];
    const advice = await advise(set, splits, {
      ...{ ...source, openGraph, head: "ridge" as const, onCandidate: (candidate: Candidate) => void seen.push(candidate) },
      ...{ largerInput: { name: "none", open: async () => undefined }, larger: other("larger", "l", broken) },
      decode: async (bytes) => (bytes[0] === 20 ? white : decode(bytes)),
    });
    expect(closed).toEqual(["larger"]);
    expect(advice.failed.map(({ path }) => path)).toEqual(["20.png"]);
    const { single, multi, larger } = advice.candidates;
    expect([single, ...multi, larger!].map(({ figure }) => figure.score.images.length)).toEqual([11, 11, 11, 11, 11]);
    expect(single.figure.score.images).not.toContain("20.png");
    expect(seen.map(({ name }) => name)).toEqual([
      ...["1x", "1x+2x", "1x+2x+3x", "preset global", "1x+2x+3x in 1x's channels", "1x+2x+3x of enlarged pixels", "larger"],
    ]);
    expect([advice.use, advice.helps, advice.candidates.largerInput]).toEqual([undefined, false, undefined]);
    expect(advice.sentences).toEqual([expect.stringMatching(/^Cannot tell: at least 50 test images are needed, got 11\./)]);
    expect(multi.map(({ cost }) => cost.tiles)).toEqual([5, 14, 5]);
  });

  it("asks for test images before anything is extracted", async () => {
    const reading = { ...source, openGraph, read: async () => expect.unreachable() };
    await expect(advise(set, { ...splits, test: [] }, reading)).rejects.toMatchObject({
      code: "data-set",
      message: expect.stringContaining("testFraction 0.3 splits them off"),
    });
  });
});
