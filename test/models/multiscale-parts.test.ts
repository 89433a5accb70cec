/** Variants of CrossViT, MViTv2 and Focal Transformer, and what is refused instead of being computed wrong. */
import { expect, it } from "vitest";
import { buildModel } from "../../src/models/build.ts";
import { branchImages } from "../../src/models/crossvit-patches.ts";
import { finishGraph, input, inspectModel, newGraph, output, writeOnnx } from "../../src/onnx/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensors/index.ts";
import { goldenFolders, readConfig, readWeights, runFile } from "./golden-model.ts";

const fixture = (name: string) => goldenFolders(new RegExp(`^${name}$`))[0];
const build = (name: string, config: object = {}, options: Parameters<typeof buildModel>[2] = {}) =>
  buildModel({ ...readConfig(fixture(name)), ...config }, readWeights(fixture(name)), options);

it.each([
  ["timm-mvitv2-cls", [48, 32], "squares whose side is a multiple of 16"],
  ["timm-mvitv2-cls", [40, 40], "squares whose side is a multiple of 16"],
  ["authors-focal-conv", [16, 16], "a grid of 4x4 for windows of 4 tokens"],
  ["authors-focal-conv", [32, 32], "every stage keeps its windows"],
] as const)("%s at %j pixels is refused", (name, imageSize, words) => {
  expect(() => build(name, {}, { imageSize })).toThrow(
    expect.objectContaining({ code: "input", message: expect.stringContaining(words) }),
  );
});

it.each([
  ["timm-mvitv2-cls", { model_args: { global_pool: "max" } }, "global_pool is max"],
  ["timm-mvitv2-cls", { model_args: { residual_pooling: false } }, "model_args.residual_pooling false"],
  ["timm-mvitv2-cls", { model_args: { pool_first: true } }, "model_args.pool_first true"],
  ["authors-focal-conv", { model_args: { focal_pool: "mean" } }, 'model_args.focal_pool "mean"'],
  ["timm-crossvit", { model_args: { global_pool: "max" } }, "global_pool is max"],
  ["timm-crossvit", { model_args: { num_heads: [2] } }, "num_heads [2]; expected a number for each"],
  ["timm-crossvit", { model_args: { img_scale: [1, "half"] } }, 'img_scale [1,"half"]'],
  ["timm-crossvit", { model_args: { img_size: 48, num_heads: [3, 3] } }, "8 channels do not divide into 3 heads"],
  ["timm-crossvit", { architecture: "crossvit_21_240", model_args: {} }, "num_heads"],
])("%s with %j is refused", (name, config, words) => {
  expect(() => build(name, config)).toThrow(
    expect.objectContaining({ code: "architecture", message: expect.stringContaining(words) }),
  );
});

it.each([
  [53, 48, 2], // 2.5
  [55, 48, 4], // 3.5
  [51, 48, 2], // 1.5
])(
  "CrossViT cuts %i pixels to the middle %i from %i on: halves go to the even number, as Python rounds",
  async (from, to, start) => {
    const images = input(newGraph(20), "pixel_values", "float32", ["b", 1, from, from]);
    output(branchImages(images, [to, to], true), "cut");
    const pixels = {
      dtype: "F32",
      dims: [1, 1, from, from],
      data: Float32Array.from({ length: from * from }, (_, i) => i),
    } as const;
    const { cut } = await runFile(writeOnnx(finishGraph(images.graph, "cut")), pixels);
    expect(cut.data[0]).toBe(start * from + start);
  },
);

it("a map of the last stage has no prefix token, though the model's tokens have one", () => {
  const report = inspectModel(build("timm-mvitv2-cls", {}, { outputs: ["intermediates.2"] }));
  expect([report.layout.value, report.prefixTokens.value, report.patchSize.value]).toEqual(["bchw", 0, 16]);
  expect(report.channels.value).toBe(32);
});

it.each([
  ["timm-crossvit", "blocks.0.projs.1.2.weight", [], "blocks.0.projs.1.2.weight is []"],
  ["timm-mvitv2-cls", "stages.0.blocks.0.attn.qkv.weight", [16, 8], "pool_q.weight pools heads of 8"],
  [
    "authors-focal-conv",
    "layers.0.blocks.0.attn.relative_position_bias_table_to_neighbors",
    [1, 2, 16, 27],
    "27 keys, which are no ring",
  ],
  ["authors-focal-conv", "layers.0.blocks.0.pool_layers.1.weight", [1, 5], "expected squares"],
])("%s with %s of another shape is refused by its name", (name, tensor, dims, words) => {
  const { tensors } = readSafetensors(readWeights(fixture(name)));
  const data = new Float32Array(dims.reduce((product, side) => product * side, 1));
  const weights = writeSafetensors({ ...tensors, [tensor]: { dtype: "F32", dims, data } });
  expect(() => buildModel(readConfig(fixture(name)), weights)).toThrow(
    expect.objectContaining({ code: "weights", message: expect.stringContaining(words) }),
  );
});

it.each([
  ["authors-focal-conv", "layers.0.blocks.1.attn_mask", undefined],
  ["authors-focal-conv", "layers.0.blocks.1.attn.relative_position_index_0", undefined],
  ["timm-crossvit", "pos_embed.0", "pos_embed_0"], // as the authors' files have them
  ["timm-crossvit", "cls_token.1", "cls_token_1"],
])("%s takes a file with %s", (name, tensor, instead) => {
  const { tensors } = readSafetensors(readWeights(fixture(name)));
  const { [instead ?? ""]: renamed, ...others } = tensors;
  const buffer = { dtype: "F32", dims: [4, 16, 16], data: new Float32Array(1024) } as const;
  const weights = writeSafetensors({ ...others, [tensor]: renamed ?? buffer });
  expect(buildModel(readConfig(fixture(name)), weights)).toEqual(build(name));
});

it("Focal Transformer by its tensors alone: a config with another size's name and no arguments gives the same graph", () => {
  const config = { architecture: "focal_small_patch4_window7_224", pretrained_cfg: { input_size: [3, 48, 48] } };
  expect(buildModel(config, readWeights(fixture("authors-focal-conv")))).toEqual(build("authors-focal-conv"));
});
