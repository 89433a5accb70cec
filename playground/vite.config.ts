/** How the playground is served and built: the package by its public names, relative paths, a strict Content-Security-Policy. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL("../", import.meta.url));
const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

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

/** They give the page threads; see docs/browser.md. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  resolve: { alias },
  plugins: [contentSecurityPolicy],
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  server: { headers, fs: { allow: [root] } },
  preview: { headers },
  worker: { format: "es" },
  build: { outDir: "dist", emptyOutDir: true, target: "es2022" },
});
