/** S² on CrossViT, MViTv2 and Focal Transformer as the authors' wrapper computes it, where its outputs are beside the repository. */
import { existsSync, readFileSync } from "node:fs";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { s2, type Tensor } from "../../src/core/index.ts";
import { buildModel } from "../../src/models/index.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { readSafetensors } from "../../src/tensors/index.ts";
import { readConfig, readWeights } from "./golden-model.ts";
import { hasGolden, relatedFolder, s2Golden } from "./related-goldens.ts";

/** The output, the prefix tokens and the pixels on a side of a token. */
const cases = [
  ["timm-mvitv2", "forward_features", 0, 32],
  ["timm-mvitv2", "intermediates.1", 0, 8],
  ["timm-mvitv2-cls", "forward_features", 1, 16],
  ["timm-mvitv2-cls", "intermediates.1", 0, 8],
] as const;

async function modelOf(name: string, output: string) {
  const folder = relatedFolder(name);
  const file = buildModel(readConfig(folder), readWeights(folder), { outputs: [output] });
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const model = async ({ dims, data }: Tensor) =>
    (await session.run({ pixel_values: new OrtTensor("float32", data, dims) }))[output] as unknown as Tensor;
  return { file, model, release: () => session.release() };
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
    const { model, release } = await modelOf(name, output);
    const outputShape = features.dims.length === 4 ? "bchw" : "bnc";
    const got = await s2(model, images, { scales: [1, 2], outputShape, numPrefixToken: prefix });
    await release();
    expect(got.dims).toEqual([...features.dims]);
    const worst = got.data.reduce((most, value, i) => Math.max(most, Math.abs(value - features.data[i])), 0);
    expect(worst).toBeLessThan(1e-4);
  });
});
