/** `inspectModel`: plans take their cost and the number of prefix tokens from it. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { buildModel } from "../../src/models/index.ts";
import { inspectModel } from "../../src/onnx/index.ts";

const folder = fileURLToPath(new URL("../../../shared/models/deit_tiny_patch16_224/", import.meta.url));

describe.skipIf(!existsSync(folder))(`DeiT-Tiny${existsSync(folder) ? "" : " (skipped: ../shared/models is absent)"}`, () => {
  // 12 blocks of 12·n·d² + 2·n²·d, the patches 196·768·d, the classifier 1000·d; n = 197, d = 192.
  const [n, d] = [197, 192];
  const vit = 12 * (12 * n * d * d + 2 * n * n * d) + 196 * 768 * d + 1000 * d;

  it("torch's export", () => {
    const report = inspectModel(readFileSync(`${folder}onnx/model.onnx`));
    expect(report).toMatchObject({
      opset: 14,
      multiplyAdds: { value: vit },
      imageSize: { value: [224, 224] },
      patchSize: { value: 16 },
    });
    expect(report).toMatchObject({ layout: { value: "bnc" }, prefixTokens: { value: 1 }, channels: { value: 192 } });
  });

  it("built from the weights: the same, and 5,717,416 parameters but for biases that cancel", () => {
    const config = JSON.parse(readFileSync(`${folder}config.json`, "utf8")) as object;
    const report = inspectModel(buildModel(config, readFileSync(`${folder}model.safetensors`)));
    expect(report.multiplyAdds.value).toBe(vit);
    const folded = 12 * 2 * d + d; // of keys and values; the class token is in the table of positions
    expect(Math.abs(report.parameters - (5_717_416 - folded))).toBeLessThan(100);
    expect(report.prefixTokens).toEqual({ value: 1, from: "the file's metadata" });
  });
});

it("s2-tiny: the multiply-adds and parameters of its blocks", () => {
  const tiny = new URL("../../models/s2-tiny/", import.meta.url);
  const config = JSON.parse(readFileSync(new URL("config.json", tiny), "utf8")) as { model_args: Record<string, number> };
  const { depth, embed_dim: d, mlp_ratio: ratio, img_size: side, patch_size: patch } = config.model_args;
  const n = 1 + (side / patch) ** 2;
  const report = inspectModel(buildModel(config, readFileSync(new URL("model.safetensors", tiny))));
  expect(report.multiplyAdds.value).toBe(depth * ((4 + 2 * ratio) * n * d * d + 2 * n * n * d) + (n - 1) * 3 * patch ** 2 * d);
  expect(report).toMatchObject({ imageSize: { value: [side, side] }, patchSize: { value: patch }, channels: { value: d } });
  expect(report).toMatchObject({ layout: { value: "bnc" }, prefixTokens: { value: 1 } });
  // Patches, positions, class token, the blocks' matrices with their biases and norms, the last norm; less the biases that cancel.
  const all = 3 * patch ** 2 * d + d + n * d + d + depth * ((4 + 2 * ratio) * d * d + (5 + ratio) * d + 4 * d) + 2 * d;
  const folded = depth * 2 * d + d;
  expect(Math.abs(report.parameters - (all - folded))).toBeLessThan(100);
});
