/** int8 and float16 files: who ships a quarter of the bytes must get nearly the same features. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { buildModel } from "../../src/models/index.ts";
import { convertModel, quantizeModel } from "../../src/onnx/index.ts";

const model = fileURLToPath(new URL("../../../shared/models/deit_tiny_patch16_224/onnx/model.onnx", import.meta.url));
const wave = Float32Array.from({ length: 2 * 3 * 224 * 224 }, (_, i) => Math.sin(i * 0.013) + Math.cos(i * 0.00071 + 1));

async function tokens(file: Uint8Array): Promise<Float32Array> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const { last_hidden_state, forward_features } = await session.run({
    pixel_values: new Tensor("float32", wave, [2, 3, 224, 224]),
  });
  await session.release();
  return (last_hidden_state ?? forward_features).data as Float32Array; // transformers' name, or timm's
}

function meanCosine(a: Float32Array, b: Float32Array, channels: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += channels) {
    let [dot, aa, bb] = [0, 0, 0];
    for (let k = i; k < i + channels; k++) {
      dot += a[k] * b[k];
      aa += a[k] ** 2;
      bb += b[k] ** 2;
    }
    sum += dot / Math.sqrt(aa * bb);
  }
  return sum / (a.length / channels);
}

describe.skipIf(!existsSync(model))(`DeiT-Tiny${existsSync(model) ? "" : " (skipped: ../shared/models is absent)"}`, () => {
  const file = existsSync(model) ? readFileSync(model) : new Uint8Array();

  it("int8: at most 0.32 of the size, tokens alike, each layer reported", async () => {
    const { file: small, report } = await quantizeModel(file);
    expect(small.length / file.length).toBeLessThanOrEqual(0.32);
    expect(report.layers).toHaveLength(49);
    expect(report.layers.filter(({ terms }) => terms === 2)).toHaveLength(4);
    for (const { weightError } of report.layers) expect(weightError).toBeLessThan(0.03); // 7 bits: a step is 1/63 of a column's largest
    expect(meanCosine(await tokens(file), await tokens(small), 192)).toBeGreaterThan(0.98);
  });

  it("float16: half of the size, nearly the same tokens", async () => {
    const small = convertModel(file, { dtype: "float16" });
    expect(small.length / file.length).toBeLessThan(0.52);
    expect(meanCosine(await tokens(file), await tokens(small), 192)).toBeGreaterThan(0.9999);
  });
});

describe("s2-tiny", () => {
  const tiny = new URL("../../models/s2-tiny/", import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, tiny));
  const config = JSON.parse(String(read("config.json")));
  const file = buildModel(config, read("model.safetensors"), { outputs: ["forward_features"] });

  it("int8: at most 0.34 of the size (positions, norms and biases weigh more than in a deep model), tokens alike, each layer reported", async () => {
    const { file: small, report } = await quantizeModel(file);
    expect(small.length / file.length).toBeLessThanOrEqual(0.34);
    expect(report.layers).toHaveLength(config.model_args.depth * 6);
    for (const { weightError } of report.layers) expect(weightError).toBeLessThan(0.03);
    expect(meanCosine(await tokens(file), await tokens(small), 192)).toBeGreaterThan(0.98);
  });

  it("float16: half of the size, nearly the same tokens", async () => {
    const small = convertModel(file, { dtype: "float16" });
    expect(small.length / file.length).toBeLessThan(0.52);
    expect(meanCosine(await tokens(file), await tokens(small), 192)).toBeGreaterThan(0.9999);
  });
});

it("what is no ONNX file, and other dtypes, are refused", async () => {
  await expect(quantizeModel(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: "onnx-file" });
  const text = readFileSync(fileURLToPath(import.meta.url));
  expect(() => convertModel(text, { dtype: "float16" })).toThrow(expect.objectContaining({ code: "onnx-file" }));
  expect(() => convertModel(text, { dtype: "int4" } as never)).toThrow(expect.objectContaining({ code: "option" }));
});
