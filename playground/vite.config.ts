/** Configuration that serves and builds the playground: the package by its public names, relative paths, a strict Content-Security-Policy, one runtime. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { roundWeights } from "./round-weights.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const { name, version, exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** The package's public names, to what `npm run build` made: as a user's bundler finds them. */
const alias = Object.entries<string>(exports).map(([entry, file]) => ({
  find: new RegExp(`^${name}${entry.slice(1)}$`),
  replacement: root + file.slice(2),
}));

/** Nothing leaves the page; models of the hub may come in. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "worker-src 'self'",
  "connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co",
  "img-src 'self' blob: data:",
  "media-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** In the built page alone: Vite's development server writes styles into the page, which the policy forbids. */
const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" },
  ],
};

/** Puts s2-tiny with rounded weights into the build, under a name of its own hash. */
const roundedModel: Plugin = {
  name: "rounded-model",
  apply: "build",
  enforce: "pre",
  transform(code, id) {
    const address = "../../../models/s2-tiny/model.safetensors";
    if (!id.endsWith("/runtimes/web/locate.js") || !code.includes(address)) return undefined;
    const rounded = join(mkdtempSync(join(tmpdir(), "s2-playground-")), "model.safetensors");
    writeFileSync(rounded, roundWeights(readFileSync(`${root}models/s2-tiny/model.safetensors`)));
    return code.replace(address, relative(dirname(id), rounded).replaceAll("\\", "/"));
  },
};

/** Starts all workers from the file of one runtime, so that the build has no other. */
const oneRuntime = (used: string, unused: string): Plugin => ({
  name: "one-runtime",
  apply: "build",
  enforce: "pre",
  transform: (code, id) =>
    id.endsWith("/runtimes/web/start-worker.js") ? code.replace(`./${unused}-worker.js`, `./${used}-worker.js`) : undefined,
});

/** The pages; their names have no hash of their content. */
const PAGES = ["index.html", "robot.html"];

/** Writes sw.js beside the page: the worker with the list of the build's files, whose names have hashes of their content. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    writeBundle({ dir }) {
      const files = readdirSync(dir!, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/^(sw\.js|index\.html)$/.test(entry.name))
        .map((entry) => relative(dir!, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
        .sort();
      const hash = createHash("sha256");
      for (const page of PAGES) hash.update(readFileSync(join(dir!, page)));
      const version = hash.update(files.join()).digest("hex").slice(0, 16);
      const code = readFileSync(new URL("./sw.js", import.meta.url), "utf8")
        .replace('"VERSION"', JSON.stringify(version))
        .replace('["FILES"]', JSON.stringify(["./", ...files]));
      writeFileSync(join(dir!, "sw.js"), code);
    },
  };
}

/** They give the page threads; see docs/browser.md. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** `--mode webgpu` builds the page with ONNX Runtime's larger library, which has WebGPU and WebAssembly; otherwise WebAssembly alone. */
export default defineConfig(({ mode, command }) => {
  const [used, unused] = mode === "webgpu" ? ["webgpu", "wasm"] : ["wasm", "webgpu"];
  return {
    root: fileURLToPath(new URL(".", import.meta.url)),
    base: "./",
    define: {
      WEBGPU: JSON.stringify(mode === "webgpu"),
      BUILT: JSON.stringify(command === "build"),
      VERSION: JSON.stringify(version),
    },
    resolve: { alias },
    plugins: [contentSecurityPolicy, roundedModel, oneRuntime(used, unused), serviceWorker()],
    optimizeDeps: { exclude: ["onnxruntime-web"] },
    server: { headers, fs: { allow: [root] } },
    preview: { headers },
    worker: { format: "es" },
    build: {
      outDir: mode === "webgpu" ? "dist-webgpu" : "dist",
      emptyOutDir: true,
      target: "es2022",
      rolldownOptions: { input: PAGES.map((page) => fileURLToPath(new URL(page, import.meta.url))) },
    },
  };
});
