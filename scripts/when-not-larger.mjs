/**
 * Writes the tables of docs/when-not-larger.md, and of README.md those that it shares, from research/results/ladder.json (`npm run experiment -- ladder`),
 * and sections from the results of further experiments: between the comments "NAME" and "/NAME".
 * `node scripts/when-not-larger.mjs`; with `--check` it only fails when a table is out of date, or when the text claims what the figures do not show.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { sectionsOf } from "./when-not-larger-sections.mjs";

const results = new URL("../research/results/", import.meta.url);
const pages = ["docs/when-not-larger.md", "README.md"];
const { tables, method } = JSON.parse(readFileSync(new URL("ladder.json", results), "utf8"));
const find = (title) => tables.find((table) => table.title.startsWith(title));
const gains = find("Gains");
const equalWork = find("At equal work");

const [small, half, large] = ["MobileNet x0.25", "MobileNet x0.50", "MobileNet x1.00"];

/** Claims of the text about the table of gains: [comparison, verdict, tasks]. */
const claims = [
  [`${small}, 1x+2x+3x against ${large}, 1x`, "better", ["camvid", "coco128", "pcb"]],
  [`${small}, 1x+2x+3x against ${large}, 1x`, "equal", ["osd", "bccd"]],
  [`${small}, 1x+2x+3x against ${large}, 1x`, "worse", ["clothing", "grocery"]],
  [`${small}, 1x+2x+3x against ${small}, 1x`, "equal", ["clothing"]],
  [`${small}, 1x+2x+3x against ${small}, 1x`, "better", ["grocery"]],
  [`${large}, 1x+2x+3x against ${large}, 1x`, "equal", ["clothing"]],
  [`${large}, 1x+2x+3x against ${large}, 1x`, "worse", ["bccd"]],
  [`${small}, 1x+2x+3x, fine grid against ${large}, 1x`, "better", ["camvid", "coco128", "osd"]],
  [`${small}, 1x+2x+3x, principal against ${small}, 1x`, "better", ["camvid", "coco128", "osd"]],
  [`${small}, 1x+2x+3x against ${small}, best size`, "better", ["camvid", "coco128"]],
  [`${large}, 1x+2x+3x against ${large}, best size`, "equal", ["camvid", "coco128"]],
  [`${large}, 1x+2x+3x against ${large}, best size`, "better", ["osd"]],
  [`${large}, 1x+2x+3x against ${large}, 1x`, "better", ["camvid", "coco128", "osd", "pcb", "grocery"]],
  [`${small}, 1x+2x+3x against ${large}, 1x+2x+3x`, "worse", ["camvid", "osd", "clothing", "grocery"]],
  [`${small}, 1x+2x against ${half}, 1x`, "better", ["camvid", "pcb", "grocery"]],
  [`${small}, 1x+2x against ${half}, 1x`, "worse", ["clothing"]],
  [`${half}, 1x+2x against ${large}, 1x`, "better", ["camvid", "coco128"]],
  [`${half}, 1x+2x against ${large}, 1x`, "worse", ["grocery"]],
  ["s2-tiny, 1x+2x against DeiT-Tiny, 1x", "better", ["camvid", "coco128", "osd"]],
];

/** Claims of the text about the best choice within a budget: [table, task, budget, model]. */
const choices = [
  ["The best of the MobileNet family within a budget", "camvid", "600 M", "x0.25, 1x+2x+3x"],
  ["The best of the MobileNet family within a time", "camvid", "100 ms", "x1.00"],
];

/** Counts are off by about one; the other figures are in percent. */
const digitsOf = (task) => (task.startsWith("bccd") ? 2 : 1);
const number = (value, digits) =>
  value
    .toFixed(digits)
    .replace(/^-(?=[0.]+$)/, "")
    .replace("-", "−");
