/** Files of ours where Python users take them: onnx.checker and Python's onnxruntime, on every kind of export. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { buildModel, convertModel, type ExportOptions, exportS2, quantizeModel } from "../../src/models/index.ts";

const python = process.env.S2_PYTHON ?? "python3";
const script = fileURLToPath(new URL("../../research/python/check_onnx.py", import.meta.url));
const bundled = fileURLToPath(new URL("../../models/s2-tiny/", import.meta.url));

function missing(): string {
  try {
    execFileSync(python, ["-c", "import numpy, onnx, onnxruntime"], { stdio: "ignore" });
    return "";
  } catch {
    return ` (skipped: ${python} has no numpy, onnx and onnxruntime; S2_PYTHON names another one)`;
  }
}

const why = missing();

describe.skipIf(why !== "")(`Python's onnx and onnxruntime${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-python-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const toy = (name: string) => readFileSync(fileURLToPath(new URL(`../runtimes/models/${name}.onnx`, import.meta.url)));
  const torch = (name: string) => readFileSync(fileURLToPath(new URL(`../onnx/torch-models/${name}.onnx`, import.meta.url)));
  const expected = new Map<string, Float32Array>();

  async function put(name: string, file: Uint8Array, shape: readonly number[], type: "float32" | "uint8" = "float32") {
    const count = shape.reduce((a, b) => a * b, 1);
    const wave = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011));
    const data = type === "uint8" ? Uint8Array.from(wave, (value) => 128 + 60 * value) : wave;
    const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    const results = await session.run({ [session.inputNames[0]]: new Tensor(type, data as Float32Array, shape) });
    expected.set(name, results[session.outputNames[0]].data as Float32Array);
    await session.release();
    writeFileSync(join(folder, `${name}.onnx`), file);
    writeFileSync(join(folder, `${name}.in`), data);
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ shape, type }));
  }

  it("take every kind of file and give what Node's gives", async () => {
    const tokens = { numPrefixToken: 1, maxSplitSize: 32, imageSize: 32, scales: [1, 2] } satisfies ExportOptions;
    const pixels = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.25, 0.5] };
    await put("plain", exportS2(toy("plain"), tokens), [2, 3, 32, 32]);
    await put("bytes", exportS2(toy("plain"), { ...tokens, pixels, dtype: "float16" }), [1, 32, 32, 3], "uint8");
    await put("overlap", exportS2(toy("plain"), { ...tokens, overlap: 1, merge: "mean", splitForward: 3 }), [2, 3, 32, 32]);
    const padded = { imageSize: [40, 52] as const, splitMode: "pad", fusion: "aligned" } as const;
    await put("aligned", exportS2(toy("plain"), { ...tokens, ...padded }), [1, 3, 40, 52]);
    await put("loop", exportS2(toy("fixed-batch"), tokens), [1, 3, 32, 32]);
    await put("maps", exportS2(toy("maps"), { ...tokens, numPrefixToken: 0, outputShape: "bchw" }), [1, 3, 32, 32]);
    for (const name of ["vit-ts13", "vit-ts20", "vit-dynamo23", "vit-q8"])
      await put(name, exportS2(torch(name), { ...tokens, output: "last_hidden_state" }), [1, 3, 32, 32]);
    const built = buildModel(
      JSON.parse(readFileSync(`${bundled}config.json`, "utf8")),
      readFileSync(`${bundled}model.safetensors`),
    );
    await put("built", built, [1, 3, 224, 224]);
    await put("half", convertModel(built, { dtype: "float16" }), [1, 3, 224, 224]);
    await put("int8", (await quantizeModel(built)).file, [1, 3, 224, 224]);
    const said = execFileSync(python, [script, folder], { encoding: "utf8" });
    expect(said.trim().split("\n")).toHaveLength(expected.size);
    for (const [name, ours] of expected) {
      expect(existsSync(join(folder, `${name}.out`)), name).toBe(true);
      const theirs = new Float32Array(new Uint8Array(readFileSync(join(folder, `${name}.out`))).buffer);
      expect(theirs.length, name).toBe(ours.length);
      const error = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
      // 8-bit activations may round the other way where threads cut the products differently.
      expect(error, name).toBeLessThanOrEqual(/q8|int8/.test(name) ? 0.05 : 1e-4);
    }
  });
});
