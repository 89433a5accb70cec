/** What is wrong with one file of a data set: an error where it is read, a problem in the list where all are. */
import { S2Error } from "../core/index.ts";
import type { Problem } from "./data-set.ts";
import type { Folder } from "./folder.ts";

/** The error for one file: its message has path and reason, and it becomes a `Problem` when a data set is opened. */
export function flaw(path: string, reason: string, cause?: unknown): S2Error & { problem: Problem } {
  return Object.assign(new S2Error("data-file", `${path}: ${reason}`, { cause }), { problem: { path, reason, used: false } });
}

/** The problem that a `flaw` carries; any other error is thrown on. */
export function problemOf(error: unknown): Problem {
  const { problem } = error as { problem?: Problem };
  if (!problem) throw error;
  return problem;
}

/** A file's bytes, or a `flaw`. */
export async function readBytes(folder: Folder, path: string): Promise<Uint8Array> {
  try {
    return await folder.read(path);
  } catch (error) {
    throw flaw(path, `It cannot be read (${(error as Error).message}).`, error);
  }
}

/** The first few of a list. */
export const some = (all: readonly (string | number)[]): string =>
  all.length > 5 ? `${all.slice(0, 5).join(", ")} and ${all.length - 5} more` : all.join(", ");
