/** The exported file against the library's prediction: who ships one .onnx file must get what `s2 predict` gives. */
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel, type Model, openOnnx } from "../../dist/node.js";
import { extractImage, type ImageTokens, imageTokens } from "../../src/features/index.ts";
import type { FeatureHead } from "../../src/heads/index.ts";
import { imagenet, type Photo } from "../../src/images/index.ts";
import { type ModelProto, metadataOf, writeOnnx } from "../../src/onnx/index.ts";
import type { ExtractionConfig } from "../../src/store/index.ts";
import { type ExportedHead, exportHead, exportHeadProto, openPredictor, type Prediction } from "../../src/tasks/index.ts";
import { onOneThread as openGraph } from "../heads/goldens.ts";
import { CLASSES, headsFor, photo } from "./random-heads.ts";

const path = (name: string) => fileURLToPath(new URL(`../runtimes/models/${name}.onnx`, import.meta.url));

type Outputs = Readonly<Record<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>>;

async function run(file: Uint8Array, { width, height, data }: Photo, batch = 1): Promise<Outputs> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const pixels = new Uint8Array(batch * data.length);
  for (let i = 0; i < batch; i++) pixels.set(data, i * data.length);
  const results = await session.run({ pixels: new OrtTensor("uint8", pixels, [batch, height, width, 3]) });
  await session.release();
  return results as unknown as Outputs;
}

/** The largest difference, relative to values above 1. */
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]) / Math.max(1, Math.abs(b[i]))), 0);
};

function compare(outputs: Outputs, prediction: Prediction, what: string): void {
  if (prediction.task === "classification") {
    expect(worst(outputs.scores.data, prediction.scores), what).toBeLessThanOrEqual(1e-3);
    expect(outputs.class.data[0], what).toBe(prediction.scores.indexOf(Math.max(...prediction.scores)));
  } else if (prediction.task === "segmentation") {
    const { mask } = prediction;
    expect(outputs.mask.dims, what).toEqual([1, mask.height, mask.width]);
    const other = mask.data.filter((id, i) => id !== outputs.mask.data[i]).length;
    expect(other / mask.data.length, what).toBeLessThanOrEqual(1e-3);
    expect(new Set(mask.data).size, what).toBeGreaterThan(1);
  } else if (prediction.task === "depth") {
    expect(outputs.depth.dims).toEqual([1, prediction.depth.height, prediction.depth.width]);
    expect(worst(outputs.depth.data, prediction.depth.data), what).toBeLessThanOrEqual(1e-3);
  } else {
    const { counts, presence, locations } = prediction.objects;
    expect(worst(outputs.counts.data, counts), what).toBeLessThanOrEqual(1e-3);
    expect(worst(outputs.presence.data, presence), what).toBeLessThanOrEqual(1e-3);
    expect(worst(outputs.locations.data, locations), what).toBeLessThanOrEqual(1e-3);
  }
}

