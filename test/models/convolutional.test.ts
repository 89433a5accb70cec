/** FocalNet, MPViT, ResNet and MobileNet from hub files: who swaps transformers, timm or the authors' code for a built graph must see the same numbers. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { s2, type Tensor } from "../../src/core/index.ts";
import { buildModel, outputNames } from "../../src/models/build.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";
import { goldenErrors, goldenFolders, readConfig, readWeights, runFile, toFloats } from "./golden-model.ts";

const families = /focalnet|mpvit|resnet|mobilenet/;
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

/** timm's names of a MobileNetV2 as torchvision has them: all blocks in one list, and in each its layers with their norms. */
function torchvisionNames(names: readonly string[]): Map<string, string> {
  const blocks = [...new Set(names.flatMap((name) => /^blocks\.\d+\.\d+/.exec(name) ?? []))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const places: Record<string, string> = {
    conv_stem: "0.0",
    bn1: "0.1",
    conv_head: `${blocks.length + 1}.0`,
    bn2: `${blocks.length + 1}.1`,
  };
  const inverted: Record<string, string> = { conv_pw: "0.0", bn1: "0.1", conv_dw: "1.0", bn2: "1.1", conv_pwl: "2", bn3: "3" };
  const first: Record<string, string> = { conv_dw: "0.0", bn1: "0.1", conv_pw: "1", bn2: "2" };
  return new Map(
    names.map((name) => {
      const [, block, layer, leaf] = /^(?:(blocks\.\d+\.\d+)\.)?(\w+)\.(\w+)$/.exec(name)!;
      if (layer === "classifier") return [name, `classifier.1.${leaf}`];
      if (!block) return [name, `features.${places[layer]}.${leaf}`];
      const layers = block === "blocks.0.0" ? first : inverted;
      return [name, `features.${blocks.indexOf(block) + 1}.conv.${layers[layer]}.${leaf}`];
    }),
  );
}

it("counters of batch norms that were cast to floats with the weights are ignored", () => {
  const folder = fixture("timm-resnet-deep");
  const { tensors } = readSafetensors(readWeights(folder));
  const cast = Object.entries(tensors).map(([name, tensor]) =>
    name.endsWith("num_batches_tracked") ? [name, { dtype: "F32", dims: [1], data: new Float32Array(1) }] : [name, tensor],
  );
  expect(buildModel(readConfig(folder), writeSafetensors(Object.fromEntries(cast))).length).toBeGreaterThan(0);
});

it("a MobileNetV2 of torchvision is the same as timm's", async () => {
  const folder = fixture("timm-mobilenetv2");
  const { tensors } = readSafetensors(readWeights(folder));
  const names = torchvisionNames(Object.keys(tensors));
  expect([...names.values()]).toContain("features.17.conv.1.0.weight");
  const renamed = writeSafetensors(Object.fromEntries(Object.entries(tensors).map(([name, value]) => [names.get(name), value])));
  const outputs = ["output", "forward_features", "intermediates.1", "intermediates.4"];
  const timm = await runFile(buildModel(readConfig(folder), readWeights(folder), { outputs, imageSize: 40 }), pixels);
  const torchvision = await runFile(buildModel({ architecture: "mobilenet_v2" }, renamed, { outputs, imageSize: 40 }), pixels);
  for (const output of outputs) expect(torchvision[output].data).toEqual(timm[output].data);
});

it.each(["hf-focalnet", "authors-mpvit", "hf-resnet", "timm-resnet-deep", "hf-mobilenetv1", "timm-mobilenetv2"])(
  "%s: each stage is a map half as large as the one before",
  async (name) => {
    const [config, weights] = [readConfig(fixture(name)), readWeights(fixture(name))];
    const stages = outputNames(config, weights).filter((output) => output.startsWith("stages."));
    const maps = await runFile(buildModel(config, weights, { outputs: stages, imageSize: 40 }), pixels);
    expect(stages.length).toBeGreaterThanOrEqual(3);
    const sides = stages.map((stage) => maps[stage].dims[2]);
    expect(sides.slice(1)).toEqual(sides.slice(0, -1).map((side) => Math.ceil(side / 2)));
    expect(Math.ceil(40 / inspectModel(buildModel(config, weights, { imageSize: 40 })).patchSize.value!)).toBe(sides.at(-1));
  },
);

it.each([
  ["authors-mpvit", { model_args: { num_heads: [8, 4] } }, "num_heads [8,4]"],
  ["hf-focalnet-classifier", { patch_size: 8 }, "patch_size 8; with use_conv_embed"],
  ["timm-focalnet", { model_args: { head_hidden_size: 8 } }, "model_args.head_hidden_size 8"],
  ["timm-resnet-deep", { model_args: { output_stride: 8 } }, "model_args.output_stride 8"],
  ["timm-resnet-deep", { model_args: { replace_stem_pool: true } }, "model_args.replace_stem_pool true"],
  ["timm-mobilenetv2", { model_args: { pad_type: "same" } }, 'model_args.pad_type "same"'],
  ["hf-mobilenetv2", { hidden_act: "mish" }, "The activation is mish"],
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
