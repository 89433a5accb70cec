/** Writes the result of a bench: figures against their bars, as a JSON file in bench/results and as lines on the screen. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./paths.mjs";

export const resultsFolder = join(root, "bench/results");

/** The facts of the machine that a figure depends on; taken before the bench loads it. Nothing that identifies whose machine it is. */
const machine = {
  cpu: cpus()[0]?.model.trim(),
  int8: readCpuFlags().find((flag) => /^(avx512_vnni|avx_vnni)$/.test(flag)) ?? "no VNNI",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: `${platform()} ${arch()}`,
  node: process.versions.node,
  onnxruntime: versionOf("onnxruntime-node"),
  onnxruntimeWeb: versionOf("onnxruntime-web"),
  sharp: versionOf("sharp"),
  loadAverage: Number(loadavg()[0].toFixed(2)),
};

/** Reads the features of the processor on Linux; nothing elsewhere. */
function readCpuFlags() {
  try {
    return /^flags.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0].split(" ") ?? [];
  } catch {
    return [];
  }
}

/** A bench's result: its figures, met or not, and the machine. */
export function resultOf(name, figures, details = {}) {
  const checked = figures.map((figure) => (figure.bar === undefined ? figure : { ...figure, met: figure.value <= figure.bar }));
  return { name, date: new Date().toISOString().slice(0, 10), machine, figures: checked, details };
}

/**
 * Writes bench/results/NAME.json and prints it.
 * @param figures [{ name, value, unit, bar?, aim? }]: with a bar, a value above it has failed.
 */
export function finish(name, figures, details = {}) {
  const result = resultOf(name, figures, details);
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(join(resultsFolder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  for (const { name: what, value, unit, bar, met } of result.figures) {
    console.log(`  ${what}: ${value} ${unit}${bar === undefined ? "" : `, bar ${bar}: ${met ? "met" : "NOT met"}`}`);
  }
}

/** Ends a bench that cannot run here; the committed result stays. */
export function skip(reason) {
  console.log(`  skipped: ${reason}`);
  process.send?.({ skipped: reason });
  process.exit(0);
}

/** `skip` unless there is no reason. */
export function skipIf(reason) {
  if (reason) skip(reason);
}

function versionOf(name) {
  try {
    let folder = dirname(createRequire(import.meta.url).resolve(name));
    while (!folder.endsWith(`node_modules/${name}`) && dirname(folder) !== folder) folder = dirname(folder);
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}
