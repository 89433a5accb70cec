/** The tables of docs/performance.md and docs/browser.md, from bench/results/*.json into docs between marker comments. `--check` only says whether they are up to date. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./paths.mjs";
import { resultsFolder } from "./result.mjs";

const pages = ["docs/performance.md", "docs/retrieval.md", "docs/browser.md", "docs/training.md", "docs/playground.md"];

/** Writes the tables; `check`: throws instead when that would change a page. */
export function writeReport({ check = false } = {}) {
  for (const name of pages) {
    const page = join(root, name);
    const before = readFileSync(page, "utf8");
    const after = before.replace(
      /(<!-- bench:(\w+) -->\n)[\s\S]*?(<!-- \/bench -->)/g,
      (_, open, bench, close) => `${open}${section(bench)}${close}`,
    );
    if (after === before) continue;
    if (check) throw new Error(`${name} does not say what bench/results says; run node bench/report.mjs.`);
    writeFileSync(page, after);
  }
}

function section(name) {
  if (name === "bars")
    return bars(["core", "resize", "overhead", "extraction", "reference", "adaptive", "graphs", "startup", "memory"]);
  const result = read(name);
  if (["web", "train", "student", "playground", "gpu", "related"].includes(name) && result)
    return `${figures(result)}${provenance(result)}`;
  if (name === "duplicates" && result) return `${figures(result)}${ofCopies(result)}${provenance(result)}`;
  if (name === "adaptive" && result) return `${figures(result)}${ofVariants(result)}${provenance(result)}`;
  return result ? `${ofTimes(result)}${ofMemory(result)}${ofRecall(result)}${provenance(result)}` : "_Not measured yet._\n";
}

function bars(names) {
  const figures = names.flatMap((name) => read(name)?.figures ?? []).filter(({ bar }) => bar !== undefined);
  return table(
    ["what", "measured", "bar", "met"],
    figures.map(({ name, value, unit, bar, met }) => [
      name,
      `${value} ${unit}`,
      `at most ${bar} ${unit}`,
      met ? "yes" : "**no**",
    ]),
  );
}

function figures({ figures: all }) {
  return table(
    ["what", "measured"],
    all.map(({ name, value, unit }) => [name, `${value} ${unit}`.trim()]),
  );
}

function ofTimes({ details }) {
  if (!details.ms) return "";
  return table(
    ["what", "median ms", "quartiles"],
    Object.entries(details.ms).map(([what, { median, lower, upper }]) => [what, `${median}`, `${lower} to ${upper}`]),
  );
}

function ofMemory({ details }) {
  const images = details.imagesInARow?.images;
  if (!images) return "";
  const { loaded } = details.imagesInARow;
  const shown = [1, 2, 5, 10, 20, 30, 40, 50].filter((n) => n <= images.length).map((n) => ({ n, ...images[n - 1] }));
  return table(
    ["image", "peak, MB", "over the loaded model", "after it", "seconds"],
    shown.map(({ n, peak, after, seconds }) => [`${n}`, `${peak}`, (peak - loaded).toFixed(1), `${after}`, `${seconds}`]),
  );
}

function ofRecall({ details }) {
  if (!details.recall) return "";
  return table(
    [
      "search",
      "recall@10 lost, images",
      "recall@10 lost, regions",
      "MB",
      "seconds to build",
      "ms a search, images",
      "ms a search, regions",
    ],
    Object.entries(details.recall).map(([what, { lost, megabytes, seconds, ms }]) => [
      ...[what, `${lost.images} %`, `${lost.regions} %`],
      ...[megabytes, seconds, ms.images, ms.regions].map(String),
    ]),
  );
}

/** Formats the fraction of copies that are found, for each edit. */
function ofCopies({ details: { test } }) {
  const rows = Object.entries(test.recallByEdit).map(([edit, recall]) => [edit, `${(100 * recall).toFixed(1)} %`]);
  return table(["copy", "found"], rows);
}

/** Formats, for each image, what each variant took of the authors' time, and its tiles. */
function ofVariants({ details: { images, overImages } }) {
  const variants = Object.keys(overImages);
  const rows = Object.entries(images).map(([name, { tiles, ms, ratios: each }]) => [
    name,
    `${ms.theirs}`,
    ...variants.map((variant) => `${each[variant].wall} (CPU ${each[variant].cpu}), ${tiles[variant]} tiles`),
  ]);
  const last = variants.map((variant) => `${overImages[variant].wall} (CPU ${overImages[variant].cpu})`);
  return table(["image", "the authors' code, ms", ...variants], [...rows, ["median", "", ...last]]);
}

/** Formats the machine, and each ratio with its spread over the rounds. */
function provenance({ date, machine, details }) {
  const how = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}`,
    `Node ${machine.node}, onnxruntime-node ${machine.onnxruntime}${machine.sharp ? `, sharp ${machine.sharp}` : ""}`,
    details.card && `${details.card.name}, driver ${details.card.driver}`,
    details.torch && `torch ${details.torch}, Python ${details.python}`,
    details.pillow && `Pillow ${details.pillow}`,
    details.chromium && `onnxruntime-web ${machine.onnxruntimeWeb}, Chromium ${details.chromium}`,
    details.lancedb && `LanceDB ${details.lancedb}`,
    `load average ${machine.loadAverage} at the start`,
    (details.rounds ?? details.runs) && `${details.rounds ?? details.runs} rounds`,
    details.rawBatch && `raw runs of ${details.rawBatch} tiles`,
  ];
  return `${ratios(details)}_${date}: ${how.filter(Boolean).join("; ")}._\n`;
}

function ratios(details) {
  const named = {
    ...details.ratios,
    "ours / theirs": details.against,
    "ours on torch's file / theirs": details.againstOnTorchsFile,
    "s2 / raw": details.againstRaw,
    "s2 / raw in s2's own batches": details.againstRawInS2Batches,
    "s2 / raw with the memory arena": details.againstRawWithArena,
  };
  const rows = Object.entries(named).filter(([, ratio]) => ratio);
  if (rows.length === 0) return "";
  return table(
    ["ratio", "of median times", "of median CPU times", "quartiles of the rounds' ratios"],
    rows.map(([what, { wall, cpu, rounds }]) => [what, `${wall}`, `${cpu}`, `${rounds.lower} to ${rounds.upper}`]),
  );
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return `${line(head)}${line(head.map(() => "---"))}${rows.map(line).join("")}\n`;
}

function read(name) {
  const file = join(resultsFolder, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    writeReport({ check: process.argv.includes("--check") });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
