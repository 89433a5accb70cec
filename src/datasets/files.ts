/** The files of a data set: a folder as a value, so that data sets depend on no platform, how its texts are read, and the issues of files. */
import { S2Error } from "../core/index.ts";

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

/** One finding about a file of a data set. */
export interface DataSetIssue {
  /** The file's path in the folder; a folder's path or a split's name where it concerns several files. */
  readonly path: string;
  /** A sentence. */
  readonly reason: string;
  /** True if the image stays in its split; images with `used: false` are in no split and in no metric. */
  readonly used: boolean;
}

/** A list of issues that readers append to. */
export interface IssueList {
  readonly all: DataSetIssue[];
  /** Appends an issue that excludes the file. */
  refuse(path: string, reason: string): void;
  /** Appends an issue that excludes nothing. */
  note(path: string, reason: string): void;
}

/** Makes an empty list. */
export function issueList(): IssueList {
  const all: DataSetIssue[] = [];
  return {
    all,
    refuse: (path, reason) => void all.push({ path, reason, used: false }),
    note: (path, reason) => void all.push({ path, reason, used: true }),
  };
}

/** Makes the error for one file; `openDataSet` turns it into an issue. */
export function invalidFile(path: string, reason: string, cause?: unknown): S2Error & { issue: DataSetIssue } {
  return Object.assign(new S2Error("data-file", `${path}: ${reason}`, { cause }), { issue: { path, reason, used: false } });
}

/** Returns the issue of an `invalidFile` error and throws any other error again. */
export function issueOf(error: unknown): DataSetIssue {
  const { issue } = error as { issue?: DataSetIssue };
  if (!issue) throw error;
  return issue;
}

/** Runs `read` and turns its errors into `invalidFile` errors; `say` completes a message that is no sentence yet. */
export async function reading<T>(path: string, read: () => Promise<T>, say = (message: string) => message): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((error as { issue?: DataSetIssue }).issue) throw error;
    throw invalidFile(path, say((error as Error).message), error);
  }
}

/** Joins the first five items of a list and counts the rest. */
export const shortList = (items: readonly (string | number)[]): string =>
  items.length > 5 ? `${items.slice(0, 5).join(", ")} and ${items.length - 5} more` : items.join(", ");
