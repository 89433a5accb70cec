/** Tables of a data set: CSV with commas, semicolons or tabs, or "path label" a line, into rows of path, label and split. */
import { S2Error } from "../core/index.ts";
import { type Cells, type Column, type Columns, findColumns } from "./csv-columns.ts";
import { type FindPhotos, tidy } from "./find-images.ts";
import type { Folder } from "./folder.ts";
import { splitName } from "./layout-names.ts";
import { linesOf, readText } from "./text.ts";

/** A row, and its line in the file; "" where a cell is empty. */
export type Row = Readonly<Record<Column, string>> & { readonly line: number };

/** Reads a table. @throws S2Error "data-set" for a file that is none, or where it cannot be known which column is which. */
export async function readTable(folder: Folder, path: string, needed: readonly Column[], find: FindPhotos): Promise<Row[]> {
  const name = `"${path}" of "${folder.name}"`;
  const records = await recordsOf(await readText(folder, path), name);
  const beside = path.slice(0, path.lastIndexOf("/") + 1);
  const isPhoto = (cell: string) => cell !== "" && find(cell, beside).length > 0;
  const columns = findColumns(records, needed, isPhoto, name);
  return (columns.header ? records.slice(1) : records).map((row) => rowOf(row, columns));
}

function rowOf({ cells, line }: Cells, columns: Columns): Row {
  const cell = (column: Column) => (columns[column] === undefined ? "" : (cells[columns[column]] ?? ""));
  return { path: cell("path").trim(), label: cell("label").normalize("NFC"), split: splitName(cell("split")), line };
}

async function recordsOf(text: string, name: string): Promise<Cells[]> {
  const declared = /^sep=(.)\r?\n/i.exec(text); // Excel's own first line
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
    const why = (error as Error).message;
    throw new S2Error("data-set", `${name} is no CSV (${why}). Correct it there.`, { cause: error });
  }
}

/** The separator that the first line has most of, outside of quotes; undefined where it has none. */
function delimiterOf(text: string): string | undefined {
  const first = linesOf(text).find((line) => line.trim() !== "") ?? "";
  const bare = first.replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t", "|"].map((each) => [each, bare.split(each).length - 1] as const);
  const [best, count] = counts.reduce((a, b) => (b[1] > a[1] ? b : a));
  return count > 0 ? best : undefined;
}

/** "path label" lines as Caffe and torch write them: the label is the last word, so that a path may hold spaces. */
const wordsOf = (text: string): Cells[] =>
  linesOf(text).flatMap((line, i) => {
    const [, path, label] = /^(.*\S)\s+(\S+)$/.exec(line.trim()) ?? [];
    if (line.trim() === "") return [];
    return [{ cells: path === undefined ? [line.trim()] : [path, label], line: i + 1 }];
  });

/** Returns the path as the folder lists it, below the folder of the table. */
export const besideTable = (table: string, path: string): string => tidy(table.slice(0, table.lastIndexOf("/") + 1) + path);
