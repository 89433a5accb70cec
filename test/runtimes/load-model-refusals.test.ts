/** Models that cannot be loaded or run are refused with a sentence that says what to do. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LoadModelOptions, loadModel, type Model } from "../../dist/runtimes/node/index.js";

const plain = fileURLToPath(new URL("models/plain.onnx", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "s2-refusals-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const refusal = (source: string | Uint8Array | undefined, options: LoadModelOptions = {}) =>
  loadModel(source, options).then(
    () => expect.unreachable("it loaded"),
    ({ code, message }) => ({ code, message }),
  );
const file = async (name: string, content: string | Uint8Array) => {
  const path = join(scratch, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
};

describe("loading", () => {
  test("a mistyped file: the nearest name", async () => {
    expect(await refusal(plain.replace("plain", "plian"))).toEqual({
      code: "model-not-found",
      message: expect.stringMatching(/did you mean .*plain\.onnx\?/),
    });
  });
  test("a path that cannot be a hub name is not looked for there", async () => {
    expect(await refusal("./no/such/model")).toMatchObject({ code: "model-not-found" });
    expect(await refusal("models/missing.onnx")).toMatchObject({ code: "model-not-found" });
  });
  test("a folder with another file name: its files are listed", async () => {
    const path = await file("other/onnx/model_q4.onnx", "x");
    expect(await refusal(join(scratch, "other"))).toEqual({ code: "model-not-found", message: expect.stringContaining(path) });
  });
  test("a folder with weights alone", async () => {
    await file("weights/model.safetensors", "x");
    expect(await refusal(join(scratch, "weights"))).toEqual({
      code: "model-not-found",
      message: expect.stringContaining("no config.json"),
    });
  });
  test("a truncated download", async () => {
    const path = await file("truncated.onnx", readFileSync(plain).subarray(0, 2000));
    expect(await refusal(path)).toEqual({ code: "model-file", message: expect.stringContaining("2000 bytes") });
  });
  test("a foreign file, bytes of nothing, and an empty file", async () => {
    expect(await refusal(await file("readme.onnx", "# Read me\n"))).toMatchObject({ code: "model-file" });
    expect(await refusal(new Uint8Array(64))).toMatchObject({ code: "model-file" });
    expect(await refusal(await file("empty.onnx", ""))).toMatchObject({ code: "model-file" });
  });
  test("a Git LFS pointer in a clone without LFS", async () => {
    const path = await file("pointer.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 23028934\n");
    expect(await refusal(path)).toEqual({ code: "model-file", message: expect.stringContaining("git lfs pull") });
  });
  test("a broken config.json is named", async () => {
    await file("broken/model.onnx", readFileSync(plain));
    const path = await file("broken/config.json", "{ half");
    expect(await refusal(join(scratch, "broken"))).toEqual({ code: "model-file", message: expect.stringContaining(path) });
  });
  test("an unknown output: the nearest name", async () => {
    const refused = await refusal(plain, { patchSize: 8, output: "last_hiden_state" });
    expect(refused).toEqual({ code: "output", message: expect.stringContaining('did you mean "last_hidden_state"?') });
  });
  test("another size than the graph's", async () => {
    expect(await refusal(plain, { imageSize: 64 })).toEqual({ code: "input", message: expect.stringContaining("32x32 only") });
  });
  test("a prefix that does not fit", async () => {
    expect(await refusal(plain, { prefixTokens: 5, patchSize: 8 })).toMatchObject({ code: "prefix-tokens" });
  });
  test("options that are misspelt or make no sense", async () => {
    expect(await refusal(plain, { prefixToken: 1 } as LoadModelOptions)).toEqual({
      code: "option",
      message: expect.stringContaining("prefixTokens"),
    });
    expect(await refusal(plain, { threads: 0 })).toMatchObject({ code: "option" });
    expect(await refusal(plain, { layout: "nhwc" as "bnc" })).toMatchObject({ code: "option" });
    expect(await refusal(plain, { dtype: "fp16" as "float16" })).toMatchObject({ code: "option" });
  });
});

describe("running", () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(plain, { patchSize: 8 });
  });
  afterAll(() => model.dispose());

  test.each([
    ["an image without its batch", { dims: [3, 32, 32], data: new Float32Array(3072) }, "four dimensions"],
    ["another size", { dims: [1, 3, 64, 64], data: new Float32Array(12288) }, "32x32 only"],
    ["channels last", { dims: [1, 32, 32, 3], data: new Float32Array(3072) }, "3 channels"],
    ["too few values", { dims: [1, 3, 32, 32], data: new Float32Array(7) }, "3072 values"],
    ["no image at all", { dims: [0, 3, 32, 32], data: new Float32Array(0) }, "none of them empty"],
  ])("%s", async (_, images, words) => {
    await expect(model(images)).rejects.toMatchObject({ code: "input", message: expect.stringContaining(words) });
  });
  test("an unknown output", async () => {
    const running = model.run({ dims: [1, 3, 32, 32], data: new Float32Array(3072) }, ["pooler_output"]);
    await expect(running).rejects.toMatchObject({ code: "output", message: expect.stringContaining("last_hidden_state") });
  });
});

test("nothing given: s2-tiny, which comes with the package", async () => {
  const model = await loadModel();
  expect(model.source).toMatch(/s2-tiny$/);
  expect(model.traits).toMatchObject({ imageSize: [224, 224], patchSize: 16, prefixTokens: 1 });
  await model.dispose();
});
