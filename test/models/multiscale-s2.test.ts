/** S² on CrossViT, MViTv2 and Focal Transformer as the authors' wrapper computes it, where its outputs are beside the repository. */
import { existsSync, readFileSync } from "node:fs";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { extract, loadModel } from "s2-vision/node";
import { describe, expect, it } from "vitest";
import { s2, type Tensor } from "../../src/core/index.ts";
import { buildModel, exportS2 } from "../../src/models/index.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { readSafetensors } from "../../src/tensors/index.ts";
import { readConfig, readWeights, runFile } from "./golden-model.ts";
import { hasGolden, relatedFolder, s2Golden } from "./related-goldens.ts";

/** The output, the prefix tokens and the pixels on a side of a token. */
const cases = [
  ["timm-mvitv2", "forward_features", 0, 32],
  ["timm-mvitv2", "intermediates.1", 0, 8],
  ["timm-mvitv2-cls", "forward_features", 1, 16],
  ["timm-mvitv2-cls", "intermediates.1", 0, 8],
  ["timm-crossvit", "forward_features.0", 1, 12],
  ["timm-crossvit", "forward_features.1", 1, undefined], // 2x2 tokens of 16 px in an image resized to 32x32
  ["authors-focal", "forward_features", 0, 8],
  ["authors-focal", "intermediates.1", 0, 4],
] as const;

async function modelOf(name: string, output: string) {
  const folder = relatedFolder(name);
  const file = buildModel(readConfig(folder), readWeights(folder), { outputs: [output] });
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const model = async ({ dims, data }: Tensor) =>
    (await session.run({ pixel_values: new OrtTensor("float32", data, dims) }))[output] as unknown as Tensor;
  return { file, model, release: () => session.release() };
}

function worst(a: Tensor, b: Tensor): number {
  expect([...a.dims]).toEqual([...b.dims]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}

describe.each(cases)("%s, %s", (name, output, prefix, patch) => {
  it.skipIf(!hasGolden(name))("the file says how its tokens lie", async () => {
    const folder = relatedFolder(name);
    const report = inspectModel(buildModel(readConfig(folder), readWeights(folder), { outputs: [output] }));
    expect([report.prefixTokens.value, report.patchSize.value]).toEqual([prefix, patch]);
  });

  const golden = s2Golden(`${name}--${output}`);
  it.skipIf(!existsSync(golden) || !hasGolden(name))("scales 1 and 2 are the reference's", async () => {
    const { pixel_values: images, features } = readSafetensors(readFileSync(golden)).tensors as unknown as Record<string, Tensor>;
    const { file, model, release } = await modelOf(name, output);
    const outputShape = features.dims.length === 4 ? "bchw" : "bnc";
    const got = await s2(model, images, { scales: [1, 2], outputShape, numPrefixToken: prefix });
    await release();
    expect(worst(got, features)).toBeLessThan(1e-4);
    const exported = exportS2(file, { imageSize: images.dims[2], scales: [1, 2], outputShape, numPrefixToken: prefix });
    const inOneFile = await runFile(exported, { dtype: "F32", dims: images.dims, data: images.data });
    expect(worst(inOneFile.features as unknown as Tensor, features)).toBeLessThan(1e-4);
  });
});

it("a CrossViT file with both feature sets is exported by its main one, the branch with more channels", async () => {
  const folder = relatedFolder("timm-crossvit");
  const file = exportS2(buildModel(readConfig(folder), readWeights(folder)), {
    imageSize: 48,
    scales: [1, 2],
    numPrefixToken: 1,
  });
  const pixels = { dtype: "F32", dims: [1, 3, 48, 48], data: new Float32Array(6912) } as const;
  expect((await runFile(file, pixels)).features.dims).toEqual([1, 5, 24]);
});

describe("extract", () => {
  const photo = { width: 80, height: 60, channels: 3, data: new Uint8Array(14400).map((_, i) => (i * 7919) % 251) } as const;

  it("takes either branch of a CrossViT folder: grids of 4x4 and 2x2, a class token before each", async () => {
    const folder = relatedFolder("timm-crossvit");
    for (const [output, dims] of [
      [undefined, [1, 5, 24]],
      ["forward_features.1", [1, 5, 24]],
      ["forward_features.0", [1, 17, 16]],
    ] as const) {
      const model = await loadModel(folder, { threads: 1, ...(output && { output }) });
      const features = await extract(model, photo, { scales: [1, 2], fit: "squash" });
      expect([features.dims, model.traits.prefixTokens]).toEqual([dims, 1]);
      await model.dispose();
    }
  });

  it.each([
    ["timm-mvitv2-cls", "stages.0", [1, 144, 16]],
    ["timm-mvitv2-cls", "stages.2", [1, 9, 64]],
  ] as const)("takes maps of any stage: %s, %s", async (name, output, dims) => {
    const folder = relatedFolder(name);
    const model = await loadModel(buildModel(readConfig(folder), readWeights(folder), { outputs: [output] }), { threads: 1 });
    const features = await extract(model, photo, { scales: [1, 2], fit: "squash" });
    expect(features.dims).toEqual(dims);
    await model.dispose();
  });
});
