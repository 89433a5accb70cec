/** Tables of a data set: CSV, or "path label" lines, read into rows of path, label and split. */
import { S2Error } from "../core/index.ts";
import { isImageName } from "../images/index.ts";
import { type Folder, folderPath, linesOf, readText } from "./files.ts";
import { type FindImages, tidy } from "./find-images.ts";
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

/** A column with its cells in the inspected rows; without a header its name is "column 1", which is none of `NAMES`. */
interface TableColumn {
  readonly at: number;
  readonly name: string;
  readonly cells: readonly string[];
  /** The cells that are not empty. */
  readonly filled: readonly string[];
}

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
  const all = Array.from({ length: count }, (_, at): TableColumn => {
    const cells = rows.map((row) => row.cells[at] ?? "");
    const name = header ? (first[at] ?? "") : `column ${at + 1}`;
    return { at, name, cells, filled: cells.filter((cell) => cell !== "") };
  });
  const refuse = (column: Column, several: readonly TableColumn[]) => {
    const quoted = (columns: readonly TableColumn[]) => columns.map(({ name }) => `"${name}"`);
    const [candidates, target, others] =
      several.length > 1
        ? [`; ${quoted(several).join(" and ")} could each be the ${column}`, "the right", ", and no other"]
        : ["", "that", ""];
    return new S2Error(
      "data-set",
      `${file} has the columns ${quoted(all).join(", ")}${candidates}; expected one called ` +
        `${NAMES[column].slice(0, 4).join(" or ")}. Call ${target} column "${column}" in the first line${others}.`,
    );
  };

  const paths = pathColumns(all, isImage);
  if (paths.length !== 1) throw refuse("path", paths);
  const [path] = paths;

  const isSplit = ({ filled }: TableColumn) => filled.length > 0 && filled.every((cell) => knownSplit(cell) !== undefined);
  const isFold = ({ filled }: TableColumn) => filled.every((cell) => /^-?[\d.]+$/.test(cell)); // folds of a cross-validation
  const others = all.filter((column) => column !== path);
  const splitNamed = others.filter(({ name }) => hasName("split", name));
  const named = splitNamed.filter((column) => !isFold(column));
  const splits = named.length > 0 ? named : others.filter((column) => !hasName("label", column.name) && isSplit(column));
  const split = splits.length > 1 ? splits.filter(isSplit) : splits;
  if (split.length > 1 || (needed.includes("split") && split.length === 0)) throw refuse("split", split);

  const rest = others.filter((column) => column !== split[0] && !splitNamed.includes(column));
  const labels = needed.includes("label") ? labelColumns(rest) : [];
  if (labels.length !== 1 && needed.includes("label")) throw refuse("label", labels);
  const folds = splitNamed.find((column) => column.filled.length > 0 && isFold(column));
  return { header, path: path.at, split: split[0]?.at, label: labels[0]?.at, folds: folds?.name };
}

/** Returns true for a first line with a column's name, or without an image while the second line has one. */
function isHeader(records: readonly Cells[], isImage: (cell: string) => boolean): boolean {
  const [{ cells } = { cells: [] }, second] = records;
  if (cells.some(isImage)) return false;
  if (cells.some((cell) => (["path", "label", "split"] as const).some((column) => hasName(column, cell)))) return true;
  return second?.cells.some(isImage) ?? false;
}

/** Returns the column whose cells name images, else the only one with a suitable name, else all candidates. */
function pathColumns(all: readonly TableColumn[], isImage: (cell: string) => boolean): readonly TableColumn[] {
  // "0" may name the image 0.png or be a label, so cells with an extension decide if there are any.
  const withExtension = all.some(({ filled }) => filled.some((cell) => isImageName(cell) && isImage(cell)));
  const images = all.map(({ filled }) => filled.filter((cell) => (!withExtension || isImageName(cell)) && isImage(cell)).length);
  const best = (columns: readonly TableColumn[]) => {
    const most = Math.max(0, ...columns.map(({ at }) => images[at]));
    return most === 0 ? [] : columns.filter(({ at }) => images[at] === most);
  };
  const named = all.filter(({ name }) => hasName("path", name));
  const candidates = [best(named), best(all), named].find((columns) => columns.length > 0) ?? [];
  // "path" is preferred to "id" among columns that name images equally well.
  const order = ({ name }: TableColumn) => NAMES.path.indexOf(bareName(name));
  const [first] = candidates.filter((column) => order(column) >= 0).sort((a, b) => order(a) - order(b));
  return first ? [first] : candidates;
}

/** Returns the columns with a label's name, else those that remain without row numbers (pandas' index). */
function labelColumns(rest: readonly TableColumn[]): readonly TableColumn[] {
  const named = rest.filter(({ name }) => hasName("label", name));
  if (named.length > 1) return sameLabels(named) ? [named.find(({ cells }) => !isNumbers(cells)) ?? named[0]] : named;
  if (named.length === 1) return named;
  const left = rest.filter(({ name }) => !/^(unnamed.*|index|)$/i.test(name) && !hasName("path", name));
  return left.length > 1 ? left.filter(({ cells }) => !isIndex(cells)) : left;
}

const isNumbers = (cells: readonly string[]): boolean => cells.every((cell) => /^-?\d+$/.test(cell));

/** Returns true for 0, 1, 2 ... and 1, 2, 3 ... */
const isIndex = (cells: readonly string[]): boolean =>
  isNumbers(cells) && Number(cells[0]) <= 1 && cells.every((cell, i) => Number(cell) === Number(cells[0]) + i);

/** Returns true for an id and a name of the same classes, which correspond one to one. */
function sameLabels([{ cells: first }, ...others]: readonly TableColumn[]): boolean {
  return others.every(({ cells }) => {
    const pairs = new Set(cells.map((cell, i) => JSON.stringify([first[i], cell]))).size;
    return pairs === new Set(first).size && pairs === new Set(cells).size;
  });
}

/** Returns a path of a table as the folder lists it. */
export const besideTable = (table: string, path: string): string => tidy(folderPath(table) + path);
