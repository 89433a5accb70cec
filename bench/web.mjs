/** Times a tile in the browser: s2-tiny in Chromium's WebAssembly on one thread and on two, against Node in the same run. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { noChromium, servePages, startChromium } from "../scripts/browser.mjs";
import { entrySize } from "../scripts/entry-size.mjs";
import { root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { ratio, round, spread, takeTurns } from "./timing.mjs";

skipIf(noChromium);
skipIf(!existsSync(join(root, "dist/web.js")) && "dist/web.js is not built (npm run build)");
const { loadModel } = await import("../dist/node.js");

const library = "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";
const valibot = "/node_modules/valibot/dist/index.mjs";
const map = JSON.stringify({ imports: { "s2-vision/web": "/dist/web.js", valibot, "onnxruntime-web/wasm": library } });
const page = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${map}</script>`;
const server = await servePages({ folders: [root], answers: { "/": page } });
const browser = await startChromium();
const tiles = 4;

/** A page of its own for each number of threads: what it has loaded rests while the others run. */
async function inPage(threads) {
  const tab = await (await browser.newContext()).newPage();
  await tab.goto(`${server.url}/`);
  const load = await tab.evaluate(
    `(async () => {
      const { loadModel } = await import("s2-vision/web");
      const start = performance.now();
      const model = await loadModel(undefined, { threads: ${threads} });
      const images = { dims: [${tiles}, 3, 224, 224], data: new Float32Array(${tiles * 150528}).map((_, i) => Math.sin(i)) };
      globalThis.once = async () => {
        const start = performance.now();
        await model(images);
        return performance.now() - start;
      };
      return performance.now() - start;
    })()`,
  );
  return { load, once: async () => ({ ms: (await tab.evaluate("once()")) / tiles, cpu: 0 }) };
}

const node = Object.fromEntries(
  await Promise.all([1, 2].map(async (threads) => [threads, await loadModel(join(root, "models/s2-tiny"), { threads })])),
);
const images = { dims: [tiles, 3, 224, 224], data: new Float32Array(tiles * 150528).map((_, i) => Math.sin(i)) };
const inNode = (threads) => async () => {
  const start = performance.now();
  await node[threads](images);
  return { ms: (performance.now() - start) / tiles, cpu: 0 };
};
const [one, two] = [await inPage(1), await inPage(2)];
const times = await takeTurns(
  { "web, 1 thread": one.once, "web, 2 threads": two.once, "Node, 1 thread": inNode(1), "Node, 2 threads": inNode(2) },
  { rounds: 15, warmUp: 4 }, // the browser compiles for the first runs
);
const [web1, web2, node1, node2] = Object.values(times);

const kB = (bytes) => round(bytes / 1000);
const gzipped = (path) => gzipSync(readFileSync(join(root, path)), { level: 9 }).length;
const runtime = (build, wasm) =>
  kB(
    gzipped(`node_modules/onnxruntime-web/dist/ort.${build}.bundle.min.mjs`) +
      gzipped(`node_modules/onnxruntime-web/dist/${wasm}.wasm`),
  );
finish(
  "web",
  [
    ...Object.entries(times).map(([name, { ms }]) => ({ name: `s2-tiny, ${name}`, value: spread(ms).median, unit: "ms a tile" })),
    { name: "web against Node, 1 thread", value: ratio(web1, node1).wall, unit: "times" },
    { name: "web against Node, 2 threads", value: ratio(web2, node2).wall, unit: "times" },
    { name: "web, 2 threads against 1", value: ratio(web2, web1).wall, unit: "times" },
    { name: "s2-vision, gzip", value: kB((await entrySize("s2-vision", root)).bytes), unit: "kB", bar: 12 },
    {
      name: "s2-vision/web, gzip, without ONNX Runtime",
      value: kB((await entrySize("s2-vision/web", root)).bytes),
      unit: "kB",
      bar: 40,
    },
    { name: "onnxruntime-web for WebAssembly, gzip", value: runtime("wasm", "ort-wasm-simd-threaded"), unit: "kB" },
    { name: "onnxruntime-web for WebGPU, gzip", value: runtime("webgpu", "ort-wasm-simd-threaded.asyncify"), unit: "kB" },
    { name: "s2-tiny, gzip", value: kB(gzipped("models/s2-tiny/model.safetensors")), unit: "kB" },
    { name: "loadModel() in a page, 1 thread, from the server's disk", value: round(one.load / 1000), unit: "s" },
  ],
  {
    chromium: browser.version(),
    tiles,
    ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
  },
);
await Promise.all(Object.values(node).map((model) => model.dispose()));
await browser.close();
await server.close();
