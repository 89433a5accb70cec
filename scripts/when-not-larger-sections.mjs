/** Sections of docs/when-not-larger.md on capacity, hard samples and pre-training, each made from its experiment's figures and left out until they are there. */
import { existsSync, readFileSync } from "node:fs";

/** Formats of the page: `figures(cell, digits)`, `gain(cell, digits)` and `markdown(columns, rows)`. */
export function sectionsOf(folder, formats) {
  const sections = [
    ["capacity", capacity],
    ["hard-samples", hardSamples],
    ["pretraining", pretraining],
  ].flatMap(([name, write]) => {
    const result = read(folder, name);
    return result ? [write(result, formats)] : [];
  });
  return sections.filter((section) => section !== "").join("\n\n");
}

/** Reads a finished result. */
function read(folder, name) {
  const file = new URL(`${name}.json`, folder);
  if (!existsSync(file)) return undefined;
  const result = JSON.parse(readFileSync(file, "utf8"));
  return result.method[0].startsWith("**Not finished") ? undefined : result;
}

const bullets = (lines) => lines.map((line) => `- ${line}`).join("\n");

/** Takes some columns of the rows that `keep` returns true for. */
function columnsOf({ columns, rows }, names, keep, show) {
  const at = names.map((name) => columns.indexOf(name));
  if (at.includes(-1)) throw new Error(`A table has no column ${names[at.indexOf(-1)]}; it has ${columns.join(", ")}.`);
  const get = (row) => (name) => row[columns.indexOf(name)];
  return rows.filter((row) => keep(get(row))).map((row) => at.map((i) => show(row[i], columns[i])));
}

function capacity({ tables, findings }, { figure, gain, markdown }) {
  const gains = tables.find(({ title }) => title.startsWith("Information on test photos"));
  const losses = tables.find(({ title }) => title.startsWith("Cross-entropy"));
  const show = (cell, column) => (column.includes(" − ") ? gain(cell, 3) : figure(cell, 3));
  const added = ["1x+2x+3x − 1x", "1x+2x+3x − 3 views at 1x", "1x+2x+3x − 1x and random features, 3 times as wide"];
  const columns = ["features of", "from", "stage", ...added];
  const kept = ["1x", "1x+2x+3x", "3 views at 1x"];
  const lossColumns = ["model", "features", "channels", "shuffled labels", "labels"];
  return [
    "## Does the small model with S² hold what the larger one holds?",
    "The paper maps S² features of a small model linearly to those of a larger one, and finds most of them there. S² features are wider, and width alone helps such a " +
      "map: the controls are views of the same photo at one scale, moved by half a token, and random features, both as wide as S². Information is in bits, on test photos.",
    markdown(
      columns,
      columnsOf(gains, columns, () => true, show),
    ),
    bullets(findings.filter((sentence) => !/^(Shuffled labels|Labels):/.test(sentence))),
    ...(losses
      ? [
          "The paper's second measure is how well a linear classifier fits its training photos, with the labels and with labels that are shuffled. " +
            "A map of as many channels as photos fits any labels, so that this says most where channels are few. Cross-entropy:",
          markdown(
            lossColumns,
            columnsOf(losses, lossColumns, (get) => kept.includes(get("features")), show),
          ),
        ]
      : []),
    "[All figures](../research/results/capacity.md).",
  ].join("\n\n");
}

function hardSamples({ tables, findings }, { figure, gain, markdown }) {
  const rescues = tables.filter(({ title }) => title.includes("test samples that only the larger model has right"));
  if (rescues.length === 0) return "";
  const columns = ["models", "kind", "samples", "1x+2x+3x", "3 views at 1x", "1x+2x+3x − 3 views at 1x"];
  const show = (cell, column) => (column.includes(" − ") ? gain(cell, 1) : figure(cell, 1));
  const rows = rescues.flatMap((table) => {
    const set = table.title.split(":")[0];
    return columnsOf(table, columns, () => true, show).map((cells) => [set, ...cells]);
  });
  const errors = tables.find(({ title }) => title.startsWith("Errors on photos that a model of another family has wrong"));
  const errorColumns = ["set", "features", "training error", "test error", "test error − that of the larger model"];
  return [
    "## Hard samples",
    "What does only the larger model get right, and how much of that does the small one get right with S²? Other features of the small model get some right as well, since " +
      "a part was wrong by chance: the views are the measure. Percent of the test samples that the larger model has right and the small one at 1x wrong, by kind:",
    markdown(["set", ...columns], rows),
    bullets(findings.filter((sentence) => sentence.includes("test samples that"))),
    ...(errors
      ? [
          "Do larger models generalize better on hard photos? These are photos that a model of another family gets wrong, so that neither model of a pair has chosen them:",
          markdown(
            errorColumns,
            columnsOf(
              errors,
              errorColumns,
              () => true,
              (cell, column) => (column.includes(" − ") ? gain(cell, 1) : figure(cell, 1)),
            ),
          ),
          bullets(findings.filter((sentence) => sentence.includes("photos that are hard for"))),
        ]
      : []),
    "[All figures](../research/results/hard-samples.md).",
  ].join("\n\n");
}

function pretraining({ tables, findings }, { figure, gain, markdown }) {
  const sizes = tables.filter(({ title }) => title.startsWith("Students of"));
  const columns = ["set", "tested at", "trained on tiles", "trained with S²", "difference", "difference of each seed"];
  const show = (cell, column) => (column === "difference" ? gain(cell, 2) : figure(cell, 2));
  return [
    "## Training with S² in the loop",
    "The paper trains models with S² and finds them better than those that get it afterwards. Students of equal budget, from the same first weights, three seeds each, by a " +
      "protocol that was fixed before the first run:",
    ...sizes.flatMap((table) => [
      `${table.title}.`,
      markdown(
        columns,
        columnsOf(table, columns, () => true, show),
      ),
    ]),
    bullets(findings),
    "[All figures](../research/results/pretraining.md).",
  ].join("\n\n");
}
