/** Confusion matrices as people read them: percentages of each true class, or the largest confusions of many classes. */
import { formatTable } from "../core/index.ts";

/** Larger matrices are not printed; the largest confusions are. */
const MOST_COLUMNS = 12;
const CONFUSIONS = 20;
/** Names head the columns where the table is no wider. */
const WIDTH = 100;

type Matrix = readonly (readonly number[])[];

/** Divides each row by its sum (scikit-learn's `normalize="true"`); the row of a class that no image has is all zeros. */
export function normalizeRows(confusion: Matrix): number[][] {
  return confusion.map((counts) => {
    const sum = sumOf(counts);
    return counts.map((count) => (sum > 0 ? count / sum : 0));
  });
}

/** Describes a matrix of counts [true class, predicted class]; `unit` is what it counts: images or pixels. */
export function describeConfusion(confusion: Matrix, names: readonly string[], unit: "images" | "pixels"): string[] {
  return names.length <= MOST_COLUMNS ? describeMatrix(confusion, names, unit) : describeLargest(confusion, names, unit);
}

function describeMatrix(confusion: Matrix, names: readonly string[], unit: string): string[] {
  const rows = normalizeRows(confusion).map((row, id) => [
    ...row.map((fraction) => (fraction > 0 ? (100 * fraction).toFixed(0) : ".")),
    String(sumOf(confusion[id])),
  ]);
  const numbers = names.map((_, id) => String(id + 1));
  const named = tableOf(names, [...names, unit], rows);
  const lines =
    Math.max(...named.map(({ length }) => length)) <= WIDTH
      ? named
      : tableOf(
          names.map((name, id) => `${numbers[id].padStart(2)} ${name}`),
          [...numbers, unit],
          rows,
        );
  return [`confusion: of each true class, the ${unit} predicted as each class, in % (. is none)`, ...lines];
}

/** Formats a table with a line for each true class, its cells aligned to the right. */
function tableOf(labels: readonly string[], columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(columns[column].length, ...rows.map((cells) => cells[column].length));
  const sizes = columns.map((_, column) => width(column));
  const right = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(sizes[column]));
  return formatTable(
    ["truth \\ predicted", ...right(columns)],
    rows.map((cells, id) => [labels[id], ...right(cells)]),
  );
}

/** Describes for each true class the class that it is confused with most, the largest fractions first. */
function describeLargest(confusion: Matrix, names: readonly string[], unit: string): string[] {
  const fractions = normalizeRows(confusion);
  const largest = confusion.map((counts, truth) => {
    const wrong = counts.map((count, id) => (id === truth ? 0 : count));
    const predicted = wrong.indexOf(Math.max(...wrong));
    return { truth, predicted, count: wrong[predicted], fraction: fractions[truth][predicted], right: fractions[truth][truth] };
  });
  const errors = largest.filter(({ count }) => count > 0).sort((a, b) => b.fraction - a.fraction || b.count - a.count);
  const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
  const rows = errors
    .slice(0, CONFUSIONS)
    .map(({ truth, predicted, count, fraction, right }) => [
      ...[names[truth], percent(right), names[predicted], percent(fraction)],
      `${count} of ${sumOf(confusion[truth])}`,
    ]);
  if (rows.length === 0) return [`confusion: none; all ${unit} are right`];
  const less = errors.length - rows.length;
  return [
    `confusion: the largest of each true class, in % of its ${unit}${less > 0 ? `; ${less} classes have smaller ones` : ""}`,
    ...formatTable(["truth", "right", "predicted", "", unit], rows),
  ];
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