describe("an exported head equals the library's prediction", () => {
  const models: Record<string, { model: Model; proto: ModelProto }> = {};
  beforeAll(async () => {
    for (const [name, options] of [
      ["plain", { patchSize: 8, prefixTokens: 1 }],
      ["maps", { patchSize: 8 }],
    ] as const)
      models[name] = {
        model: await loadModel(path(name), { ...options, preprocessing: imagenet, threads: 1 }),
        proto: openOnnx(path(name)),
      };
  });
  afterAll(() => Promise.all(Object.values(models).map(({ model }) => model.dispose())));

  it.each<[string, ExtractionConfig, number, number]>([
    ["plain", {}, 90, 64],
    ["plain", { scales: [1, 2, 3], fit: "squash" }, 70, 101],
    ["plain", { preset: "dense" }, 128, 96],
    ["plain", { imgSizes: [32, 64], merge: "mean" }, 64, 64],
    ["plain", { scales: [1, 2], fit: "crop" }, 80, 64],
    ["plain", { scales: [1, 2], maxTiles: 6 }, 100, 64],
    ["maps", { scales: [1, 2] }, 90, 64],
  ])("%s with %j on %ix%i px", async (name, extraction, width, height) => {
    const { model, proto } = models[name];
    const image = photo(width, height);
    const tokens = imageTokens(await extractImage(model, image, extraction));
    for (const head of headsFor(tokens, extraction)) {
      const what = `${head.fitted} ${head.pooling ?? ""}`;
      const exported = () =>
        exportHeadProto(proto, head, { traits: model.traits, preprocessing: imagenet, imageSize: [height, width] }).file;
      const predictor = await openPredictor(head, openGraph);
      const prediction = await predictor.predict(tokens).catch((error: Error) => error);
      await predictor.close();
      if (prediction instanceof Error) {
        expect(exported, what).toThrow(prediction.message.slice(0, 30)); // cropped images have no masks
        continue;
      }
      compare(await run(writeOnnx(exported()), image), prediction, what);
    }
  });

  it("takes several images at once, and says its task and labels in the metadata", async () => {
    const { model, proto } = models.plain;
    const tokens = imageTokens(await extractImage(model, photo(64, 64), {}));
    const heads = headsFor(tokens, {});
    for (const head of heads) {
      const file = exportHead(writeOnnx(proto), head, { traits: model.traits, preprocessing: imagenet });
      for (const { dims, data } of Object.values(await run(file, photo(64, 64), 2))) {
        expect(dims[0]).toBe(2);
        const half = data.length / 2;
        expect(Array.from(data).slice(half)).toEqual(Array.from(data).slice(0, half));
      }
    }
    const mask = heads.find(({ task }) => task === "segmentation")!;
    expect(metadataOf(exportHeadProto(proto, mask, { traits: model.traits }).file)).toMatchObject({
      "s2.task": "segmentation",
      "s2.labels": JSON.stringify(CLASSES),
      "s2.head": "logistic",
    });
  });

  it("takes images of the largest scale's size unless another is given, so that no scale is enlarged", () => {
    const { model, proto } = models.plain;
    const sizeFor = (extraction: ExtractionConfig) => {
      const channelsPerScale = Array.from(extraction.scales ?? extraction.imgSizes ?? [1, 2, 3], () => 4);
      const layout = { channelsPerScale, channels: 4 * channelsPerScale.length, prefix: 1 } as unknown as ImageTokens;
      const { image, warnings } = exportHeadProto(proto, headsFor(layout, extraction)[0], { traits: model.traits }).plan;
      return [image, warnings.filter(({ code }) => code === "above-image")];
    };
    expect(sizeFor({ scales: [1, 2] })).toEqual([[64, 64], []]);
    expect(sizeFor({ imgSizes: [32, 48] })).toEqual([[48, 48], []]);
    expect(sizeFor({ preset: "dense" })).toEqual([[96, 96], []]);
  });

  it("refuses heads whose tiles depend on the image, and heads of another model", async () => {
    const { model, proto } = models.plain;
    const tokens = imageTokens(await extractImage(model, photo(64, 64), {}));
    const [head] = headsFor(tokens, { minDetail: 5 });
    expect(() => exportHeadProto(proto, head, { traits: model.traits })).toThrow(expect.objectContaining({ code: "option" }));
    const narrow = headsFor({ ...tokens, channelsPerScale: [4], channels: 4 }, {});
    for (const each of narrow)
      expect(() => exportHeadProto(proto, each, { traits: model.traits }), each.fitted).toThrow(
        expect.objectContaining({ code: "rows" }),
      );
    const damaged = { ...headsFor(tokens, {})[0], tensors: {} } as unknown as ExportedHead & FeatureHead;
    expect(() => exportHeadProto(proto, damaged, { traits: model.traits })).toThrow(expect.objectContaining({ code: "head" }));
  });
});
