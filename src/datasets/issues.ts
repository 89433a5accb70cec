/** Issues of a data set's files: errors where a file is read, entries of one list when the data set is opened. */
import { S2Error } from "../core/index.ts";

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
