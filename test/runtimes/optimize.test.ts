/** `optimize: true`: who asks for faster operators gets the same features, and is told what it came to. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { loadModel } from "s2-vision/node";
import { describe, expect, it } from "vitest";
import { fuseAttention, readOnnx, writeOnnx } from "../../src/onnx/index.ts";

const torch = (name: string) => fileURLToPath(new URL(`../onnx/torch-models/${name}.onnx`, import.meta.url));

const data = Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011));

async function tokens(file: Uint8Array, batch: number): Promise<Float32Array> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const feed = new Tensor("float32", data.subarray(0, batch * 3 * 32 * 32), [batch, 3, 32, 32]);
  const results = await session.run({ [session.inputNames[0]]: feed });
  await session.release();
  return results[session.outputNames[0]].data as Float32Array;
}

describe("attention as exporters write it out becomes one operator", () => {
  it.each([
    ["vit-ts13", 1, 2],
    ["vit-ts17-batch1", 2, 1],
    ["vit-ts14-squeeze", 1, 2],
    ["vit-ts20", 1, 2], // torch's fused call, with the scale's root on either side
    ["vit-dynamo18", 1, 2],
    ["vit-dynamo18-any-size", 1, 2],
    ["vit-dynamo20-batch1", 1, 1], // keys turned as [b·heads, n, d]
    ["vit-fused", 1, 2], // beside operators of onnxruntime's own
    ["vit-q8", 1, 2],
  ])("%s: %i", async (name, attentions, batch) => {
    const file = readFileSync(torch(name));
    const found = fuseAttention(readOnnx(file), { pixel_values: [1, 3, 32, 32] });
    expect(found.attentions).toBe(attentions);
    expect(found.model.graph.node!.some(({ opType }) => opType === "Softmax")).toBe(false);
    const [before, after] = [await tokens(file, batch), await tokens(writeOnnx(found.model), batch)];
    expect(after.length).toBe(before.length);
    for (let i = 0; i < before.length; i++) expect(Math.abs(after[i] - before[i])).toBeLessThan(1e-5);
  });

  it.each(["vit-dynamo23", "conv-ts13"])("%s is left as it is", (name) => {
    expect(fuseAttention(readOnnx(readFileSync(torch(name))), { pixel_values: [1, 3, 32, 32] }).attentions).toBe(0);
  });
});

it("loadModel measures both on a tile and says which runs", async () => {
  const given = { threads: 1, patchSize: 8, optimize: true };
  const model = await loadModel(torch("vit-ts20"), given);
  const { optimization } = model;
  expect(optimization).toMatchObject({ attentions: 1, used: expect.any(Boolean) });
  expect(optimization!.difference).toBeLessThan(1e-4);
  expect(optimization!.used).toBe(optimization!.time < 1);
  const plain = await loadModel(torch("vit-ts20"), { threads: 1, patchSize: 8 });
  expect(plain.optimization).toBeUndefined();
  expect(model.traits).toEqual(plain.traits);
  const images = { dims: [2, 3, 32, 32], data };
  const [a, b] = [await model(images), await plain(images)];
  for (let i = 0; i < a.data.length; i++) expect(Math.abs(a.data[i] - b.data[i])).toBeLessThan(1e-5);
  await Promise.all([model.dispose(), plain.dispose()]);
  const conv = await loadModel(torch("conv-ts13"), { threads: 1, optimize: true });
  expect(conv.optimization).toEqual({ attentions: 0, difference: 0, time: 1, used: false });
  await conv.dispose();
});
