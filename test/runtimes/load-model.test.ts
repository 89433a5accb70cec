/** A model folder through the built package: its session thread is a .js file, so this imports `dist`. */
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel, type Model } from "../../dist/runtimes/node/index.js";
import { makeHubModel } from "./hub-model.ts";

const pixels = 3 * 224 * 224;
const images = (count: number) => ({
  dims: [count, 3, 224, 224],
  data: Float32Array.from({ length: count * pixels }, (_, i) => Math.sin(i)),
});
const furthest = (a: Float32Array, b: Float32Array) => a.reduce((far, value, i) => Math.max(far, Math.abs(value - b[i])), 0);

describe("a folder as hubs have it", () => {
  const { models, folder } = makeHubModel();
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(folder);
  });
  afterAll(async () => {
    await model.dispose();
    rmSync(models, { recursive: true });
  });

  test("a plan can be checked before the model runs: its traits are known from the files", () => {
    expect(model.traits).toEqual({
      imageSize: [224, 224],
      dynamicSize: false,
      patchSize: 16,
      prefixTokens: 1,
      layout: "bnc",
      channels: 192,
    });
    expect(model.outputs).toEqual(["last_hidden_state", "logits"]);
    expect(model.source).toMatch(/onnx[/\\]model\.onnx$/);
  });

  test("pixels are normalized as in training: the hub's preprocessing is read", () => {
    expect(model.preprocessing?.mean).toEqual([0.485, 0.456, 0.406]);
  });

  test("one image's features do not depend on how many ran with it", async () => {
    const all = await model(images(3));
    expect(all.dims).toEqual([3, 197, 192]);
    const first = await model({ dims: [1, 3, 224, 224], data: images(3).data.subarray(0, pixels) });
    expect(furthest(first.data, all.data)).toBeLessThan(1e-4);
  });

  test("the caller's images are still there after a run", async () => {
    const mine = images(1);
    await model(mine);
    expect(mine.data.length).toBe(pixels);
    expect(mine.data[1]).toBeCloseTo(Math.sin(1), 6);
  });

  test("any output can be had by name, all of them by none", async () => {
    expect(Object.keys(await model.run(images(1)))).toEqual(["last_hidden_state", "logits"]);
    const { logits, ...rest } = await model.run(images(1), ["logits"]);
    expect(logits.dims).toEqual([1, 1000]);
    expect(rest).toEqual({});
  });

  test("a server answers others during a run: the event loop is free", async () => {
    let turns = 0;
    let running = true;
    const run = model(images(8)).finally(() => (running = false));
    for (; running; turns++) await new Promise((next) => setImmediate(next));
    await run;
    expect(turns).toBeGreaterThan(10);
  });

  test("a file, its bytes and its folder are the same model; bytes stay the caller's", async () => {
    const bytes = readFileSync(`${folder}/onnx/model.onnx`);
    const [fromFile, fromBytes] = await Promise.all([
      loadModel(`${folder}/onnx/model.onnx`),
      loadModel(bytes, { prefixTokens: 1 }),
    ]);
    expect(fromFile.traits).toEqual(model.traits);
    expect(fromBytes.traits).toEqual(model.traits);
    expect(fromBytes.source).toBe("bytes");
    expect(fromFile.preprocessing).toEqual(model.preprocessing);
    expect(bytes.length).toBeGreaterThan(1e6); // still there: not moved to the thread
    const one = images(1);
    const [a, b] = await Promise.all([fromFile(one), fromBytes(one)]);
    expect(furthest(a.data, b.data)).toBe(0);
    await Promise.all([fromFile.dispose(), fromBytes.dispose()]);
  });

  test("dispose waits for the runs under way, can be called twice, and ends the model", async () => {
    const mine = await loadModel(folder);
    const running = [mine(images(4)), mine(images(1))];
    await pause(1);
    const ending = [mine.dispose(), mine.dispose()];
    await expect(mine(images(1))).rejects.toMatchObject({ code: "disposed" });
    await Promise.all(ending);
    expect((await Promise.all(running)).map(({ dims }) => dims[0])).toEqual([4, 1]);
  });
});
