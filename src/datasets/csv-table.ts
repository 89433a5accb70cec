/** Tables of a data set: CSV, or "path label" lines, read into rows of path, label and split. */
import { S2Error } from "../core/index.ts";
import { isImageName } from "../images/index.ts";
import { type FindImages, tidy } from "./find-images.ts";
import { type Folder, folderPath, linesOf, readText } from "./folder.ts";
import { knownSplit, splitName } from "./layout-names.ts";

/** Column names in lower case without other signs; messages use the first. */
const NAMES = {
  path: (
    "path file filename filepath image imagename imagefile imagepath imageid img imgname imgpath imgid photo photopath picture fname " +
    "uri id name"
  ).split(" "),
  label: (
    "label class category target labels classes classname labelname categoryname classlabel targets tag species breed y groundtruth " +
    "diagnosis classid labelid categoryid classindex"
  ).split(" "),
  split: "split set subset partition fold usage phase dataset datasplit splitname".split(" "),
} as const;

export type Column = keyof typeof NAMES;

/** A row; "" where a cell is empty. */
export type Row = Readonly<Record<Column, string>> & {
  /** Line number in the file. */
  readonly line: number;
};

interface Cells {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Indexes of the columns. `header`: the first line names them. `folds`: a column of numbers that has the name of a split column. */
type Columns = Readonly<Partial<Record<Column, number>>> & { readonly header: boolean; readonly folds?: string };

/**
 * Reads the rows of a table, and the name of a column of fold numbers, which names no split.
 * @throws S2Error "data-set" for a file that is no table, or whose columns are missing or ambiguous.
 */
export async function readTable(
  folder: Folder,
  path: string,
  needed: readonly Column[],
  find: FindImages,
): Promise<{ rows: Row[]; folds?: string }> {
  const name = `"${path}" of "${folder.name}"`;
  const records = await recordsOf(await readText(folder, path), name);
  const isImage = (cell: string) => cell !== "" && find(cell, folderPath(path)).length > 0;
  const columns = findColumns(records, needed, isImage, name);
  const rows = (columns.header ? records.slice(1) : records).map(({ cells, line }) => {
    const cell = (column: Column) => (columns[column] === undefined ? "" : (cells[columns[column]] ?? ""));
    return { path: cell("path").trim(), label: cell("label").normalize("NFC"), split: splitName(cell("split")), line };
  });
  return { rows, folds: columns.folds };
}

async function recordsOf(text: string, name: string): Promise<Cells[]> {
  const declared = /^sep=(.)\r?\n/i.exec(text); // a first line that Excel writes
  const body = declared ? text.slice(declared[0].length) : text;
  const skipped = declared ? 1 : 0;
  const delimiter = declared?.[1] ?? delimiterOf(body);
  if (delimiter === undefined) return wordsOf(body);
  const { parse } = await import("csv-parse/browser/esm/sync");
  try {
    const records = parse(body, { delimiter, trim: true, skip_empty_lines: true, relax_column_count: true, info: true });
    return (records as unknown as { record: string[]; info: { lines: number } }[])
      .filter(({ record }) => record.some((cell) => cell !== ""))
      .map(({ record, info }) => ({ cells: record, line: info.lines + skipped }));
  } catch (error) {
    throw new S2Error("data-set", `${name} is not valid CSV (${(error as Error).message}). Correct it there.`, { cause: error });
  }
}

/** Returns the most frequent separator of the first line outside of quotes, or undefined if it has none. */
function delimiterOf(text: string): string | undefined {
  const first = linesOf(text).find((line) => line.trim() !== "") ?? "";
  const bare = first.replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t", "|"].map((each) => [each, bare.split(each).length - 1] as const);
  const [best, count] = counts.reduce((a, b) => (b[1] > a[1] ? b : a));
  return count > 0 ? best : undefined;
}

/** Reads "path label" lines as Caffe and torch write them: the label is the last word, so that a path may contain spaces. */
const wordsOf = (text: string): Cells[] =>
  linesOf(text).flatMap((line, i) => {
    const [, path, label] = /^(.*\S)\s+(\S+)$/.exec(line.trim()) ?? [];
    if (line.trim() === "") return [];
    return [{ cells: path === undefined ? [line.trim()] : [path, label], line: i + 1 }];
  });

const bareName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const hasName = (column: Column, name: string): boolean => NAMES[column].includes(bareName(name));

/** Rows that are inspected to distinguish columns. */
const INSPECTED = 500;

/** Finds columns by the names in the header, else by their cells. @throws S2Error "data-set" if a needed one is missing or ambiguous. */
function findColumns(
  records: readonly Cells[],
  needed: readonly Column[],
  isImage: (cell: string) => boolean,
  file: string,
): Columns {
  const header = isHeader(records, isImage);
  if (records.length === (header ? 1 : 0))
    throw new S2Error("data-set", `${file} has no rows; expected a line of column names and one for each image.`);
  const [{ cells: first }] = records;
  const rows = (header ? records.slice(1) : records).slice(0, INSPECTED);
  const count = rows.reduce((most, { cells }) => Math.max(most, cells.length), first.length);
  const all = Array.from({ length: count }, (_, i) => i);
  const names = all.map((i) => (header ? (first[i] ?? "") : `column ${i + 1}`));
  const cellsOf = (i: number) => rows.map(({ cells }) => cells[i] ?? "");
  const filled = (i: number) => cellsOf(i).filter((cell) => cell !== "");
  const refuse = (column: Column, several: readonly number[]) => {
    const [candidates, target, others] =
      several.length > 1
        ? [`; ${several.map((i) => `"${names[i]}"`).join(" and ")} could each be the ${column}`, "the right", ", and no other"]
        : ["", "that", ""];
    return new S2Error(
      "data-set",
      `${file} has the columns ${names.map((name) => `"${name}"`).join(", ")}${candidates}; expected one called ` +
        `${NAMES[column].slice(0, 4).join(" or ")}. Call ${target} column "${column}" in the first line${others}.`,
    );
  };

  // "0" may name the image 0.png or be a label, so cells with an extension decide if there are any.
  const withExtension = all.some((i) => filled(i).some((cell) => isImageName(cell) && isImage(cell)));
  const images = (i: number) => filled(i).filter((cell) => (!withExtension || isImageName(cell)) && isImage(cell)).length;
  const path = pathColumn(all, names, header, images);
  if (typeof path !== "number") throw refuse("path", path);

  const isSplit = (i: number) => filled(i).length > 0 && filled(i).every((cell) => knownSplit(cell) !== undefined);
  const isFold = (i: number) => filled(i).every((cell) => /^-?[\d.]+$/.test(cell)); // folds of a cross-validation
  const others = all.filter((i) => i !== path);
  const splitNamed = header ? others.filter((i) => hasName("split", names[i])) : [];
  const named = splitNamed.filter((i) => !isFold(i));
  const splits = named.length > 0 ? named : others.filter((i) => !(header && hasName("label", names[i])) && isSplit(i));
  const split = splits.length > 1 ? splits.filter(isSplit) : splits;
  if (split.length > 1 || (needed.includes("split") && split.length === 0)) throw refuse("split", split);

  const rest = others.filter((i) => i !== split[0] && !splitNamed.includes(i));
  const labels = needed.includes("label") ? labelColumns(rest, names, header, cellsOf) : [];
  if (labels.length !== 1 && needed.includes("label")) throw refuse("label", labels);
  const folds = splitNamed.find((i) => filled(i).length > 0 && isFold(i));
  return {
    path,
    header,
    ...(split.length === 1 && { split: split[0] }),
    ...(labels.length === 1 && { label: labels[0] }),
    ...(folds !== undefined && { folds: names[folds] }),
  };
}

/** Returns true for a first line with a column's name, or without an image while the second line has one. */
function isHeader(records: readonly Cells[], isImage: (cell: string) => boolean): boolean {
  const [{ cells } = { cells: [] }, second] = records;
  if (cells.some(isImage)) return false;
  if (cells.some((cell) => (["path", "label", "split"] as const).some((column) => hasName(column, cell)))) return true;
  return second?.cells.some(isImage) ?? false;
}

/** Returns the column whose cells name images, else the only one with a suitable name, else all candidates. */
function pathColumn(
  all: readonly number[],
  names: readonly string[],
  header: boolean,
  images: (i: number) => number,
): number | readonly number[] {
  const named = header ? all.filter((i) => hasName("path", names[i])) : [];
  const counts = new Map(all.map((i) => [i, images(i)]));
  const best = (columns: readonly number[]) => {
    const most = Math.max(0, ...columns.map((i) => counts.get(i)!));
    return most === 0 ? [] : columns.filter((i) => counts.get(i) === most);
  };
  for (const columns of [best(named), best(all), named]) {
    if (columns.length === 1) return columns[0];
    if (columns.length > 1) return header ? byPriority(columns, names) : columns;
  }
  return [];
}

/** Prefers "path" to "id" among columns that name images equally well. */
function byPriority(columns: readonly number[], names: readonly string[]): number | readonly number[] {
  const order = (i: number) => NAMES.path.indexOf(bareName(names[i]));
  const named = columns.filter((i) => order(i) >= 0);
  return named.length === 0 ? columns : named.reduce((a, b) => (order(b) < order(a) ? b : a));
}

/** Returns the columns with a label's name, else those that remain without row numbers (pandas' index). */
function labelColumns(
  rest: readonly number[],
  names: readonly string[],
  header: boolean,
  cellsOf: (i: number) => readonly string[],
): readonly number[] {
  const named = header ? rest.filter((i) => hasName("label", names[i])) : [];
  if (named.length > 1) return sameLabels(named, cellsOf) ? [named.find((i) => !isNumbers(cellsOf(i))) ?? named[0]] : named;
  if (named.length === 1) return named;
  const left = rest.filter((i) => !(header && (/^(unnamed.*|index|)$/i.test(names[i]) || hasName("path", names[i]))));
  return left.length > 1 ? left.filter((i) => !isIndex(cellsOf(i))) : left;
}

const isNumbers = (cells: readonly string[]): boolean => cells.every((cell) => /^-?\d+$/.test(cell));

/** Returns true for 0, 1, 2 ... and 1, 2, 3 ... */
const isIndex = (cells: readonly string[]): boolean =>
  isNumbers(cells) && Number(cells[0]) <= 1 && cells.every((cell, i) => Number(cell) === Number(cells[0]) + i);

/** Returns true for an id and a name of the same classes, which correspond one to one. */
function sameLabels(columns: readonly number[], cellsOf: (i: number) => readonly string[]): boolean {
  const [first, ...others] = columns.map(cellsOf);
  return others.every((cells) => {
    const pairs = new Set(cells.map((cell, i) => JSON.stringify([first[i], cell]))).size;
    return pairs === new Set(first).size && pairs === new Set(cells).size;
  });
}

/** Returns a path of a table as the folder lists it. */
export const besideTable = (table: string, path: string): string => tidy(folderPath(table) + path);
