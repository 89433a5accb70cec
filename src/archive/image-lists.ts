/** Lists of images: a column of paths or addresses in a CSV or Parquet file. */
import { dirname, isAbsolute, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { openSource } from "./open-store.ts";

/** Names of the column, in lower case without other signs. */
const NAMES = "path image file filename filepath imagepath imagefile filename url uri key".split(" ");

const bare = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Reads the paths of a CSV file: of the column called path, image, file ..., or of the only one. Relative paths start at the list's folder. */
export async function readCsvList(path: string): Promise<string[]> {
  const { parse } = await import("csv-parse/browser/esm/sync");
  const text = Buffer.from(await readAll(path)).toString("utf8");
  const delimiter = /\.tsv$/i.test(path) ? "\t" : [",", ";", "\t"].find((each) => text.split("\n", 1)[0].includes(each));
  const options = { bom: true, skip_empty_lines: true, relax_column_count: true, relax_quotes: true, trim: true };
  const rows = parse(text, { ...options, delimiter: delimiter ?? "\u0000" }) as string[][];
  const [first = []] = rows;
  const at = NAMES.map((name) => first.findIndex((cell) => bare(cell) === name)).find((i) => i >= 0);
  if (at === undefined && first.length > 1) throw noColumn(path, first);
  const cells = rows.slice(at === undefined ? 0 : 1).map((row) => row[at ?? 0] ?? "");
  return located(path, cells);
}

/** Reads the paths of a Parquet file in the same way. @throws S2Error "data-file" without hyparquet. */
export async function readParquetList(path: string): Promise<string[]> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema, compressors } = await loadParquet();
  const opened = await openSource(path);
  try {
    const file = asBuffer(opened);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    const column = NAMES.map((name) => columns.find((each) => bare(each) === name)).find((each) => each !== undefined);
    const only = column ?? (columns.length === 1 ? columns[0] : undefined);
    if (only === undefined) throw noColumn(path, columns);
    const rows = await parquetReadObjects({ file, metadata, columns: [only], compressors });
    return located(
      path,
      rows.map((row) => String(row[only] ?? "")),
    );
  } finally {
    await opened.close();
  }
}

/** Loads the reader of Parquet files. @throws S2Error "data-file" with the command that installs it. */
export async function loadParquet() {
  try {
    const { compressors } = await import("hyparquet-compressors");
    return { ...(await import("hyparquet")), compressors };
  } catch (cause) {
    const install = "npm install hyparquet hyparquet-compressors hyparquet-writer";
    throw new S2Error("data-file", `Parquet files need hyparquet, which is not installed; run ${install}.`, { cause });
  }
}

/** A file as hyparquet takes it. */
export const asBuffer = ({ size, read }: { readonly size: number; read(begin: number, end: number): Promise<Uint8Array> }) => ({
  byteLength: size,
  async slice(begin: number, end = size): Promise<ArrayBuffer> {
    const bytes = await read(begin, Math.min(end, size));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  },
});

async function readAll(path: string): Promise<Uint8Array> {
  const file = await openSource(path);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

function located(list: string, cells: readonly string[]): string[] {
  const filled = cells.map((cell) => cell.trim()).filter((cell) => cell !== "");
  if (list.startsWith("s3://")) return filled.map((cell) => (cell.startsWith("s3://") ? cell : new URL(cell, list).href));
  return filled.map((cell) => (cell.startsWith("s3://") || isAbsolute(cell) ? cell : resolve(dirname(list), cell)));
}

const noColumn = (path: string, columns: readonly string[]) =>
  new S2Error(
    "data-file",
    `${path} has the columns ${columns.map((name) => `"${name}"`).join(", ")}; expected one called path, image, file or url. Rename it.`,
  );
