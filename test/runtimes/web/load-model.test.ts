/** Models in a real page: threads, notices, what goes wrong in words, and memory that comes back. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium } from "../../../scripts/browser.mjs";
import { bundledWidth } from "../../bundled.ts";
import { imports, openPage, skipped, startBrowser, type WebPage } from "./page.ts";

const plain = "/test/runtimes/models/plain.onnx";
/** Loads the toy model: 32 px images, 8 px patches. */
const load = `const notices = []; const onNotice = (notice) => notices.push(notice.code);
  const toy = (options) => web.loadModel("${plain}", { patchSize: 8, threads: 1, onNotice, ...options });
  const images = (count, value = 0.5) => ({ dims: [count, 3, 32, 32], data: new Float32Array(count * 3072).map((_, i) => Math.sin(i) * value) });`;

describe.skipIf(noChromium)(`loadModel in a page${skipped}`, () => {
  let browser: Browser;
  let web: WebPage;
  beforeAll(async () => {
    browser = await startBrowser(["--enable-blink-features=ForceEagerMeasureMemory"]);
    web = await openPage({ browser, answers: { "/no-model.onnx": "{}" } });
  });
  afterAll(async () => {
    await web?.close();
    await browser?.close();
  });

  it("an isolated page uses all cores, where the library would use one in silence", async () => {
    const [threads, cores, notices] = await web.run<[number, number, string[]]>(`${load}
      const model = await toy({ threads: undefined });
      await model.dispose();
      return [model.runsOn.threads, navigator.hardwareConcurrency, notices];`);
    expect(threads).toBe(cores);
    expect(notices).toEqual([]);
  });

  it("a page without isolation runs on one thread, and who asked for more is shown the headers", async () => {
    const other = await openPage({ browser, isolated: false });
    const [threads, dims, said] = await other.run<[number, number[], string[]]>(`
      const said = [];
      const model = await web.loadModel("${plain}", { patchSize: 8, threads: 2, onNotice: ({ code, message }) => said.push(code, message) });
      const { dims } = await model({ dims: [2, 3, 32, 32], data: new Float32Array(6144) });
      return [model.runsOn.threads, dims, said];`);
    expect(threads).toBe(1);
    expect(dims).toEqual([2, 17, 4]);
    expect(said[0]).toBe("one-thread");
    expect(said[1]).toMatch(/Cross-Origin-Embedder-Policy: require-corp/);
    await other.close();
  });

  it("says what Node's says: traits, outputs, source; images stay the caller's; one image's features do not depend on the others", async () => {
    const got = await web.run<Record<string, unknown>>(`${load}
      const model = await toy();
      const mine = images(6);
      const all = await model(mine);
      const last = await model({ dims: [1, 3, 32, 32], data: mine.data.slice(5 * 3072) });
      const apart = Math.max(...last.data.map((value, i) => Math.abs(value - all.data[5 * 68 + i])));
      return { traits: model.traits, outputs: model.outputs, source: model.source, kept: mine.data.length, dims: all.dims, apart };`);
    expect(got).toMatchObject({
      traits: { imageSize: [32, 32], patchSize: 8, prefixTokens: 1, layout: "bnc", channels: 4 },
      outputs: ["last_hidden_state"],
      source: expect.stringMatching(/plain\.onnx$/),
      kept: 6 * 3072,
      dims: [6, 17, 4],
    });
    expect(got.apart).toBeLessThan(1e-5);
  });

  it("bytes are a model too, and stay usable; a part of a buffer does not take the rest with it", async () => {
    const [source, length] = await web.run<[string, number]>(`
      const bytes = new Uint8Array(await (await fetch("${plain}")).arrayBuffer());
      const wide = new Uint8Array(bytes.length + 10);
      wide.set(bytes, 5);
      const model = await web.loadModel(wide.subarray(5, 5 + bytes.length), { patchSize: 8, threads: 1 });
      await model.dispose();
      return [model.source, wide.length - bytes.length];`);
    expect([source, length]).toEqual(["bytes", 10]);
  });

  it("a file that a user picked is a model by its blob's address", async () => {
    const dims = await web.run<number[]>(`
      const address = URL.createObjectURL(await (await fetch("${plain}")).blob());
      const model = await web.loadModel(address, { patchSize: 8, threads: 1 });
      const { dims } = await model({ dims: [1, 3, 32, 32], data: new Float32Array(3072) });
      await model.dispose();
      return dims;`);
    expect(dims).toEqual([1, 17, 4]);
  });

  it("a graph that leaves its size open is asked for it, or shown, as in Node", async () => {
    const [refused, size] = await web.run<[{ code: string; message: string }, number[]]>(`${load}
      const open = (options) => web.loadModel("/test/runtimes/models/baked-size.onnx", { threads: 1, prefixTokens: 1, ...options });
      const refused = await refusal(open());
      const model = await open({ imageSize: 32 });
      await model.dispose();
      return [refused, model.traits.imageSize];`);
    expect(refused).toMatchObject({ code: "input", message: expect.stringMatching(/give imageSize/) });
    expect(size).toEqual([32, 32]);
  });

  it("the page goes on while a model runs, and runs one after the other", async () => {
    const [ticks, dims] = await web.run<[number, number[][]]>(`
      const model = await web.loadModel(undefined, { threads: 1 });
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      const image = { dims: [4, 3, 224, 224], data: new Float32Array(4 * 150528) };
      const all = await Promise.all([model(image), model({ dims: [1, 3, 224, 224], data: image.data.slice(0, 150528) })]);
      clearInterval(timer);
      await model.dispose();
      return [ticks, all.map(({ dims }) => dims)];`);
    expect(ticks).toBeGreaterThan(4);
    expect(dims).toEqual([
      [4, 197, bundledWidth],
      [1, 197, bundledWidth],
    ]);
  });

  it.each([
    ["a size that the model does not take", "model({ dims: [1, 3, 40, 40], data: new Float32Array(4800) })", "input"],
    ["an output that it does not have", 'model.run(images(1), ["pooler"])', "output"],
    ["a run after dispose", "model.dispose().then(() => model(images(1)))", "disposed"],
    ["a file that is no model", 'web.loadModel("/no-model.onnx", { onNotice })', "model-file"],
    ["bytes that are no model", "web.loadModel(new Uint8Array(100).fill(7), { threads: 1 })", "model-file"],
    ["an address without a model", 'web.loadModel("/nothing/here/")', "model-not-found"],
    ["an option that does not exist", 'web.loadModel("/x/", { thread: 1 })', "option"],
    ["a server that is not there", 'web.loadModel("http://127.0.0.1:1/x.onnx")', "model-network"],
  ])("%s is refused in words", async (_, code, expected) => {
    const refused = await web.run<{ code: string; message: string }>(
      `${load} const model = await toy(); return refusal(${code});`,
    );
    expect(refused.code).toBe(expected);
    expect(refused.message).toMatch(/\w+ .*[.?!]$/s);
  });

  it("without the library in the import map the refusal says so; so does a library that is not there", async () => {
    const bare = await openPage({ browser, imports: { "s2-vision/web": imports["s2-vision/web"], valibot: imports.valibot } });
    const refused = await bare.run<{ code: string; message: string }>(
      `return refusal(web.loadModel("${plain}", { patchSize: 8 }));`,
    );
    expect(refused).toMatchObject({ code: "runtime-missing", message: expect.stringMatching(/import map/) });
    await bare.close();
    const gone = await openPage({
      browser,
      imports: { "s2-vision/web": imports["s2-vision/web"], valibot: imports.valibot, "onnxruntime-web/wasm": "/not/here.mjs" },
    });
    const absent = await gone.run<{ code: string; message: string }>(
      `return refusal(web.loadModel("${plain}", { patchSize: 8 }));`,
    );
    expect(absent).toMatchObject({ code: "runtime-missing", message: expect.stringMatching(/npm install onnxruntime-web/) });
    await gone.close();
  });

  it("the library's own files come from where wasmPaths says: a folder, or one file", async () => {
    const before = web.paths.length;
    const dims = await web.run<number[][]>(`${load}
      const models = await Promise.all([
        toy({ wasmPaths: "./node_modules/onnxruntime-web/../onnxruntime-web/dist" }),
        toy({ wasmPaths: { wasm: "/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm?own" } }),
      ]);
      const dims = await Promise.all(models.map(async (model) => (await model(images(1))).dims));
      await Promise.all(models.map((model) => model.dispose()));
      return dims;`);
    expect(dims).toEqual([
      [1, 17, 4],
      [1, 17, 4],
    ]);
    expect(web.paths.slice(before)).toContain("/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs");
    const refused = await web.run<{ code: string }>(`${load} return refusal(toy({ wasmPaths: "/not/here/" }));`);
    expect(refused.code).toMatch(/runtime-missing|model-file/);
  });

  it("a start that hangs on several threads is tried again on one, in time and with a word", async () => {
    // Requests that match never reach our worker's code; those that come before it is loaded are kept for it.
    const worker = (on: string) => `
      const kept = []; const keep = ({ data }) => kept.push(data); addEventListener("message", keep);
      const { serve } = await import("/dist/runtimes/web/serve.js");
      removeEventListener("message", keep);
      serve(() => import("${"/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs"}"));
      const pass = (data) => dispatchEvent(new MessageEvent("message", { data }));
      addEventListener("message", (event) => { if (${on}) event.stopImmediatePropagation(); }, true);
      for (const data of kept) if (!(((event) => ${on})({ data }))) pass(data);`;
    const answers = {
      "/hangs-on-many.js": worker("event.data.settings?.threads > 1"),
      "/hangs.js": worker("true"),
    };
    const other = await openPage({ browser, answers });
    const start = `const { startSession } = await import("/dist/runtimes/web/start-worker.js");
      const bytes = new Uint8Array(await (await fetch("${plain}")).arrayBuffer());
      const notices = []; const notice = (one) => notices.push(one);
      // The limit passes at once for a worker that hangs, and never for the one that starts, however slow the machine is.
      const [later, limit] = [setTimeout, 77_777];
      let hangs = 0;
      globalThis.setTimeout = (run, ms, ...rest) => ms !== limit ? later(run, ms, ...rest) : hangs-- > 0 ? later(run, 100) : 0;
      const options = (file) => ({ threads: 2, startLimit: limit, notice, worker: new URL(file, location.href) });`;
    const [threads, dims, notices] = await other.run<[number, number[], { code: string; message: string }[]]>(`${start}
      hangs = 1;
      const session = await startSession(bytes, "plain.onnx", "wasm", options("/hangs-on-many.js"));
      const { last_hidden_state } = await session.run("pixel_values", { dims: [1, 3, 32, 32], data: new Float32Array(3072) }, ["last_hidden_state"]);
      await session.dispose();
      return [session.threads, last_hidden_state.dims, notices];`);
    expect([threads, dims]).toEqual([1, [1, 17, 4]]);
    expect(notices).toEqual([{ code: "start-retried", message: expect.stringMatching(/2 threads within 77777 ms/) }]);
    const refused = await other.run<{ code: string; message: string }>(`${start}
      hangs = 2;
      return refusal(startSession(bytes, "plain.onnx", "wasm", options("/hangs.js")));`);
    expect(refused).toMatchObject({ code: "runtime", message: expect.stringMatching(/did not start within 77777 ms/) });
    await other.close();
  });

  it("a worker that dies refuses those who wait and those who come later", async () => {
    const dying = `let loaded = false; addEventListener("message", ({ data: { id } }) => {
      if (loaded) throw new Error("out of luck");
      loaded = true;
      postMessage({ kind: "ready", device: "wasm", missing: [], inputs: [], outputs: [], threads: 1, id });
    });`;
    const other = await openPage({ browser, answers: { "/dies.js": dying } });
    const refused = await other.run<{ code: string; message: string }[]>(`
      const { startSession } = await import("/dist/runtimes/web/start-worker.js");
      const session = await startSession(new Uint8Array(1), "x", "wasm", { notice() {}, worker: new URL("/dies.js", location.href) });
      const run = () => refusal(session.run("x", { dims: [1, 1], data: new Float32Array(1) }, ["y"]));
      const both = await Promise.all([run(), run()]);
      const later = await run();
      await session.dispose();
      return [...both, later];`);
    for (const { code, message } of refused) {
      expect(code).toBe("runtime");
      expect(message).toContain("out of luck");
    }
    await other.close();
  });

  it("an abort is felt within one run of tiles, and the model is as good as before", async () => {
    const got = await web.run<{ reason: string; runs: number; atAbort: number; tokens: number }>(`
      const model = await web.loadModel(undefined, { threads: 1 });
      let runs = 0;
      const counted = Object.assign((images) => { runs++; return model(images); }, { traits: model.traits });
      const image = { width: 300, height: 224, channels: 3, data: new Uint8Array(300 * 224 * 3).fill(99) };
      const controller = new AbortController();
      let atAbort;
      const onProgress = ({ tiles }) => { if (tiles >= 5 && !atAbort) { atAbort = runs; controller.abort(new Error("enough")); } };
      const reason = await web.extract(counted, image, { scales: [1, 2, 3], signal: controller.signal, onProgress }).catch((error) => error.message);
      const ranWhenRefused = runs;
      const { dims } = await web.extract(model, image, { scales: [1] });
      await model.dispose();
      return { reason, runs: ranWhenRefused, atAbort, tokens: dims[1] };`);
    expect(got.reason).toBe("enough");
    expect(got.runs - got.atAbort).toBeLessThanOrEqual(1);
    expect(got.tokens).toBe(1 + 14 * 14);
  });

  it("the coarse result is on the screen before the fine one is computed", async () => {
    const events = await web.run<string[]>(`
      const model = await web.loadModel(undefined, { threads: 1 });
      const events = [];
      const image = { width: 300, height: 224, channels: 3, data: new Uint8Array(300 * 224 * 3).fill(99) };
      const onScale = (scale, { dims }) => { events.push("scale " + scale + " " + dims); requestAnimationFrame(() => events.push("frame")); };
      await web.extract(model, image, { scales: [1, 2], onScale });
      await model.dispose();
      return [...events, "end"];`);
    expect(events[0]).toMatch(/^scale 0 1,/);
    expect(events.indexOf("frame")).toBeLessThan(events.findIndex((event) => event.startsWith("scale 1")));
    expect(events.at(-1)).toBe("end");
  });

  it("200 extracts leave the heap within 2 %, of the page and of the worker; dispose ends the worker, and its memory with it", async () => {
    const own = await openPage({ browser }); // without what other tests have left in theirs
    const [loaded, before, after] = await own.run<number[]>(`
      const bytes = async () => (await performance.measureUserAgentSpecificMemory()).bytes;
      const empty = await bytes();
      globalThis.model = await web.loadModel("${plain}", { patchSize: 8, threads: 1 });
      const image = { width: 96, height: 64, channels: 3, data: new Uint8Array(96 * 64 * 3).map((_, i) => i * 7) };
      const extracts = async (count) => { for (let i = 0; i < count; i++) await web.extract(model, image, { scales: [1, 2, 3], fit: "squash" }); };
      await extracts(70); // until then the browser still compiles code, which counts; measured: flat from 220 to 420
      const before = await bytes();
      await extracts(200);
      return [empty, before, await bytes()];`);
    expect(before - loaded).toBeGreaterThan(1e7); // what is measured is the worker's memory too
    expect(Math.abs(after / before - 1)).toBeLessThan(0.02); // the tiles of one extract alone are 0.8 % of it
    expect(own.page.workers().length).toBe(1);
    await own.run("await model.dispose();");
    await expect.poll(() => own.page.workers().length).toBe(0);
    await own.close();
  });
});
