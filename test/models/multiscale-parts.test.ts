/** Variants of CrossViT, MViTv2 and Focal Transformer, and what is refused instead of being computed wrong. */
import { expect, it } from "vitest";
import { buildModel } from "../../src/models/build.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { goldenFolders, readConfig, readWeights } from "./golden-model.ts";

const fixture = (name: string) => goldenFolders(new RegExp(`^${name}$`))[0];
const build = (name: string, config: object = {}, options: Parameters<typeof buildModel>[2] = {}) =>
  buildModel({ ...readConfig(fixture(name)), ...config }, readWeights(fixture(name)), options);

it.each([
  ["timm-mvitv2-cls", [48, 32], "squares whose side is a multiple of 16"],
  ["timm-mvitv2-cls", [40, 40], "squares whose side is a multiple of 16"],
] as const)("%s at %j pixels is refused", (name, imageSize, words) => {
  expect(() => build(name, {}, { imageSize })).toThrow(
    expect.objectContaining({ code: "input", message: expect.stringContaining(words) }),
  );
});

it.each([
  ["timm-mvitv2-cls", { model_args: { global_pool: "max" } }, "global_pool is max"],
  ["timm-mvitv2-cls", { model_args: { residual_pooling: false } }, "model_args.residual_pooling false"],
  ["timm-mvitv2-cls", { model_args: { pool_first: true } }, "model_args.pool_first true"],
])("%s with %j is refused", (name, config, words) => {
  expect(() => build(name, config)).toThrow(
    expect.objectContaining({ code: "architecture", message: expect.stringContaining(words) }),
  );
});

it("a map of the last stage has no prefix token, though the model's tokens have one", () => {
  const report = inspectModel(build("timm-mvitv2-cls", {}, { outputs: ["intermediates.2"] }));
  expect([report.layout.value, report.prefixTokens.value, report.patchSize.value]).toEqual(["bchw", 0, 16]);
  expect(report.channels.value).toBe(32);
});
