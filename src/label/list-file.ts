/** The list of labels as a file: CSV of two columns, which `s2 fit --list` reads. Rows that are read are written again as they were. */
import { S2Error } from "../core/index.ts";

/** Writes rows of a path and a label or a mask, under the names of the columns. */
export function writeList(columns: readonly [string, string], rows: Iterable<readonly [string, string]>): string {
  const quoted = (cell: string) =>
    /^[\p{L}\p{N}_./-]+( [\p{L}\p{N}_./-]+)*$/u.test(cell) ? cell : `"${cell.replaceAll('"', '""')}"`;
  return `${[columns, ...rows].map((row) => row.map(quoted).join(",")).join("\n")}\n`;
}

/**
 * Reads what `writeList` wrote, or an empty file. @throws S2Error "data-set" for other columns, which writing the list again would lose.
 */
export function readList(name: string, text: string, columns: readonly [string, string]): [string, string][] {
  const advice = `Expected the columns ${columns.join(" and ")} alone, for the file is written again. Move it away, or give s2 label another --out.`;
  const [header, ...rows] = readRows(text.replace(/^\uFEFF/, ""), (line) => {
    throw new S2Error("data-set", `${name} is no list of labels (a quote out of place in line ${line}). ${advice}`);
  });
  if (header === undefined) return [];
  if (String(header.cells) !== String(columns))
    throw new S2Error("data-set", `${name} has the columns ${header.cells.map((each) => `"${each}"`).join(", ")}. ${advice}`);
  return rows.map(({ cells, line }) => {
    if (cells.length === 2) return cells as [string, string];
    throw new S2Error("data-set", `${name} is no list of labels (${cells.length} cells in line ${line}). ${advice}`);
  });
}

/** A quoted or a plain cell, and what ends it (RFC 4180; line ends of all systems). */
const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

/** Reads the rows of CSV that are not empty, each with the line in which it ends. The pages of labeling have no room for a library. */
function readRows(text: string, refuse: (line: number) => never): { cells: string[]; line: number }[] {
  const rows: { cells: string[]; line: number }[] = [];
  let cells: string[] = [];
  let line = 1;
  for (let at = 0; at < text.length || cells.length > 0; at = CELL.lastIndex) {
    CELL.lastIndex = at;
    const [found, quoted, plain, end] = CELL.exec(text) ?? refuse(line);
    line += found.match(/\r\n|\n|\r/g)?.length ?? 0;
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    if (cells.length > 1 || cells[0] !== "" || quoted !== undefined) rows.push({ cells, line: end === "" ? line : line - 1 });
    cells = [];
  }
  return rows;
}
