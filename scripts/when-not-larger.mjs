/**
 * Writes the tables of docs/when-not-larger.md from research/results/ladder.json (`npm run experiment -- ladder`): between the comments "NAME" and "/NAME".
 * `node scripts/when-not-larger.mjs`; with `--check` it only fails when a table is out of date, or when the text claims what the figures do not show.
 */
import { readFileSync, writeFileSync } from "node:fs";

const page = new URL("../docs/when-not-larger.md", import.meta.url);
const { tables } = JSON.parse(readFileSync(new URL("../research/results/ladder.json", import.meta.url), "utf8"));
const find = (title) => tables.find((table) => table.title.startsWith(title));
const gains = find("Gains");
const equalWork = find("At equal work");

/** What the text says in words: [first, second, verdict, tasks]. */
const claims = [];

const number = (value) =>
  value
    .toFixed(1)
    .replace(/^-(?=0\.0$)/, "")
    .replace("-", "−");
const signed = (value) => `${value < 0 ? "" : "+"}${number(value)}`;
const isSignificant = ({ low, high }) => low > 0 || high < 0;
const show = (cell) => (cell === null ? "–" : typeof cell === "string" ? cell : number(cell.value));
const gain = (cell) => {
  if (!cell) return "–";
  const text = `${signed(cell.value)} (${signed(cell.low)} to ${signed(cell.high)})`;
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
    .map(({ task, at }) => [task, ...comparisons.map((row) => gain(row[at]))])
    .filter(([, ...cells]) => cells.some((cell) => cell !== "–"));
  return markdown(["task", ...columns.map(([, title]) => title)], rows);
}

const [small, large] = ["MobileNet x0.25", "MobileNet x1.00"];
const blocks = {
  "equal-work": markdown(
    equalWork.columns.slice(0, 4),
    equalWork.rows.map(([task, a, b, difference]) => [task, show(a), show(b), gain(difference)]),
  ),
  sizes: gainsOf([
    [`${small}, 1x+2x+3x against ${small}, best size`, "x0.25: S² against its best size"],
    [`${large}, 1x+2x+3x against ${large}, best size`, "x1.00: S² against its best size"],
    [`${large}, 1x+2x+3x against ${large}, 1x`, "x1.00: S² against 1x"],
    [`${small}, 1x+2x+3x against ${large}, 1x+2x+3x`, "x0.25 with S² against x1.00 with S²"],
  ]),
  budgets: asIs("The best of the MobileNet family within a budget"),
  times: asIs("The best of the MobileNet family within a time"),
  parts: partsOfTime(),
};

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
    rows.map((row) => row.map(show)),
  );
}

/** Returns how a comparison came out on a task. */
function verdictOn(name, task) {
  const cell = gains.rows.find(([each]) => each === name)?.[gains.columns.indexOf(task)];
  if (!cell) return "not measured";
  if (!isSignificant(cell)) return "equal";
  return cell.value > 0 ? "better" : "worse";
}

const wrong = claims.flatMap(([a, b, verdict, tasks]) =>
  tasks
    .map((task) => ({ task, found: verdictOn(`${a} against ${b}`, task) }))
    .filter(({ found }) => found !== verdict)
    .map(({ task, found }) => `${a} against ${b} on ${task}: the text says ${verdict}, the figures say ${found}.`),
);
const text = readFileSync(page, "utf8");
let written = text;
for (const [name, table] of Object.entries(blocks))
  written = written.replace(
    new RegExp(`(<!-- ${name}[^>]*-->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`),
    (_, before, after) => before + table + after,
  );
for (const sentence of wrong) console.error(sentence);
if (wrong.length > 0) process.exitCode = 1;
if (!process.argv.includes("--check")) writeFileSync(page, written);
else if (written !== text) {
  console.error(
    "docs/when-not-larger.md has other figures than research/results/ladder.json: run `node scripts/when-not-larger.mjs` and commit what it writes.",
  );
  process.exitCode = 1;
}
