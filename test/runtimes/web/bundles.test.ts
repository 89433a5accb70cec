/** The packed package in the pages that people build: a bare module page, Vite and esbuild, each under a strict Content-Security-Policy. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as esbuild from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root, servePages } from "../../../scripts/browser.mjs";
import { entrySize } from "../../../scripts/entry-size.mjs";
import { bundledWidth } from "../../bundled.ts";
import { html, skipped, startBrowser } from "./page.ts";

const ort = `${root}node_modules/onnxruntime-web`;

/** A user's page: the bundled model on an image; heavier parts on demand. */
const app = `import { extract, loadModel } from "s2-vision/web";
globalThis.start = async (options = {}) => {
  const model = await loadModel(undefined, options);
  const image = { width: 64, height: 48, channels: 3, data: new Uint8Array(9216).map((_, i) => i * 5) };
  const { data, dims } = await extract(model, image, { scales: [1], fit: "squash" });
  const { threads } = model.runsOn;
  await model.dispose();
  return { dims, threads, first: data[200] };
};
document.title = "ready";`;

/** The page's policy forbids eval, inline code, workers and answers from elsewhere. WebAssembly needs its own word. */
const policy = (hashes: string[] = []) =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${hashes.join(" ")}; worker-src 'self'; connect-src 'self'; img-src 'self'`;

function pack(into: string): string {
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", into], { cwd: root, stdio: "pipe" });
  const tarball = readdirSync(into).find((name) => name.endsWith(".tgz"))!;
  const installed = join(into, "node_modules/s2-vision");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(into, tarball), "-C", installed, "--strip-components=1"]);
  symlinkSync(ort, join(into, "node_modules/onnxruntime-web"));
  symlinkSync(`${root}node_modules/valibot`, join(into, "node_modules/valibot"));
  return installed;
}

describe.skipIf(noChromium)(`pages with the packed package${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-pages-"));
  let browser: Browser;
  let installed: string;
  beforeAll(async () => {
    installed = pack(folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    writeFileSync(join(folder, "app.js"), app);
    writeFileSync(join(folder, "index.html"), html('<script type="module" src="./app.js"></script>'));
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Run {
    dims: number[];
    threads: number;
    first: number;
  }
  /** Opens what is in the folders, without anything that the policy forbids, and runs the page's own code. */
  async function visit(
    folders: string[],
    csp: string,
    answers = {},
    options = {},
  ): Promise<{ run: Run; said: string[]; atFirst: string[]; paths: string[] }> {
    const server = await servePages({
      folders,
      answers: { "/icon.png": "", ...answers },
      headers: { "Content-Security-Policy": csp },
    });
    const page = await browser.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    await page.goto(`${server.url}/`);
    await page.waitForFunction("document.title === 'ready'");
    const atFirst = [...server.paths];
    const run = await page.evaluate<Run>(`start(${JSON.stringify(options)})`);
    await page.close();
    await server.close();
    return { run, said, atFirst, paths: server.paths };
  }

  let plain: Run;
  it("a bare module page with an import map", async () => {
    const map = JSON.stringify({
      imports: {
        "s2-vision/web": "/node_modules/s2-vision/dist/web.js",
        valibot: "/node_modules/valibot/dist/index.min.mjs",
        "onnxruntime-web/wasm": "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
      },
    });
    const hash = `'sha256-${createHash("sha256").update(map).digest("base64")}'`;
    const page = html(`<script type="importmap">${map}</script><script type="module" src="/app.js"></script>`);
    const { run, said, atFirst, paths } = await visit([folder], policy([hash]), { "/": page });
    expect(run.dims).toEqual([1, 197, bundledWidth]);
    expect(run.threads).toBeGreaterThan(1);
    expect(said).toEqual([]);
    // Heavy parts are not there before a model is built, and WebGPU's larger library never.
    expect(atFirst.filter((path) => /\/dist\/(models|onnx)\//.test(path)).sort()).toEqual(
      ["embedded-metadata", "image-input", "proto", "wire"].map((name) => `/node_modules/s2-vision/dist/onnx/${name}.js`),
    );
    expect(paths.some((path) => /webgpu|asyncify|jsep/.test(path))).toBe(false);
    plain = run;
  });

  it("a Vite build, without a line of configuration", async () => {
    const vite = await import("vite");
    await vite.build({ root: folder, configFile: false, logLevel: "error", build: { outDir: "vite", emptyOutDir: true } });
    const { run, said, paths } = await visit([join(folder, "vite")], policy(), {
      "/": readFileSync(join(folder, "vite/index.html")),
    });
    expect(run).toEqual(plain);
    expect(said).toEqual([]);
    expect(paths.some((path) => path.includes("asyncify"))).toBe(false);
  });

  it("Vite's development server, shown to leave the two packages as they are", async () => {
    const vite = await import("vite");
    const server = await vite.createServer({
      root: folder,
      configFile: false,
      logLevel: "error",
      optimizeDeps: { exclude: ["s2-vision", "onnxruntime-web"] },
      server: {
        host: "127.0.0.1",
        port: 0,
        fs: { strict: false }, // onnxruntime-web is a link out of this folder
        headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
      },
    });
    await server.listen();
    const page = await browser.newPage();
    await page.goto(server.resolvedUrls!.local[0]);
    await page.waitForFunction("document.title === 'ready'");
    expect(await page.evaluate<Run>("start()")).toEqual(plain);
    await page.close();
    await server.close();
  });

  it("an esbuild build: the worker is one more entry point, and ONNX Runtime's and the model's files are copied", async () => {
    const out = join(folder, "esbuild");
    await esbuild.build({
      absWorkingDir: folder,
      entryPoints: { app: "app.js", "wasm-worker": "s2-vision/web/wasm-worker" },
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      outdir: out,
      logLevel: "error",
    });
    copyFileSync(join(ort, "dist/ort-wasm-simd-threaded.wasm"), join(out, "ort-wasm-simd-threaded.wasm"));
    cpSync(join(installed, "models"), join(out, "models"), { recursive: true });
    const { run, said } = await visit([out], policy(), { "/": readFileSync(join(folder, "index.html")) });
    expect(run).toEqual(plain);
    expect(said).toEqual([]);
    rmSync(join(out, "wasm-worker.js"));
    await expect(visit([out], policy(), { "/": readFileSync(join(folder, "index.html")) })).rejects.toThrow(
      /add s2-vision\/web\/wasm-worker to the entry points/,
    );
  });

  it.each([
    ["s2-vision", 13.5],
    ["s2-vision/web", 44.5],
  ])("%s is at most %i kB for who downloads it, without ONNX Runtime and what comes on demand", async (name, most) => {
    const { bytes, inputs } = await entrySize(name, folder);
    expect(inputs.length).toBeGreaterThan(15);
    expect(inputs.filter((path) => /onnxruntime|dist\/models\/|quantize/.test(path))).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(most * 1000);
    expect(bytes).toBeGreaterThan(most * 300);
  });
});
