/** Errors on the command line: which exit status they mean, and the sentence that is printed. */
import { CommanderError } from "commander";
import { S2Error } from "../core/index.ts";
import { reasonOfSystem } from "../runtimes/node/system-reason.ts";
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

/** Library options that messages name and flags set: `maxTiles` by `--max-tiles`. */
const options: ReadonlySet<string> = new Set(
  (
    "scales imgSizes maxSplitSize splitMode merge resizeOutputToIdx overlap fusion splitForward fit maxTiles maxTilesPerImage outputScale minDetail tileFraction preset " +
    "numPrefixToken prefixTokens patchSize imageSize output testFraction ignore"
  ).split(" "),
);

const flagOf = (option: string): string =>
  option === "numPrefixToken" ? "--prefix-tokens" : `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Exchanges the library options that a message names, which its `option` lists, for the flags that set them. */
export function inFlags({ message, option = [] }: { message: string; option?: string | readonly string[] }): string {
  const named = [option].flat().filter((name) => options.has(name));
  return named.reduce(
    (text, name) => text.replace(new RegExp(`(?<![-.\\w])(?:traits\\.)?${name}(?!\\w)`, "g"), flagOf(name)),
    message,
  );
}
