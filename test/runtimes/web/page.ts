/** A page that has the built package by an import map, and code that runs in it. */
import { basename } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { type Answer, noChromium, root, servePages, startChromium } from "../../../scripts/browser.mjs";

export const skipped = noChromium ? ` (skipped: ${noChromium})` : "";

/** Bundles the built package, for a page takes longer to load a hundred files than most tests do; bundles.test.ts loads them as they are published. */
async function bundlePackage(): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [
      ...["core", "web", "models", "train", "onnx"].map((name) => `${root}dist/${name}.js`),
      ...["plain", "wasm", "webgpu"].map((name) => `${root}dist/runtimes/web/${name}-worker.js`),
    ],
    ...{ bundle: true, splitting: true, format: "esm", write: false, external: ["valibot", "onnxruntime-web/*"] },
    ...{ outdir: root + built, entryNames: "[name]" }, // the code finds its workers and its model from there
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [`${built}/${basename(path)}`, text]));
}
let bundled: ReturnType<typeof bundlePackage> | undefined;

const library = "/node_modules/onnxruntime-web/dist";
const built = "/dist/runtimes/web";
export const imports = {
  "s2-vision": `${built}/core.js`,
  "s2-vision/web": `${built}/web.js`,
  "s2-vision/models": `${built}/models.js`,
  "s2-vision/train": `${built}/train.js`,
  "s2-vision/onnx": `${built}/onnx.js`,
  valibot: "/node_modules/valibot/dist/index.mjs",
  "onnxruntime-web/wasm": `${library}/ort.wasm.bundle.min.mjs`,
  "onnxruntime-web/webgpu": `${library}/ort.webgpu.bundle.min.mjs`,
};

export const html = (head: string): string => `<!doctype html><title>s2</title><link rel="icon" href="/icon.png">${head}`;

export interface WebPage {
  readonly page: Page;
  readonly url: string;
  readonly paths: string[];
  /** Console output of the page. */
  readonly said: string[];
  /** Runs code in which `web` is the package, with the arguments by their names; gives what it returns. An S2Error comes as { code, message }. */
  run<T>(code: string, args?: object): Promise<T>;
  close(): Promise<void>;
}

export interface WebPageOptions {
  browser: Browser;
  isolated?: boolean;
  answers?: Record<string, Answer>;
  imports?: Record<string, string>;
}

export async function openPage({
  browser,
  isolated = true,
  answers = {},
  imports: map = imports,
}: WebPageOptions): Promise<WebPage> {
  const script = `<script type="importmap">${JSON.stringify({ imports: map })}</script>`;
  bundled ??= bundlePackage();
  const server = await servePages({ isolated, answers: { "/": html(script), "/icon.png": "", ...(await bundled), ...answers } });
  const context = await browser.newContext();
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  await page.goto(`${server.url}/`);
  return {
    page,
    url: server.url,
    paths: server.paths,
    said,
    run: (code, args = {}) => runIn(page, code, args),
    async close() {
      await context.close();
      await server.close();
    },
  };
}

/** Source text, since vitest rewrites every `import()` of a function. */
function runIn<T>(page: Page, code: string, args: object): Promise<T> {
  const body = `const web = await import("s2-vision/web"); ${helpers} ${code}`;
  return page.evaluate(`(async ({ ${Object.keys(args).join(", ")} }) => { ${body} })(${JSON.stringify(args)})`) as Promise<T>;
}

/** In the page: what a refusal says, and a hash of an array's bytes. */
const helpers = `
  const refusal = (promise) => promise.then(() => "no refusal", (error) => ({ code: error.code ?? error.name, message: error.message }));
  const hashOf = async ({ buffer, byteOffset, byteLength }) =>
    Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(buffer, byteOffset, byteLength).slice())), (byte) =>
      byte.toString(16).padStart(2, "0")).join("");
`;

export const startBrowser = (args: readonly string[] = []): Promise<Browser> => startChromium(args);
