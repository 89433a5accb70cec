/** Writes to standard output and standard error: makes text safe to print, and notices a stream that is closed or full. */
import { stopWith } from "./interrupt.ts";
import { status } from "./status.ts";

let reader = true;
let lost: Error | undefined;

/** Escapes control characters and marks that reverse text, which a terminal would obey; \n and \t stay. In JSON the escapes mean the same. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  const unsafe = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g;
  return text.replace(unsafe, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A value as a line of JSON. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** Lines of text, each with its end. */
export const inLines = (lines: Iterable<string>): string => `${[...lines].join("\n")}\n`;

/** Writes the result of a command. When nobody reads it, the command stops. */
export function writeResult(text: string): void {
  process.stdout.write(printable(text), (error) => {
    if (error) stopFor(error as NodeJS.ErrnoException);
  });
}

/** Writes a report on files that were written; the work goes on when nobody reads it. */
export function writeReport(text: string): void {
  if (!reader || lost) return;
  process.stdout.write(printable(text), (error) => {
    if (!error) return;
    if (isClosed(error)) reader = false;
    else lost ??= error;
  });
}

/** Reports a file that was written, with its size. */
export function reportFile(out: string, bytes: number, { json, quiet }: { json?: boolean; quiet?: boolean }): void {
  if (json) writeReport(jsonLine({ out, bytes }));
  else if (!quiet) writeReport(`${out}: ${(bytes / 1e6).toFixed(1)} MB\n`);
}

/** Writes notes, failures and progress to standard error; it does not matter whether someone reads them. */
export function writeMessage(text: string): void {
  process.stderr.write(printable(text), () => {});
}

/** Replaces the line on the terminal; an empty text clears it. */
export function writeStatus(text: string): void {
  process.stderr.write(`\r\x1b[K${printable(text)}`, () => {});
}

/** Exit status of a command that ends with `code`: 0 becomes 2 when its report could not be written. */
export function statusOfOutput(code: number): number {
  if (!lost) return code;
  writeMessage(
    `error: The report could not be written to standard output (${lost.message}); the files are written. Make room.\n`,
  );
  return code === status.ok ? status.usage : code;
}

function stopFor(error: NodeJS.ErrnoException): void {
  if (!reader) return;
  reader = false;
  if (isClosed(error)) return void stopWith(status.closed);
  writeMessage(`error: Standard output cannot be written (${error.message}); make room, or write elsewhere.\n`);
  stopWith(status.usage);
}

const isClosed = ({ code }: NodeJS.ErrnoException): boolean =>
  code === "EPIPE" || code === "ECONNRESET" || code === "ERR_STREAM_DESTROYED";
