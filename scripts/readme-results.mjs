/**
 * Writes the tables of results in README.md from research/results/*.json (`npm run experiment`), between the comments "results" and "/results", "bundled"
 * and "/bundled". `node scripts/readme-results.mjs`; with `--check` it only fails when a table is out of date.
 */
import { readFileSync, writeFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** A row: the result's file, its table, the metric's column, and how the row is named. Small is better for errors. */
const rows = [
  ["segmentation", "camvid", "mIoU, %", "Segmentation of streets (CamVid), mIoU"],
  ["segmentation", "coco128", "mIoU, %", "Segmentation of COCO images, mIoU"],
  [
    "depth",
    "osd, pixels of objects",
    "AbsRel of objects, %",
    "Depth of objects on tables (OSD), absolute relative error, lower is better",
  ],
  ["detail", "pcb", "presence mAP, %", "Which defects a circuit board has (PCB), mAP"],
  ["detail", "coco128", "presence mAP, %", "Which objects an image has (COCO), mAP"],
  ["classification", "Head: logistic", "top-1, %", "Classification of clothes, top-1, logistic regression"],
  ["depth", "rooms, each place left out in turn", "AbsRel, %", "Depth of unseen rooms, absolute relative error, lower is better"],
];

const number = (value) => value.toFixed(1);
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

const lines = rows.map(([file, title, metric, name]) => {
  const { tables } = JSON.parse(read(`research/results/${file}.json`));
  const { columns, rows } = tables.find((table) => table.title === title);
  const column = columns.indexOf(metric);
  const [single, multi] = ["1x", "1x+2x+3x"].map((features) => rows.find(([first]) => first === features));
  const { value, low, high } = multi.at(-1);
  const significant = low > 0 || high < 0;
  const difference = `${signed(value)} (${signed(low)} to ${signed(high)})`;
  return `| ${name} | ${number(single[column].value)} | ${number(multi[column].value)} | ${significant ? `**${difference}**` : difference} |`;
});
const table = [
  "| task | one scale | scales 1, 2, 3 | difference (95 % interval) |",
  "| --- | ---: | ---: | ---: |",
  ...lines,
].join("\n");

/** The bundled model beside its teacher, at their costs. */
const [{ columns, rows: measured }] = JSON.parse(read("research/results/bundled.json")).tables;
const shownColumns = [
  ["tiles", "tiles"],
  ["million multiply-adds", "million multiply-adds"],
  ["ms", "ms"],
  ["camvid mIoU", "streets (CamVid), mIoU"],
  ["logistic top-1", "clothes, top-1, logistic regression"],
];
const names = { deit_tiny_patch16_224: "DeiT-Tiny", "s2-tiny": "s2-tiny" };
const cell = (value) =>
  typeof value === "string" ? value : `${number(value.value)} (${number(value.low)} to ${number(value.high)})`;
const bundled = [
  `| model, scales | ${shownColumns.map(([, name]) => name).join(" | ")} |`,
  `| --- | ${shownColumns.map(() => "---:").join(" | ")} |`,
  ...measured.map((row) => {
    const [model, scales] = row[0].split(" ");
    const cells = shownColumns.map(([column]) => cell(row[columns.indexOf(column)]));
    return `| ${[`${names[model]} at ${scales.replaceAll("x+", ", ").replace("x", "")}`, ...cells].join(" | ")} |`;
  }),
].join("\n");

const readme = read("README.md");
const between = (text, name, content) =>
  text.replace(new RegExp(`(<!-- ${name}[^>]*-->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`), `$1${content}$2`);
const written = between(between(readme, "results", table), "bundled", bundled);
if (!process.argv.includes("--check")) writeFileSync(new URL("../README.md", import.meta.url), written);
else if (written !== readme) {
  console.error(
    "README.md has other figures than research/results: run `node scripts/readme-results.mjs` and commit what it writes.",
  );
  process.exit(1);
}
