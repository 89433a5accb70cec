/** `s2 build`, `export`, `quantize`, `convert`: the files that people ship must load anywhere and hold what the commands say. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { loadModel, openOnnx, saveOnnx } from "s2-vision/node";
import { expect, it } from "vitest";
import { s2 as features, type Tensor } from "../../src/core/index.ts";
import { exportProto, exportS2 } from "../../src/models/index.ts";
import { metadataOf, readOnnx } from "../../src/onnx/index.ts";
import { drawImage, s2, s2Process, tempFolder, tiny } from "./s2.ts";

const bundled = fileURLToPath(new URL("../../models/s2-tiny", import.meta.url));
const [, plain] = tiny;

const wave = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011)),
});

/** The first output of a file, loaded by its path as other programs do. */
async function runFile(path: string, images: Tensor): Promise<Tensor> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const feed = new OrtTensor("float32", images.data, images.dims);
  const results = await session.run({ [session.inputNames[0]]: feed });
  await session.release();
  return results[session.outputNames[0]] as unknown as Tensor;
}

function worst(a: Tensor, b: Tensor): number {
  expect(a.dims).toEqual([...b.dims]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}

it("build writes hub weights as a file that onnxruntime runs, with the outputs that were asked for", async () => {
  const out = join(tempFolder(), "tiny.onnx");
  const {
    status,
    out: said,
    err,
  } = await s2Process(["build", bundled, "--outputs", "forward_features,intermediates.0", "-o", out]);
  expect([status, err]).toEqual([0, ""]);
  expect(said).toBe(`${out}: ${(statSync(out).size / 1e6).toFixed(1)} MB\n`);
  const session = await InferenceSession.create(out, { logSeverityLevel: 4 });
  expect(session.outputNames).toEqual(["forward_features", "intermediates.0"]);
  await session.release();
});

it("build says which output it lacks, and which folder has no weights, with status 3", async () => {
  const out = join(tempFolder(), "no.onnx");
  const wrong = await s2(["build", bundled, "--outputs", "forward_feature", "-o", out]);
  expect(wrong).toMatchObject({ status: 3, err: expect.stringContaining("Did you mean forward_features?") });
  expect(await s2(["build", tempFolder(), "-o", out])).toMatchObject({ status: 3, err: expect.stringContaining("config.json") });
});

it("export gives what s2() gives, from images of another size too", async () => {
  const out = join(tempFolder(), "s2.onnx");
  const flags = ["--prefix-tokens", "1", "--scales", "1,2", "--image-size", "48x40", "-o", out];
  const { status, err } = await s2Process(["export", "--model", plain, ...flags]);
  expect([status, err]).toEqual([0, expect.stringMatching(/^note: The scale of 64x64 px is 1\.6 times larger .*48x40.*\n$/)]);
  const images = wave([2, 3, 40, 48]);
  const model = await loadModel(plain, { prefixTokens: 1 });
  const whole = await features(model, images, { imgSizes: [32, 64], antialias: true, maxSplitSize: 32, numPrefixToken: 1 });
  await model.dispose();
  expect(worst(await runFile(out, images), whole)).toBeLessThan(1e-4);
});

it("export takes s2-tiny and images of the largest scale, so that a shrunken photo is not enlarged", async () => {
  const out = join(tempFolder(), "s2.onnx");
  expect(await s2(["export", "-o", out])).toMatchObject({ status: 0, err: "" });
  const { image, scales, antialias } = JSON.parse(metadataOf(readOnnx(readFileSync(out)))["s2.plan"]);
  expect([image, scales.map(({ size }: { size: number[] }) => size[0])]).toEqual([
    [448, 448],
    [224, 448],
  ]);
  expect(antialias).not.toBe("never");
});

it("export refuses what a file of one size cannot do, with status 2", async () => {
  const out = join(tempFolder(), "s2.onnx");
  const dynamic = ["--dynamic", "--img-sizes", "32,64", "-o", out];
  expect(await s2(["export", "--model", plain, ...dynamic])).toMatchObject({
    status: 2,
    err: expect.stringContaining("--dynamic"),
  });
});

it("convert halves the file and keeps the features", async () => {
  const folder = tempFolder();
  const [whole, half] = [join(folder, "whole.onnx"), join(folder, "half.onnx")];
  await s2(["build", bundled, "-o", whole]);
  expect(await s2Process(["convert", whole, "-o", half])).toMatchObject({ status: 0, err: "" });
  expect(statSync(half).size / statSync(whole).size).toBeLessThan(0.53);
  // The bundled weights are float16 themselves, so nothing but folded ones is rounded.
  const features = await runFile(whole, wave([1, 3, 224, 224]));
  expect(worst(await runFile(half, wave([1, 3, 224, 224])), features)).toBeLessThan(0.05);
  expect(await s2(["convert", whole, "--compute", "-o", half])).toMatchObject({ status: 0, err: "" });
  expect(statSync(half).size / statSync(whole).size).toBeLessThan(0.53);
  expect(worst(await runFile(half, wave([1, 3, 224, 224])), features)).toBeLessThan(0.1); // of values up to 5
  expect(await s2(["export", "--compute", "-o", half])).toMatchObject({ status: 2, err: expect.stringContaining("float16") });
});

it("quantize reports size, layers and, with images, what it costs", async () => {
  const folder = tempFolder();
  const out = join(folder, "int8.onnx");
  const image = await drawImage(join(folder, "photo.png"));
  const { status, out: said } = await s2Process(["quantize", bundled, "--images", image, "-o", out]);
  expect(status).toBe(0);
  expect(said).toMatch(
    /int8\.onnx: \d\.\d MB, 0\.[23]\d\d of the size\n\d+ layers in 8 bits, \d+ of them with residual quantization/,
  );
  expect(said).toMatch(/on 1 images: cosine with float32 .*0\.9\d+.*; \d\.\d\d of the time\n$/);
  const { status: again, out: json } = await s2(["quantize", bundled, "--json", "-o", out]);
  expect(again).toBe(0);
  expect(JSON.parse(json)).toMatchObject({ layers: expect.any(Array), bytesAfter: statSync(out).size });
});

it("weights in a second file come along: export reads them, large results are written with their own", async () => {
  const folder = tempFolder();
  const [source, out] = [join(folder, "split.onnx"), join(folder, "s2.onnx")];
  const model = readOnnx(readFileSync(plain));
  const rawData = new Uint8Array(new Float32Array(2048).fill(0.5).buffer);
  model.graph.initializer!.push({ name: "large", dims: [2048], dataType: 1, rawData });
  const written = saveOnnx(source, model, 4096);
  expect(written.map(({ path }) => path)).toEqual([`${source}.data`, source]);
  expect(written.map(({ bytes }) => bytes)).toEqual([`${source}.data`, source].map((path) => statSync(path).size));
  const { status } = await s2(["export", "--model", source, "--patch-size", "8", "--prefix-tokens", "1", "-o", out]);
  const asked = { imgSizes: [32, 64], imageSize: 64, numPrefixToken: 1, maxSplitSize: 32, antialias: true };
  expect(status).toBe(2); // --patch-size is no option of export
  expect((await s2(["export", "--model", source, "--prefix-tokens", "1", "-o", out])).status).toBe(0);
  const images = wave([1, 3, 64, 64]);
  writeFileSync(join(folder, "one.onnx"), exportS2(readFileSync(plain), asked));
  const expected = await runFile(join(folder, "one.onnx"), images);
  expect(worst(await runFile(out, images), expected)).toBe(0);
  const split = join(folder, "s2-split.onnx");
  saveOnnx(split, exportProto(openOnnx(source), asked), 4096);
  expect(worst(await runFile(split, images), expected)).toBe(0);
});
