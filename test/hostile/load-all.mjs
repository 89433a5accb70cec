/** Loads a part of a corpus in child processes, and says how each file went: ok, refused, raw error, crash or hang, and its memory. */
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The package's own names, which a module inside node_modules does not find. */
const own = {
  name: "own",
  setup: ({ onResolve }) => onResolve({ filter: /^s2-vision/ }, ({ path }) => ({ path: import.meta.resolve(path), external: true })),
};

/** The package's other modules as they are built, so that each is loaded once; and each file's own address, which it finds fixtures by. */
const built = {
  name: "built",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/src\/.*\.ts$/ }, ({ path, resolveDir }) => {
      const source = pathToFileURL(resolve(resolveDir, path)).href;
      return { path: source.replace("/src/", "/dist/").replace(/ts$/, "js"), external: true };
    });
    onLoad({ filter: /test\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
      loader: "ts",
    }));
  },
};

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The corpora, which are TypeScript, as a module that every Node runs; inside node_modules, where packages are found. */
async function bundle() {
  const folder = here("../../node_modules/.cache/s2-hostile");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `corpora-${process.pid}.mjs`);
  await build({ entryPoints: [here("corpora.ts")], outfile, bundle: true, format: "esm", platform: "node", packages: "external",
    plugins: [own, built], logLevel: "error" });
  return outfile;
}

/**
 * Loads files `from` to `from + count` of a corpus. A file that takes longer than `seconds` ends its process: a hang.
 * @returns {Promise<{ i: number; kind: string; outcome: string; message: string; memory: number; ms: number; path: string }[]>}
 */
export async function loadAll({ corpus, seed, count, indices = Array.from({ length: count }, (_, i) => i), seconds = 10, onFile = () => {} }) {
  const bundled = await bundle();
  // Files are made here, so that the loading process is measured without it.
  const { make } = (await import(pathToFileURL(bundled))).corpora.find(({ name }) => name === corpus);
  const folder = mkdtempSync(join(tmpdir(), "s2-hostile-"));
  const results = [];
  let child;
  for (const i of indices) {
    const { name, bytes, kind, beside = {}, reader } = await make(seed, i);
    const path = join(folder, String(i), name);
    mkdirSync(join(folder, String(i)), { recursive: true });
    for (const [file, content] of Object.entries(beside)) write(join(folder, String(i), file), content);
    if (bytes) write(path, bytes);
    child ??= await start(bundled);
    const result = { i, kind, path, ...(await loadOne(child, { corpus, path, reader }, seconds)) };
    if (result.outcome === "crash" || result.outcome === "hang") {
      child.kill("SIGKILL");
      child = undefined;
    }
    if (faultsOf([result]).length === 0) rmSync(join(folder, String(i)), { recursive: true });
    results.push(result);
    onFile(result);
  }
  child?.disconnect();
  rmSync(bundled);
  if (faultsOf(results).length === 0) rmSync(folder, { recursive: true });
  return results;
}

/** Makes files of a corpus without loading them. @returns {Promise<string[]>} SHA-256 of each file's bytes */
export async function digestsOf({ corpus, seed, indices }) {
  const bundled = await bundle();
  const { make } = (await import(pathToFileURL(bundled))).corpora.find(({ name }) => name === corpus);
  rmSync(bundled);
  const digests = [];
  for (const i of indices) {
    const { bytes, beside = {} } = await make(seed, i);
    digests.push(digestOf(bytes ?? "", beside));
  }
  return digests;
}

function digestOf(bytes, beside) {
  const hash = createHash("sha256").update(bytes);
  for (const [file, content] of Object.entries(beside)) hash.update(file).update(content);
  return hash.digest("hex");
}

function write(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** @returns {Promise<import("node:child_process").ChildProcess>} */
function start(corpora) {
  const child = fork(here("child.mjs"), [corpora], { execArgv: ["--expose-gc"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    child.once("message", () => resolve(child));
    child.once("exit", (status) => reject(new Error(`The loading process ended with status ${status} before it began.`)));
  });
}

function loadOne(child, request, seconds) {
  return new Promise((resolve) => {
    const start = performance.now();
    const end = (result) => {
      clearTimeout(timer);
      child.off("message", end);
      child.off("exit", crash);
      resolve({ message: "", memory: 0, ms: Math.round(performance.now() - start), ...result });
    };
    const crash = (status, signal) => end({ outcome: "crash", message: `status ${status}, signal ${signal}` });
    const timer = setTimeout(() => end({ outcome: "hang" }), seconds * 1000);
    child.on("message", end);
    child.on("exit", crash);
    child.send(request);
  });
}

/** Megabytes that a file may take. */
export const MEMORY = 1000;

/** Results that must not be. */
export const faultsOf = (results) =>
  results.filter(({ outcome, memory }) => (outcome !== "ok" && outcome !== "refused") || memory > MEMORY);
