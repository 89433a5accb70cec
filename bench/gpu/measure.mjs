/**
 * Runs the parts one after the other within a time budget and writes gpu.json after each, so that a stop loses nothing.
 * `node bench/gpu/measure.mjs OUT [--rehearse]`: OUT is a folder; a rehearsal takes a toy model and needs no card.
 */
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { python, root } from "../paths.mjs";
import { resultOf } from "../result.mjs";
import { findCard } from "./card.mjs";
import { figuresOf } from "./figures.mjs";
import { hubFolder } from "./models.mjs";
import { listParts } from "./parts.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rehearse: { type: "boolean" },
    device: { type: "string", default: "webgpu" },
    torch: { type: "string" },
    seconds: { type: "string", default: "225" },
    only: { type: "string", default: "" },
  },
});
const { rehearse: rehearsal = false, device, seconds, only } = values;
const [out = "."] = positionals;
const { card, reason } = findCard();
if (!card && !rehearsal) {
  console.error(`Nothing was measured: ${reason}.`);
  process.exit(3);
}

const here = fileURLToPath(new URL(".", import.meta.url));
const deadline = performance.now() + Number(seconds) * 1000;
const reference = process.env.S2_REFERENCE ?? (existsSync(join(root, "s2wrapper")) ? root : undefined);
const torch = values.torch ?? (card ? "cuda" : undefined);
mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "s2-gpu-"));
const log = createWriteStream(join(out, "gpu.log"));
const sizesHere = rehearsal ? ["toy"] : ["tiny", "base"];
for (const size of sizesHere) hubFolder(work, size);

const parts = {};
const setting = { work, device, torch, python, s2wrapper: reference, graphs: findGraphs(), rehearsal };
const all = listParts({ ...setting, has: (file) => existsSync(join(here, file)) });
for (const measurement of all.filter(({ name }) => name.startsWith(only))) {
  const left = (deadline - performance.now()) / 1000;
  parts[measurement.name] =
    left < 5 ? { skipped: "the time was up" } : await runPart(measurement, Math.min(measurement.seconds, left));
  writeResult();
}
rmSync(work, { recursive: true });
log.end();
for (const { name, value, unit, bar, met } of writeResult().figures)
  console.log(`${name}: ${value} ${unit}${bar === undefined ? "" : `, bar ${bar}: ${met ? "met" : "NOT met"}`}`);

/** Float32 files and their variants in the folder graphs: `NAME.VARIANT.onnx` is compared with `NAME.onnx`. */
function findGraphs() {
  const folder = join(root, "graphs");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".onnx")) : [];
  return names.sort().map((name) => {
    const reference = `${name.split(".")[0]}.onnx`;
    const compared = name !== reference && names.includes(reference);
    return { name, file: join(folder, name), ...(compared && { reference: join(folder, reference) }) };
  });
}

function runPart({ name, script, args }, limit) {
  console.log(`${name} (at most ${Math.round(limit)} s)`);
  log.write(`\n== ${name}\n`);
  const start = performance.now();
  const child = spawn(process.execPath, [join(here, script), ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const chunks = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => log.write(chunk));
  const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), limit * 1000); // its PyTorch too
  return new Promise((resolve) =>
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const found = lastLine(Buffer.concat(chunks).toString());
      const tookSeconds = Math.round((performance.now() - start) / 100) / 10;
      if (status !== 0) console.log(`  ended with ${status ?? signal}, see gpu.log`);
      resolve({ ...found, ...(status !== 0 && { ended: `${status ?? signal}` }), tookSeconds });
    }),
  );
}

/** A part prints one JSON text, or lines of JSON as it knows more: the last whole line counts. */
function lastLine(text) {
  for (const candidate of [text, ...text.split("\n").reverse()]) {
    try {
      const found = JSON.parse(candidate);
      if (found && typeof found === "object") return found;
    } catch {
      // a line that a kill cut off, or a library's message
    }
  }
}

function writeResult() {
  const { torch: torchVersion, python: pythonVersion } = Object.values(parts).find(({ versions }) => versions)?.versions ?? {};
  const versions = { torch: torchVersion, python: pythonVersion };
  const details = { card, device, ...versions, rehearsal, budgetSeconds: Number(seconds), parts };
  const result = resultOf("gpu", figuresOf(parts), details);
  writeFileSync(join(out, "gpu.json"), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}
