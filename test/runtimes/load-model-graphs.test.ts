/** Tiny graphs (scripts/make-tiny-models.py), each with one property that a loader must notice. */
import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type LoadModelOptions, loadModel, type Model } from "../../dist/runtimes/node/index.js";

const graphs = fileURLToPath(new URL("models", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "s2-graphs-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const images = (count: number, side = 32) => ({
  dims: [count, 3, side, side],
  data: Float32Array.from({ length: count * 3 * side * side }, (_, i) => Math.sin(i)),
});

async function withModel<T>(name: string, options: LoadModelOptions, work: (model: Model) => T | Promise<T>): Promise<T> {
  const model = await loadModel(join(graphs, `${name}.onnx`), options);
  try {
    return await work(model);
  } finally {
    await model.dispose();
  }
}

/** A hub folder of a graph and config files, in the hub's layout. */
async function hubFolder(name: string, graph: string, files: Record<string, unknown>): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(join(folder, "onnx"), { recursive: true });
  await copyFile(join(graphs, `${graph}.onnx`), join(folder, "onnx/model.onnx"));
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), JSON.stringify(content));
  return folder;
}

test("a graph of four images a run takes fewer: filled up with zeros, outputs cut", async () => {
  const alone = await withModel("plain", { patchSize: 8 }, (model) => model(images(3)));
  await withModel("fixed-batch", { patchSize: 8 }, async (model) => {
    expect(model.traits.maxBatch).toBe(4);
    const padded = await model(images(3));
    expect(padded.dims).toEqual([3, 17, 4]);
    expect(padded.data).toEqual(alone.data);
    expect((await model(images(4))).dims).toEqual([4, 17, 4]);
  });
});

test("a graph of four images a run refuses five with the way out", async () => {
  await withModel("fixed-batch", { patchSize: 8 }, async (model) => {
    await expect(model(images(5))).rejects.toMatchObject({ code: "input", message: expect.stringContaining("splitForward: 4") });
  });
});

test("a ConvNet's maps are maps: layout, stride and no prefix", async () => {
  await withModel("maps", {}, async (model) => {
    expect(model.traits).toEqual({
      layout: "bchw",
      prefixTokens: 0,
      patchSize: 8,
      channels: 4,
      imageSize: [32, 32],
      dynamicSize: false,
    });
    expect((await model(images(2))).dims).toEqual([2, 4, 4, 4]);
  });
});

test("a model of any size runs at any size", async () => {
  await withModel("any-size", { patchSize: 8, imageSize: 32 }, async (model) => {
    expect(model.traits).toMatchObject({ imageSize: [32, 32], dynamicSize: true, prefixTokens: 1, channels: 4 });
    expect((await model(images(1, 48))).dims).toEqual([1, 37, 4]);
  });
});

test("a model of any size that nobody named one for has none", async () => {
  await withModel("any-size", { prefixTokens: 1 }, (model) => {
    expect(model.traits.imageSize).toBeUndefined();
    expect(model.traits).toMatchObject({ dynamicSize: true, patchSize: 8 });
  });
});

test.each(["baked-size", "cut-positions"])("%s: symbolic height and width do not make a model dynamic", async (name) => {
  await withModel(name, { patchSize: 8, imageSize: 32 }, async (model) => {
    expect(model.traits).toMatchObject({ imageSize: [32, 32], dynamicSize: false });
    await expect(model(images(1, 40))).rejects.toMatchObject({ code: "input", message: expect.stringContaining("32x32 only") });
  });
});

test("a symbolic graph that fails at the usual size asks for its size", async () => {
  const loading = loadModel(join(graphs, "baked-size.onnx"), { patchSize: 8 });
  await expect(loading).rejects.toMatchObject({ code: "input", message: expect.stringContaining("give imageSize") });
});

test("a hub folder tells size, patches and prefix: nothing need be given", async () => {
  const folder = await hubFolder("vit", "any-size", { "config.json": { model_type: "vit", image_size: 32, patch_size: 8 } });
  const model = await loadModel(folder);
  expect(model.traits).toMatchObject({ imageSize: [32, 32], dynamicSize: true, patchSize: 8, prefixTokens: 1 });
  expect(model.preprocessing).toBeUndefined();
  await model.dispose();
});

test("a file in onnx/ is read with the config files of the folder above", async () => {
  const folder = await hubFolder("above", "plain", { "config.json": { model_type: "vit", image_size: 32, patch_size: 8 } });
  const model = await loadModel(join(folder, "onnx/model.onnx"));
  expect(model.traits.patchSize).toBe(8);
  await model.dispose();
});

test("a family that should have other prefix tokens is a question, not a silent shift of the grid", async () => {
  const folder = await hubFolder("siglip", "plain", {
    "config.json": { model_type: "siglip_vision_model", image_size: 32, patch_size: 8 },
  });
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: "prefix-tokens",
    message: expect.stringContaining("leaves 1 before it"),
  });
  const model = await loadModel(folder, { prefixTokens: 1 });
  expect(model.traits.prefixTokens).toBe(1);
  await model.dispose();
});

test("without config files the prefix is asked for, with the usual answers and the ones that fit", async () => {
  const loading = loadModel(join(graphs, "plain.onnx"));
  await expect(loading).rejects.toMatchObject({
    code: "prefix-tokens",
    message: expect.stringMatching(/17 tokens.*1 for ViT.*What fits: prefixTokens 1 \(patch size 8\)\.$/),
  });
});

test("two outputs that could be features are asked about, with their shapes", async () => {
  const loading = loadModel(join(graphs, "two-outputs.onnx"), { patchSize: 8 });
  await expect(loading).rejects.toMatchObject({
    code: "output",
    message: expect.stringContaining("first (float32 [batch, 17, 4])"),
  });
});

test("a wished output is the features; float16 comes as float32, integers are refused", async () => {
  await withModel("two-outputs", { patchSize: 8, output: "second" }, async (model) => {
    const second = await model(images(1));
    const { first, coarse, ...rest } = await model.run(images(1));
    expect(rest).toHaveProperty("second");
    expect(rest).not.toHaveProperty("shape");
    expect(second.data).toEqual(first.data.map((value) => -value));
    expect(coarse.data).toBeInstanceOf(Float32Array);
    coarse.data.forEach((value, i) => {
      expect(value).toBeCloseTo(first.data[i], 3);
    });
    await expect(model.run(images(1), ["shape"])).rejects.toMatchObject({
      code: "output",
      message: expect.stringContaining("int64"),
    });
  });
});

test("a graph that wants text as well says which part to export", async () => {
  const loading = loadModel(join(graphs, "with-text.onnx"));
  await expect(loading).rejects.toMatchObject({ code: "model-file", message: expect.stringContaining("without input_ids") });
});

test("a missing device is a warning and the CPU", async () => {
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  await withModel("plain", { patchSize: 8, device: ["nonsense", "cpu", "never-tried"] }, async (model) => {
    expect((await model(images(1))).dims).toEqual([1, 17, 4]);
  });
  expect(await warned).toMatchObject({ code: "S2_DEVICE", message: expect.stringContaining('"nonsense"') });
});