const signed = (value, digits) => `${value < 0 ? "" : "+"}${number(value, digits)}`;
const isSignificant = ({ low, high }) => low > 0 || high < 0;
const show = (cell, digits) => (typeof cell === "string" ? cell : cell === null ? "–" : number(cell.value, digits));
const gain = (cell, digits) => {
  if (!cell) return "–";
  const text = `${signed(cell.value, digits)} (${signed(cell.low, digits)} to ${signed(cell.high, digits)})`;
  return isSignificant(cell) ? `**${text}**` : text;
};
const markdown = (columns, rows) =>
  [columns, columns.map((_, i) => (i === 0 ? "---" : "---:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** Gains of some comparisons, a row for each task. */
function gainsOf(columns) {
  const tasks = gains.columns.slice(1).map((task, i) => ({ task, at: i + 1 }));
  const comparisons = columns.map(([name]) => {
    const found = gains.rows.find(([each]) => each === name);
    if (!found) throw new Error(`research/results/ladder.json has no comparison "${name}".`);
    return found;
  });
  const rows = tasks
    .map(({ task, at }) => [task, ...comparisons.map((row) => gain(row[at], digitsOf(task)))])
    .filter(([, ...cells]) => cells.some((cell) => cell !== "–"));
  return markdown(["task", ...columns.map(([, title]) => title)], rows);
}

const blocks = {
  state: stateOfRun(),
  "equal-work": markdown(
    equalWork.columns.slice(0, 4),
    equalWork.rows.map(([task, a, b, difference]) => [
      task,
      show(a, digitsOf(task)),
      show(b, digitsOf(task)),
      gain(difference, digitsOf(task)),
    ]),
  ),
  sizes: gainsOf([
    [`${small}, 1x+2x+3x against ${small}, best size`, "x0.25: S² against its best size"],
    [`${large}, 1x+2x+3x against ${large}, best size`, "x1.00: S² against its best size"],
    [`${large}, 1x+2x+3x against ${large}, 1x`, "x1.00: S² against 1x"],
    [`${small}, 1x+2x+3x against ${large}, 1x+2x+3x`, "x0.25 with S² against x1.00 with S²"],
  ]),
  steps: gainsOf([
    [`${small}, 1x+2x against ${half}, 1x`, "x0.25 at 1x+2x against x0.50 at 1x"],
    [`${half}, 1x+2x against ${large}, 1x`, "x0.50 at 1x+2x against x1.00 at 1x"],
    ["s2-tiny, 1x+2x against DeiT-Tiny, 1x", "s2-tiny at 1x+2x against DeiT-Tiny at 1x"],
  ]),
  budgets: asIs("The best of the MobileNet family within a budget"),
  times: asIs("The best of the MobileNet family within a time"),
  parts: partsOfTime(),
  experiments: sectionsOf(results, { figure: withInterval, gain, markdown }),
};

/** Formats a cell with its interval. */
function withInterval(cell, digits) {
  if (typeof cell !== "object" || cell === null) return show(cell, digits);
  return `${number(cell.value, digits)} (${number(cell.low, digits)} to ${number(cell.high, digits)})`;
}

/** Says which models have run on which data sets. */
function stateOfRun() {
  const first = tables.findIndex(({ columns }) => columns[0] === "model");
  const done = tables
    .slice(first)
    .map(({ title, rows }) => `${title} (${[...new Set(rows.map(([model]) => model))].join(", ")})`);
  const isUnfinished = method[0].startsWith("**Not finished");
  return `${isUnfinished ? "The run is not finished. Models so far" : "Models"}: ${done.join("; ")}.`;
}

/** Says what an image costs the two models at equal work, and which part of it is not the model's. */
function partsOfTime() {
  const { columns, rows } = find("camvid");
  const [all, without] = ["time, ms", "without the model, ms"].map((column) => columns.indexOf(column));
  const of = (model, features) => {
    const row = rows.find(([name, other]) => name === model && String(other).replace(" (best size)", "") === features);
    return `${model} at ${features} takes ${row[all]} ms an image, ${row[without]} ms of it without the model`;
  };
  return `${of(small, "1x+2x+3x")}; ${of(large, "1x")}.`;
}

function asIs(title) {
  const { columns, rows } = find(title);
  return markdown(
    columns,
    rows.map((row) => row.map((cell) => show(cell))),
  );
}

/** Returns how a comparison came out on a task. */
function verdictOn(name, task) {
  const cell = gains.rows.find(([each]) => each === name)?.[gains.columns.indexOf(task)];
  if (!cell) return "not measured";
  if (!isSignificant(cell)) return "equal";
  return cell.value > 0 ? "better" : "worse";
}

const wrong = [
  ...claims.flatMap(([comparison, verdict, tasks]) =>
    tasks
      .map((task) => ({ task, found: verdictOn(comparison, task) }))
      .filter(({ found }) => found !== verdict)
      .map(({ task, found }) => `${comparison} on ${task}: the text says ${verdict}, the figures say ${found}.`),
  ),
  ...choices.flatMap(([title, task, budget, choice]) => {
    const { columns, rows } = find(title);
    const found = rows.find(([name]) => name.startsWith(`${task}:`))?.[columns.indexOf(budget)];
    return found?.startsWith(choice) ? [] : [`${title}, ${task}, ${budget}: the text says ${choice}, the figures say ${found}.`];
  }),
];
for (const sentence of wrong) console.error(sentence);
if (wrong.length > 0) process.exitCode = 1;
for (const page of pages) {
  const path = new URL(`../${page}`, import.meta.url);
  const text = readFileSync(path, "utf8");
  let written = text;
  for (const [name, table] of Object.entries(blocks))
    written = written.replace(
      new RegExp(`(<!-- ${name}[^>]*-->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`),
      (_, before, after) => before + table + after,
    );
  if (!process.argv.includes("--check")) writeFileSync(path, written);
  else if (written !== text) {
    console.error(
      `${page} has other figures than research/results: run \`node scripts/when-not-larger.mjs\` and commit what it writes.`,
    );
    process.exitCode = 1;
  }
}
