/** A real browser for tests and benches: finds a Chromium, starts it, and serves pages on 127.0.0.1 with the headers a test is about. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** The program: $S2_CHROMIUM, the usual names on PATH, Playwright's own; undefined where there is none. */
export function findChromium() {
  const asked = process.env.S2_CHROMIUM;
  if (asked) return existsSync(asked) ? asked : undefined;
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  const bundled = chromium.executablePath();
  return onPath ?? (existsSync(bundled) ? bundled : undefined);
}

/** Why tests of pages cannot run here; undefined when they can. */
export const noChromium = findChromium()
  ? undefined
  : process.env.S2_CHROMIUM
    ? `S2_CHROMIUM is ${process.env.S2_CHROMIUM}, and nothing is there`
    : "no Chromium: install one (Debian: apt-get install chromium) or set S2_CHROMIUM";

/** Without GPU, sandbox and everything that would call home: a container's root may start it, and it asks nobody but our server. */
const flags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
];

/** Starts it; `args` are further flags. */
export function startChromium(args = []) {
  return chromium.launch({ executablePath: findChromium(), args: [...flags, ...args] });
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".css": "text/css",
  ".jpg": "image/jpeg",
  ".png": "image/png",
};

/**
 * Serves what `answers` has for a path (bytes or text, or a function that answers itself), else the file of that path in one of `folders`.
 * @param isolated sends COOP and COEP, so that pages get threads.
 * @param headers more of them, for every answer.
 * @returns its `url` without a slash at the end, the `paths` asked for, and `close`.
 */
export async function servePages({ folders = [root], answers = {}, isolated = true, headers = {} } = {}) {
  const isolation = isolated
    ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
    : {};
  const paths = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://here").pathname));
    paths.push(`${request.method === "GET" ? "" : `${request.method} `}${path}`);
    for (const [name, value] of Object.entries({ ...isolation, ...headers })) response.setHeader(name, value);
    const given = answers[path];
    if (typeof given === "function") return given(request, response);
    const found = given === undefined ? folders.map((folder) => join(folder, path)).find(isFile) : undefined;
    const body = given ?? (found && readFileSync(found));
    if (body === undefined) return response.writeHead(404, { "Content-Type": "text/plain" }).end("not here");
    const type = extname(path) ? (types[extname(path)] ?? "application/octet-stream") : "text/html";
    response.writeHead(200, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  }).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const close = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, paths, close };
}

const isFile = (path) => existsSync(path) && statSync(path).isFile();
