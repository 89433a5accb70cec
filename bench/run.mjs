/** `npm run bench`: every bench in its own process, one after the other, and a table of bars. `--only NAME` runs one; what is skipped keeps its old result. */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeReport } from "./report.mjs";
import { resultsFolder } from "./result.mjs";

const benches = [
  "core",
  "resize",
  "overhead",
  "extraction",
  "reference",
  "adaptive",
  "graphs",
  "attention",
  "related",
  "int8",
  "float16",
  "train",
  "student",
  "startup",
  "memory",
  "retrieval",
  "duplicates",
  "archive",
  "intervals",
  "web",
  "playground",
  "serve",
  "gpu",
];
const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
if (only && !benches.includes(only)) {
  console.error(`There is no bench "${only}"; expected one of ${benches.join(", ")}.`);
  process.exit(2);
}

const lines = [];
for (const name of only ? [only] : benches) {
  console.log(name);
  const { status, skipped } = await runBench(name);
  if (skipped) lines.push([name, "", "", "", `skipped: ${skipped}`]);
  else if (status !== 0) {
    lines.push([name, "", "", "", `failed with status ${status}`]);
    process.exitCode = 1;
  } else lines.push(...readFigures(name));
}
writeReport();

console.log();
const head = ["bench", "figure", "bar", "value", "met"];
const channelsPerScale = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i].length)));
for (const line of [head, ...lines])
  console.log(
    line
      .map((cell, i) => cell.padEnd(channelsPerScale[i]))
      .join("  ")
      .trimEnd(),
  );

function runBench(name) {
  return new Promise((resolve) => {
    const child = fork(new URL(`${name}.mjs`, import.meta.url), [], { stdio: "inherit" });
    let skipped;
    child.on("message", (message) => (skipped = message.skipped));
    child.on("close", (status) => resolve({ status, skipped }));
  });
}

function readFigures(name) {
  const { figures } = JSON.parse(readFileSync(join(resultsFolder, `${name}.json`), "utf8"));
  return figures.map((figure) => {
    if (figure.met === false) process.exitCode = 1;
    const met = figure.met === undefined ? "" : figure.met ? "yes" : "NO";
    return [name, figure.name, `${figure.bar ?? ""}`, `${figure.value} ${figure.unit}`, met];
  });
}
