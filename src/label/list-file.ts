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
export async function readList(name: string, text: string, columns: readonly [string, string]): Promise<[string, string][]> {
  const { parse } = await import("csv-parse/browser/esm/sync");
  const advice = `Expected the columns ${columns.join(" and ")} alone, for the file is written again. Give another --out, or move it away.`;
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new S2Error("data-set", `${name} is no list of labels (${(cause as Error).message}). ${advice}`, { cause });
  }
  if (rows.length === 0) return [];
  const [header, ...rest] = rows;
  if (String(header) !== String(columns))
    throw new S2Error("data-set", `${name} has the columns ${header.map((each) => `"${each}"`).join(", ")}. ${advice}`);
  return rest as [string, string][];
}
