/** A folder as a value, so that data sets depend on no platform, and the reading of its text files. */
import { S2Error } from "../core/index.ts";
import { reading } from "./issues.ts";

/** A folder of files; `openFolder` of "s2-vision/node" makes one. */
export interface Folder {
  /** Name of the data set. */
  readonly name: string;
  /** Returns the relative paths of all files, sorted, with "/". */
  list(): Promise<readonly string[]>;
  /** Reads the bytes of a file by its path. */
  read(path: string): Promise<Uint8Array>;
}

/** Reads a file's bytes. @throws an `invalidFile` error. */
export const readBytes = (folder: Folder, path: string): Promise<Uint8Array> =>
  reading(
    path,
    () => folder.read(path),
    (message) => `It cannot be read (${message}).`,
  );

/** Reads text in an encoding that editors and spreadsheets write. @throws an `invalidFile` error. */
export const readText = async (folder: Folder, path: string): Promise<string> => decodeText(await readBytes(folder, path));

/** Decodes UTF-8 and UTF-16 with or without a byte order mark, and anything else as Windows-1252, in which Excel saves CSV. */
export function decodeText(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  // Lists are mostly ASCII: in UTF-16 every second byte of their start is 0.
  if (bytes.length >= 4 && a === 0 && bytes[2] === 0 && b !== 0) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.length >= 4 && b === 0 && bytes[3] === 0 && a !== 0) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Splits text into lines that end as on Windows, Unix or old Macs. */
export const linesOf = (text: string): string[] => text.split(/\r\n|\n|\r/);

/** Parses YAML. @throws S2Error "data-set" naming the file. */
export async function parseYaml(text: string, path: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text, { logLevel: "error" });
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new S2Error("data-set", `"${path}" is not valid YAML (${reason}). Correct it.`, { cause: error });
  }
}

/** Returns the last segment of a path. */
export const fileName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Returns the folder of a file with its "/" at the end, "" for a file at the top. */
export const folderPath = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** Returns a path without its extension. */
export const stem = (path: string): string => path.replace(/(?<=[^/])\.[^./]*$/, "");
