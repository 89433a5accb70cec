/** A CSV file of a data set: rows by the names of its columns, which may have one of several names. */
import { S2Error } from "../core/index.ts";
import { readBytes } from "./flaw.ts";
import type { Folder } from "./folder.ts";
import { splitName } from "./place.ts";

/** Accepted names of a column, the first being what messages call it. */
const COLUMNS = {
  path: ["path", "file", "filename", "file_name", "image"],
  label: ["label", "class", "category"],
  split: ["split", "set", "subset"],
} as const;

export type Column = keyof typeof COLUMNS;

/** A row, and its line in the file; "" where a cell is empty. */
export type Row = Readonly<Record<Column, string>> & { readonly line: number };

/** Rows of a CSV with a header. @throws S2Error "data-set" for a file that is no CSV or lacks a needed column. */
export async function readCsv(folder: Folder, path: string, needed: readonly Column[]): Promise<Row[]> {
  const text = new TextDecoder().decode(await readBytes(folder, path)); // which takes a byte order mark off
  const { parse } = await import("csv-parse/browser/esm/sync");
  let records: { record: Record<string, string>; info: { lines: number } }[];
  try {
    records = parse(text, {
      columns: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
    });
  } catch (error) {
    throw new S2Error("data-set", `"${path}" of "${folder.name}" is no CSV (${(error as Error).message}). Correct it there.`, {
      cause: error,
    });
  }
  if (records.length === 0)
    throw new S2Error(
      "data-set",
      `"${path}" of "${folder.name}" has no rows; expected a line of column names and one for each photo.`,
    );
  const header = Object.keys(records[0].record);
  const named = (column: Column) => header.find((name) => (COLUMNS[column] as readonly string[]).includes(name.toLowerCase()));
  for (const column of needed) {
    if (named(column) !== undefined) continue;
    throw new S2Error(
      "data-set",
      `"${path}" of "${folder.name}" has the columns "${header.join('", "')}"; expected one called ${COLUMNS[column].join(" or ")}. ` +
        "The first line must name the columns.",
    );
  }
  const cell = (record: Record<string, string>, column: Column) => record[named(column) ?? ""] ?? "";
  return records.map(({ record, info }) => ({
    path: tidy(cell(record, "path")),
    label: cell(record, "label"),
    split: splitName(cell(record, "split")),
    line: info.lines,
  }));
}

/** As `Folder` lists paths. */
export const tidy = (path: string): string => path.replaceAll("\\", "/").replace(/^\.\//, "");
