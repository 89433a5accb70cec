/** FocalNet, MPViT and ResNet from hub files: who swaps transformers, timm or the authors' code for a built graph must see the same numbers. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { s2, type Tensor } from "../../src/core/index.ts";
import { buildModel } from "../../src/models/build.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";
import { goldenErrors, goldenFolders, readConfig, readWeights, runFile, toFloats } from "./golden-model.ts";

const families = /focalnet|mpvit|resnet/;
const shared = (path: string) => fileURLToPath(new URL(`../../../shared/fixtures/${path}/`, import.meta.url));
const matching = (directory: string) =>
  existsSync(directory) ? readdirSync(directory).filter((name) => families.test(name) && !name.endsWith(".json")) : [];
const related = matching(shared("arch-related")).map((name) => shared("arch-related") + name);

it.each([...goldenFolders(families), ...related])("%s", async (folder) => {
  const errors = await goldenErrors(folder);
  expect(Object.entries(errors).filter(([, error]) => !(error <= 1e-4))).toEqual([]);
  expect(Object.keys(errors).length).toBeGreaterThanOrEqual(3);
});

const fixture = (name: string) => goldenFolders(new RegExp(`^${name}$`))[0];
const pixels: StoredTensor = {
  dtype: "F32",
  dims: [1, 3, 40, 40],
  data: Float32Array.from({ length: 4800 }, (_, i) => Math.sin(i * i)),
};

it.each([/crpe\.crpe\.|blks\.\d+\.cpe|blks\.\d+\.crpe/, /MHCA_layers\.0\.(cpe|crpe|factoratt_crpe\.crpe)\.|blks\.\d+\.c/])(
  "an MPViT whose writer dropped copies of its convolutions of positions (%s) is the same",
  async (dropped) => {
    const folder = fixture("authors-mpvit");
    const { tensors } = readSafetensors(readWeights(folder));
    // The second stage has two blocks in each encoder.
    const kept = Object.entries(tensors).filter(([name]) => !name.startsWith("mhca_stages.1.") || !dropped.test(name));
    expect(kept.length).toBeLessThan(Object.keys(tensors).length);
    const [whole, fewer] = [readWeights(folder), writeSafetensors(Object.fromEntries(kept))].map(async (weights) => {
      const outputs = await runFile(buildModel(readConfig(folder), weights, { imageSize: 40 }), pixels);
      return outputs.output.data;
    });
    expect(await fewer).toEqual(await whole);
  },
);

it.each([
  ["authors-mpvit", { model_args: { num_heads: [8, 4] } }, "num_heads [8,4]"],
  ["hf-focalnet-classifier", { patch_size: 8 }, "patch_size 8; with use_conv_embed"],
  ["timm-focalnet", { model_args: { head_hidden_size: 8 } }, "model_args.head_hidden_size 8"],
])("%s with %j is refused", (name, config, words) => {
  const folder = fixture(name);
  expect(() => buildModel({ ...readConfig(folder), ...config }, readWeights(folder))).toThrow(
    expect.objectContaining({ code: "architecture", message: expect.stringContaining(words) }),
  );
});

describe.skipIf(related.length === 0)("S² at scales 1 and 2 equals the reference's wrapper (skipped without ../shared)", () => {
  it.each(matching(shared("s2-related")))("%s", async (name) => {
    const [twin, output] = name.replace(".safetensors", "").split("--");
    const { tensors } = readSafetensors(readFileSync(shared("s2-related") + name));
    const folder = shared("arch-related") + twin;
    const file = buildModel(readConfig(folder), readWeights(folder), { outputs: [output] });
    const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    const model = async ({ dims, data }: Tensor) =>
      (await session.run({ pixel_values: new OrtTensor("float32", data, dims) }))[output] as unknown as Tensor;
    const images = { dims: tensors.pixel_values.dims, data: toFloats(tensors.pixel_values) };
    const got = await s2(model, images, { scales: [1, 2], outputShape: "bchw" });
    await session.release();
    expect(got.dims).toEqual([...tensors.features.dims]);
    const expected = toFloats(tensors.features);
    expect(got.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)).toBeLessThan(1e-4);
  });
});
