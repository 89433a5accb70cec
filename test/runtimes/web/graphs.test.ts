/** Graphs in a page: heads' and training's runs, and models that are built and exported there. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { buildModel, exportS2 } from "s2-vision/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root } from "../../../scripts/browser.mjs";
import { Add, finishGraph, input, MatMul, newGraph, output, writeOnnx } from "../../../src/onnx/index.ts";
import { openPage, skipped, startBrowser, type WebPage } from "./page.ts";

/** product = x · w: [2, 3] · [3, 2]. */
function product(): Uint8Array {
  const graph = newGraph(17);
  output(MatMul(input(graph, "x", "float32", [2, 3]), input(graph, "w", "float32", [3, 2])), "product");
  return writeOnnx(finishGraph(graph, "product"));
}

/** next/sum = sum + x, twice = sum + sum. */
function summing(): Uint8Array {
  const graph = newGraph(17);
  const sum = input(graph, "sum", "float32", [2]);
  output(Add(sum, input(graph, "x", "float32", [2])), "next/sum");
  output(Add(sum, sum), "twice");
  return writeOnnx(finishGraph(graph, "summing"));
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe.skipIf(noChromium)(`graphs in a page${skipped}`, () => {
  let browser: Browser;
  let web: WebPage;
  beforeAll(async () => {
    browser = await startBrowser();
    web = await openPage({
      browser,
      answers: { "/product.onnx": product(), "/summing.onnx": summing(), "/broken.onnx": "not a graph" },
    });
  });
  afterAll(async () => {
    await web?.close();
    await browser?.close();
  });
  const files = `const file = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
    const floats = (dims, ...data) => ({ dims, data: new Float32Array(data) });`;

  it("run side by side in one worker, which ends with the last of them", async () => {
    const before = web.paths.length;
    const [a, b, left, closed] = await web.run<[number[], number[], number[], { code: string }]>(`${files}
      const bytes = await file("/product.onnx");
      const [one, two] = await Promise.all([web.openGraph(bytes), web.openGraph(bytes)]);
      const x = floats([2, 3], 1, 2, 3, 4, 5, 6);
      const a = await one.run({ x, w: floats([3, 2], 1, 0, 0, 1, 0, 0) });
      await one.close();
      const b = await two.run({ x, w: floats([3, 2], 2, 0, 0, 2, 0, 0) });
      const closed = await refusal(one.run({ x }));
      await two.close();
      return [[...a.product.data], [...b.product.data], [...x.data], closed];`);
    expect(a).toEqual([1, 2, 4, 5]);
    expect(b).toEqual([2, 4, 8, 10]);
    expect(left).toEqual([1, 2, 3, 4, 5, 6]);
    expect(closed.code).toBe("disposed");
    expect(web.paths.slice(before).filter((path) => path.endsWith("plain-worker.js")).length).toBe(1);
    const then = web.paths.length;
    await web.run(`${files} const graph = await web.openGraph(await file("/product.onnx")); await graph.close();`);
    expect(web.paths.slice(then).filter((path) => path.endsWith("plain-worker.js")).length).toBe(1); // the first had ended
  });

  it("that feed themselves keep their state between runs", async () => {
    const got = await web.run<number[][]>(`${files}
      const loop = await web.openLoop(await file("/summing.onnx"), { sum: floats([2], 1, 10) });
      const first = await loop.run({ x: floats([2], 1, 1) });
      const second = await loop.run({ x: floats([2], 5, 5) });
      const state = await loop.state();
      await loop.close();
      return [Object.keys(first), [...first.twice.data], [...second.twice.data], [...state.sum.data]];`);
    expect(got).toEqual([["twice"], [2, 20], [4, 22], [7, 16]]);
  });

  it("that do not load or run are refused in words, and the next one opens", async () => {
    const [broken, misfed, next] = await web.run<[object, object, number[]]>(`${files}
      const broken = await refusal(web.openGraph(await file("/broken.onnx")));
      const graph = await web.openGraph(await file("/product.onnx"));
      const misfed = await refusal(graph.run({ x: floats([2, 3], 1, 2, 3, 4, 5, 6) }));
      const { product } = await graph.run({ x: floats([2, 3], 1, 2, 3, 4, 5, 6), w: floats([3, 2], 1, 0, 0, 1, 0, 0) });
      await graph.close();
      return [broken, misfed, product.dims];`);
    expect(broken).toMatchObject({ code: "runtime" });
    expect(misfed).toMatchObject({ code: "runtime" });
    expect(next).toEqual([2, 2]);
  });

  it("models are built and exported in the page, byte for byte as in Node, and the exported file gives what s2 gives", async () => {
    const config = JSON.parse(readFileSync(`${root}models/s2-tiny/config.json`, "utf8"));
    const built = buildModel(config, new Uint8Array(readFileSync(`${root}models/s2-tiny/model.safetensors`)));
    const options = { imageSize: 224, scales: [1, 2], numPrefixToken: 1, output: "forward_features" };
    const exported = exportS2(built, options);
    const [hashes, apart] = await web.run<[string[], number]>(
      `${files}
      const { buildModel, exportS2 } = await import("s2-vision/models");
      const { s2 } = await import("s2-vision");
      const config = await (await fetch("/models/s2-tiny/config.json")).json();
      const built = buildModel(config, await file("/models/s2-tiny/model.safetensors"));
      const exported = exportS2(built, options);
      const [model, whole] = await Promise.all([web.loadModel(built, { threads: 1 }), web.openGraph(exported)]);
      const images = { dims: [1, 3, 224, 224], data: new Float32Array(150528).map((_, i) => Math.sin(i / 99)) };
      const ours = await s2(model, images, { scales: [1, 2], numPrefixToken: 1 });
      const { features } = await whole.run({ pixel_values: images });
      await Promise.all([model.dispose(), whole.close()]);
      const apart = ours.data.reduce((far, value, i) => Math.max(far, Math.abs(value - features.data[i])), 0);
      return [[await hashOf(built), await hashOf(exported)], apart];`,
      { options },
    );
    expect(hashes).toEqual([sha256(built), sha256(exported)]);
    expect(apart).toBeLessThan(1e-3);
  });
});
