/** Errors on the command line: which exit status they mean, and the sentence that is printed. */
import { CommanderError } from "commander";
import { S2Error } from "../core/index.ts";

/** Documented at the bottom of `s2 --help`. */
export const status = { ok: 0, someFailed: 1, usage: 2, model: 3, allFailed: 4, unexpected: 70, interrupted: 130 } as const;

const statuses = new WeakMap<object, number>();

/** Runs a stage of a command; what it refuses ends the command with this status, unless a stage inside has said another. */
export async function failingWith<T>(code: number, stage: () => T | Promise<T>): Promise<T> {
  try {
    return await stage();
  } catch (error) {
    // An option's value is the user's, whichever stage notices.
    if (error instanceof S2Error && !statuses.has(error)) statuses.set(error, error.code === "option" ? status.usage : code);
    throw error;
  }
}

/** Prints what is to be said of an error that ended a command, and returns the exit status. */
export function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? status.ok : status.usage; // commander has printed it
  process.stderr.write(`error: ${sentence(error)}\n`);
  if (process.env.S2_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (!(error instanceof S2Error)) return status.unexpected;
  return statuses.get(error) ?? status.usage;
}

/** One line for people: a refusal in the command line's words, or what is unexpected with the way to its stack. */
export function sentence(error: unknown): string {
  if (error instanceof S2Error) return inFlags(error.message);
  const said = error instanceof Error ? error.message : String(error);
  return `${said.trim().split("\n")[0]} (unexpected; S2_DEBUG=1 shows the stack)`;
}

/** Library options that a sentence may advise, and the flags that set them. */
const flags: Readonly<Record<string, string>> = {
  scales: "--scales",
  imgSizes: "--sizes",
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
};

/** The library's sentences name options as code does (`splitMode: "pad"`); here they are flags (`--split-mode pad`). */
export function inFlags(message: string): string {
  return message.replace(
    /(?<![-.\w])(?:traits\.)?([a-z]+[A-Za-z]*)(:? )?("[a-z]+")?/g,
    (all, name: string, link = "", value = "") => {
      const meant = Object.hasOwn(flags, name) && (link === ": " || value || /[A-Z]/.test(name)); // "overlap" may be just a word
      return meant ? `${flags[name]}${link && " "}${value.replaceAll('"', "")}` : all;
    },
  );
}
