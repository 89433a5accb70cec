/**
 * Packs the measurement for a machine without a network: Node, onnxruntime-node for Linux x64, the built package, these scripts, and the authors'
 * s2wrapper from S2_REFERENCE. `node bench/gpu/pack.mjs OUT.tar.xz` or `OUT`, a folder. Models and photos are made there from seeds.
 * There: `tar -xJf OUT.tar.xz && bash s2-gpu/measure.sh RESULTS`.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../paths.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { node: { type: "string", default: process.execPath }, graphs: { type: "string" } },
});
const [target] = positionals;
if (!target) fail("Give the archive's path: node bench/gpu/pack.mjs OUT.tar.xz");
if (process.platform !== "linux" || process.arch !== "x64")
  fail(`Packing takes Linux on x64; this is ${process.platform} ${process.arch}.`);
if (!existsSync(join(root, "dist/node.js"))) fail("dist is not built; run npm run build first.");
if (existsSync(target)) fail(`${target} exists; remove it or choose another path.`);

const archive = /\.tar\.xz$/.test(target);
const temporary = mkdtempSync(join(tmpdir(), "s2-pack-"));
const folder = archive ? join(temporary, "s2-gpu") : resolve(target);
fill(folder);
if (archive)
  execFileSync("tar", ["-cJf", resolve(target), "-C", temporary, "s2-gpu"], { env: { ...process.env, XZ_OPT: "-3 -T0" } });
rmSync(temporary, { recursive: true });
console.log(`${target}: ${Math.round(sizeOf(target) / 2 ** 20)} MiB`);

function fill(folder) {
  mkdirSync(join(folder, "bench"), { recursive: true });
  copyFileSync(values.node, join(folder, "node"));
  chmodSync(join(folder, "node"), 0o755);
  strip(join(folder, "node"));
  const { name, version, type, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version, type, exports })); // so that "s2-vision/..." is found
  copy("dist", (path) => !/\.d\.ts$|\.map$/.test(path));
  copy("node_modules/valibot", (path) => !/\.d\.c?ts$|\.cjs$|\.min\.js$/.test(path));
  copy("node_modules/onnxruntime-common", (path) => !/\/lib\/|\.d\.ts$|\.map$/.test(path));
  copy(
    "node_modules/onnxruntime-node",
    (path) => !/\/lib\/|\/script\/|\.d\.ts$|\.map$|napi-v6\/(?!linux$|linux\/x64)/.test(path),
  );
  for (const name of ["timing.mjs", "result.mjs", "paths.mjs", "train.py", "gpu"]) copy(`bench/${name}`);
  copyFileSync(join(root, "bench/gpu/measure.sh"), join(folder, "measure.sh"));
  const reference = process.env.S2_REFERENCE;
  if (reference)
    cpSync(join(reference, "s2wrapper"), join(folder, "s2wrapper"), { recursive: true, filter: (path) => !/pycache/.test(path) });
  else console.warn("S2_REFERENCE is not set: the archive has no s2wrapper, and PyTorch is not measured.");
  if (values.graphs) cpSync(values.graphs, join(folder, "graphs"), { recursive: true });
}

function copy(path, filter = () => true) {
  cpSync(join(root, path), join(folder, path), { recursive: true, dereference: true, filter });
}

/** Symbols are an eighth of Node. */
function strip(file) {
  try {
    execFileSync("strip", [file], { stdio: "ignore" });
  } catch {
    console.warn("strip is not here: the archive is somewhat larger.");
  }
}

function sizeOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((total, name) => total + sizeOf(join(path, name)), 0);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
