/** Errors on the command line: which exit status they mean, and the sentence that is printed. */
import { CommanderError } from "commander";
import { S2Error } from "../core/index.ts";
import { writeMessage } from "./output.ts";
import { status } from "./status.ts";

export { status };

const statuses = new WeakMap<object, number>();

/** Runs a stage of a command; an S2Error in it ends the command with this status, unless a stage inside has set another. */
export async function failingWith<T>(code: number, stage: () => T | Promise<T>): Promise<T> {
  try {
    return await stage();
  } catch (error) {
    // An option's value is the user's, whichever stage notices.
    if (error instanceof S2Error && !statuses.has(error))
      statuses.set(error, /^(option|write)$/.test(error.code) ? status.usage : code);
    throw error;
  }
}

/** Prints the error that ended a command and returns the exit status. */
export function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? status.ok : status.usage; // commander has printed it
  writeMessage(`error: ${sentence(error)}\n`);
  if (process.env.S2_DEBUG && error instanceof Error) writeMessage(`${error.stack}\n`);
  if (reasonOfSystem(error)) return status.usage;
  if (!(error instanceof S2Error)) return status.unexpected;
  return statuses.get(error) ?? (/^image-|^too-many-pixels$/.test(error.code) ? status.allFailed : status.usage);
}

/** Returns one line for people: an S2Error with flags instead of options, an error of the system, or an unexpected one with a request to report it. */
export function sentence(error: unknown): string {
  if (error instanceof S2Error) return inFlags(error);
  const reason = reasonOfSystem(error);
  if (reason) return reason;
  const said = error instanceof Error ? error.message : String(error);
  return `${said.trim().split("\n")[0]} (unexpected; please report it with the stack, which S2_DEBUG=1 shows)`;
}

/** Sentences on errors of a file system, which are no fault of the program. */
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; make room, or write elsewhere",
  EDQUOT: "the quota of the disk is used up; make room, or write elsewhere",
  EFBIG: "the file would be too large for this file system; write elsewhere",
  EROFS: "the file system is read-only; write elsewhere",
  EACCES: "permission is denied; check who may read and write it",
  EPERM: "permission is denied; check who may read and write it",
  ENOTDIR: "a part of the path is a file and no folder; give another path",
  EISDIR: "it is a folder where a file was expected; give another path",
  ENAMETOOLONG: "the name is too long; give a shorter one",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
  ENFILE: "too many files are open on this machine; try again later",
  EIO: "the disk or the network drive gave an error; check it",
};

function reasonOfSystem(error: unknown): string | undefined {
  const { code = "", syscall, path, dest } = (error ?? {}) as NodeJS.ErrnoException & { dest?: string };
  if (!syscall || !Object.hasOwn(reasons, code)) return undefined;
  return `${dest ?? path ?? "A file"} cannot be used (${code}): ${reasons[code]}.`;
}

/** Library options that messages name, and the flags that set them. */
const flags: Readonly<Record<string, string>> = {
  scales: "--scales",
  imgSizes: "--img-sizes",
  maxSplitSize: "--max-split-size",
  splitMode: "--split-mode",
  merge: "--merge",
  resizeOutputToIdx: "--resize-output-to-idx",
  overlap: "--overlap",
  fusion: "--fusion",
  splitForward: "--split-forward",
  maxTiles: "--max-tiles",
  maxTilesPerImage: "--max-tiles-per-image",
  fit: "--fit",
  numPrefixToken: "--prefix-tokens",
  prefixTokens: "--prefix-tokens",
  patchSize: "--patch-size",
  imageSize: "--image-size",
  output: "--output",
  testFraction: "--test-fraction",
  ignore: "--ignore",
};

/** Exchanges the library options that a message names, which its `option` lists, for the flags that set them. */
export function inFlags({
  message,
  option = [],
}: {
  readonly message: string;
  readonly option?: string | readonly string[];
}): string {
  const named = [option].flat().filter((name) => Object.hasOwn(flags, name));
  return named.reduce(
    (text, name) => text.replace(new RegExp(`(?<![-.\\w])(?:traits\\.)?${name}(?!\\w)`, "g"), flags[name]),
    message,
  );
}
