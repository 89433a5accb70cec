/** Training in a page: the graphs that train in Node must give the same losses on onnxruntime-web. */
import type { Browser } from "playwright-core";
import { openLoop } from "s2-vision/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium } from "../../../scripts/browser.mjs";
import { openPage, skipped, startBrowser, type WebPage } from "./page.ts";

/** Losses of eight steps of a small ViT; read as code by the page, run as it is here. */
const losses = `
  const shape = { imageSize: 16, patchSize: 8, dim: 12, depth: 2, heads: 3, mlpRatio: 2 };
  const wave = (dims, by) => ({ dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(by * i)) });
  const step = train.makeStep({
    inputs: { images: { type: "float32", dims: [4, 3, 16, 16] }, target: { type: "float32", dims: [4, 5, 12] } },
    ...{ optimizer: train.muon({ rate: 20, others: train.adamW() }), parts: 2, clip: 1, average: 0.9 },
    loss({ images, target }, parameter) {
      const gap = onnx.Sub(train.vit(images, shape, parameter), target);
      return { loss: onnx.ReduceMean(onnx.Mul(gap, gap), [0, 1, 2], { keepdims: 0 }) };
    },
  });
  const { history } = await train.fit(step, {
    ...{ steps: 8, rate: train.cosine({ rate: 1e-2, steps: 8 }), recipe: "wave", openLoop },
    initial: (name, dims) => train.mimeticValue(name, dims, 1, shape),
    async *batches() {
      for (let i = 1; ; i++) yield { images: wave([4, 3, 16, 16], 0.1 * i), target: wave([4, 5, 12], 0.7) };
    },
  });
  return history.map(({ loss }) => loss);
`;

describe.skipIf(noChromium)(`training in a page${skipped}`, () => {
  let browser: Browser;
  let web: WebPage;
  beforeAll(async () => {
    browser = await startBrowser();
    web = await openPage({ browser });
  });
  afterAll(async () => {
    await web?.close();
    await browser?.close();
  });

  it("falls as it falls in Node", async () => {
    const there = await web.run<number[]>(`
      const [train, onnx] = [await import("s2-vision/train"), await import("s2-vision/onnx")];
      const { openLoop } = web;
      ${losses}`);
    const train = await import("s2-vision/train");
    const onnx = await import("s2-vision/onnx");
    const run = new Function("train", "onnx", "openLoop", `return (async () => { ${losses} })()`);
    const here: number[] = await run(train, onnx, openLoop);
    expect(here.at(-1)).toBeLessThan(here[0]);
    expect(there).toHaveLength(here.length);
    there.forEach((loss, i) => void expect(Math.abs(loss - here[i])).toBeLessThan(1e-4 * here[0]));
  });

  it("on WebGPU, with the state in the card's memory, too", async () => {
    const code = losses.replaceAll("steps: 8", "steps: 3").replace("parts: 2", 'form: "gpu", parts: 1');
    const card = await startBrowser(["--enable-unsafe-webgpu"]);
    const page = await openPage({ browser: card });
    const [there, said] = await page.run<[number[], string[]]>(`
      const [train, onnx] = [await import("s2-vision/train"), await import("s2-vision/onnx")];
      const said = [];
      console.warn = (text) => said.push(text);
      const openLoop = (file, state) => web.openLoop(file, state, { device: "webgpu" });
      const all = await (async () => { ${code} })();
      return [all, said];`);
    await page.close();
    await card.close();
    const run = new Function("train", "onnx", "openLoop", `return (async () => { ${code} })()`);
    const here: number[] = await run(await import("s2-vision/train"), await import("s2-vision/onnx"), openLoop);
    expect(said).toEqual([]); // no device missing
    expect(there).toHaveLength(3);
    there.forEach((loss, i) => void expect(Math.abs(loss - here[i])).toBeLessThan(1e-4 * here[0]));
  }, 240_000);
});
