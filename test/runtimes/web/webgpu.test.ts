/** WebGPU in a real page, on a processor that only pretends to be a graphics card: that its larger library works and that it is never trusted blindly. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium } from "../../../scripts/browser.mjs";
import { openPage, skipped, startBrowser, type WebPage } from "./page.ts";

const plain = "/test/runtimes/models/plain.onnx";
const load = `const notices = []; const onNotice = (notice) => notices.push(notice);
  const toy = (device) => web.loadModel("${plain}", { patchSize: 8, threads: 1, device, onNotice });`;

describe.skipIf(noChromium)(`WebGPU${skipped}`, () => {
  let browser: Browser;
  let gpu: WebPage;
  beforeAll(async () => {
    browser = await startBrowser(["--enable-unsafe-webgpu"]);
    gpu = await openPage({ browser });
  });
  afterAll(async () => {
    await gpu?.close();
    await browser?.close();
  });

  it("a model that is slower there than in WebAssembly runs in WebAssembly, and who asked is shown both times", async () => {
    const [device, notices, dims] = await gpu.run<[string, { code: string; message: string }[], number[]]>(`${load}
      const model = await toy("webgpu");
      const { dims } = await model({ dims: [1, 3, 32, 32], data: new Float32Array(3072) });
      await model.dispose();
      return [model.runsOn.device, notices, dims];`);
    expect(device).toBe("wasm");
    expect(notices).toEqual([
      { code: "device-slow", message: expect.stringMatching(/WebGPU needs \d+ ms .* WebAssembly \d+ ms/) },
    ]);
    expect(dims).toEqual([1, 17, 4]);
    expect(gpu.paths.some((path) => path.includes("asyncify"))).toBe(true); // it was tried for real
  });

  it("an adapter without float16 arithmetic runs the file as it is, and a notice says so", async () => {
    const [has, codes] = await gpu.run<[boolean, string[]]>(`${load}
      const options = { patchSize: 8, threads: 1, device: "webgpu", dtype: "float16", onNotice };
      await (await web.loadModel("${plain}", options)).dispose();
      const { features } = await navigator.gpu.requestAdapter();
      return [features.has("shader-f16"), notices.map(({ code }) => code)];`);
    expect(codes.includes("float16-missing")).toBe(!has);
  });

  it("its features are WebAssembly's", async () => {
    const cosine = await gpu.run<number>(`
      const { startSession } = await import("/dist/runtimes/web/start-worker.js");
      const { testTile } = await import("/dist/runtimes/web/check-device.js");
      const bytes = new Uint8Array(await (await fetch("${plain}")).arrayBuffer());
      const tile = testTile([1, 3, 32, 32], [32, 32]);
      const features = async (device) => {
        const session = await startSession(bytes, "plain.onnx", device, { threads: 1, notice() {} });
        const { last_hidden_state } = await session.run("pixel_values", tile, ["last_hidden_state"]);
        await session.dispose();
        return [...last_hidden_state.data];
      };
      const [a, b] = [await features("wasm"), await features("webgpu")];
      const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));`);
    expect(cosine).toBeGreaterThan(0.9999);
  });

  it("a plan runs there as a whole, with WebAssembly's features", async () => {
    const [worst, dims, runs] = await gpu.run<[number, number[], boolean]>(`
      const { startSession } = await import("/dist/runtimes/web/start-worker.js");
      const { makeModel } = await import("/dist/runtimes/make-model.js");
      const { s2 } = await import("/dist/core.js");
      const bytes = new Uint8Array(await (await fetch("${plain}")).arrayBuffer());
      const data = Float32Array.from({ length: 2 * 3072 }, (_, i) => Math.sin(i));
      const load = async (device) => {
        const session = await startSession(bytes, "plain.onnx", device, { threads: 1, notice() {} });
        return makeModel(session, { source: "plain.onnx", metadata: {} }, { patchSize: 8, imageSize: 32 });
      };
      const [wasm, webgpu] = [await load("wasm"), await load("webgpu")];
      let runs = false;
      const counted = Object.assign((tiles) => webgpu(tiles), webgpu, {
        runOnDevice: async (...given) => {
          const result = await webgpu.runOnDevice(...given);
          runs = result !== undefined;
          return result;
        },
      });
      const plan = { scales: [1, 2], maxSplitSize: 32, numPrefixToken: webgpu.traits.prefixTokens };
      const images = { dims: [2, 3, 32, 32], data };
      const [a, b] = [await s2(wasm, images, plan), await s2(counted, images, plan)];
      await Promise.all([wasm.dispose(), webgpu.dispose()]);
      return [a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0), [...b.dims], runs];`);
    expect(runs).toBe(true);
    expect(dims).toEqual([2, 17, 8]);
    expect(worst).toBeLessThan(1e-4);
  });

  it("a browser without it, or a device that pages do not have, means WebAssembly and a word; its library is not loaded", async () => {
    const ordinary = await startBrowser();
    const web = await openPage({ browser: ordinary });
    const [device, codes] = await web.run<[string, string[]]>(`${load}
      const model = await toy(["cuda", "webgpu"]);
      await model.dispose();
      return [model.runsOn.device, notices.map(({ code, message }) => code + ": " + message)];`);
    expect(device).toBe("wasm");
    expect(codes).toEqual([
      expect.stringMatching(/^device-missing: .*"cuda"/),
      expect.stringMatching(/^device-missing: .*adapter/),
    ]);
    expect(web.paths.some((path) => /asyncify|webgpu/.test(path))).toBe(false);
    await web.close();
    await ordinary.close();
  });
});
