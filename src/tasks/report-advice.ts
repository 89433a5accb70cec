/** `reportAdvice`: the advice on a data set as people and programs read it. */
import { formatTable } from "../core/index.ts";
import type { DataSet, Task } from "../datasets/index.ts";
import { interval } from "../metrics/index.ts";
import { type Candidate, gain, listCandidates } from "./advice.ts";
import type { DataSetAdvice } from "./advise.ts";
import { countsInWords } from "./describe-heads.ts";
import { formatAmount, formatDifference, formatFigure, formatValue } from "./format-figures.ts";
import type { TaskSplits } from "./splits.ts";

/** Reports advice: fields for JSON, and lines with a table of the candidates. */
export function reportAdvice(set: DataSet, splits: TaskSplits<Task>, { candidates, failed, head, ...advice }: DataSetAdvice) {
  const rows = listCandidates(candidates);
  const test = rows[0].figure.score.images.length;
  const unused = failed.length + set.issues.filter(({ used }) => !used).length;
  const images = { train: splits.train.length, validation: splits.validation.length, test, failed: unused };
  const fields = { set: set.name, task: set.task, head, images, candidates: rows.map((one) => candidateFields(one, rows[0])) };
  const heading = `${set.name}: ${countsInWords(images)}; ${head}`;
  const { name, unit, better } = rows[0].figure;
  const figure = { name, better, ...formatsOf(unit) };
  return {
    fields: { ...fields, ...advice },
    heading,
    figure,
    lines: [heading, ...describeCandidates(rows), "", ...advice.sentences],
  };
}

/** Formats of values and of gains, with their units. */
const formatsOf = (unit: Candidate["figure"]["unit"]) => ({
  value: (value: number) => formatValue(value, unit),
  gain: (value: number) => formatAmount(value, unit),
});

/** Returns a candidate for JSON: its figure with its interval, its gain over one scale, its cost. */
function candidateFields(one: Candidate, single: Candidate) {
  const { score, ...figure } = one.figure;
  return {
    candidate: one.name,
    ...figure,
    ...interval(score),
    gain: one === single ? undefined : gain(one, single),
    cost: one.cost,
  };
}

/** Describes candidates in a table; the first has one scale. */
function describeCandidates(rows: readonly Candidate[]): string[] {
  const [single] = rows;
  const lines = rows.map((one) => {
    const { score, unit, better } = one.figure;
    const gained = one === single ? "" : formatDifference({ unit, ...gain(one, single) });
    const { tiles, milliseconds, megabytes } = one.cost;
    return [
      one.name,
      formatFigure({ unit, ...interval(score) }),
      better === "lower" && gained ? `${gained} less` : gained,
      ...[String(tiles), milliseconds.toFixed(0), megabytes.toFixed(2)],
    ];
  });
  return formatTable(["", single.figure.name, `better than ${single.name} by`, "tiles", "ms an image", "MB an image"], lines);
}
