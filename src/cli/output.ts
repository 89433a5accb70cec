/** Writing to standard output and standard error: here text is made safe to print, and a stream that is closed or full is noticed. */
import { stopWith } from "./interrupt.ts";
import { status } from "./status.ts";

let reader = true;
let lost: Error | undefined;

/** Escapes what a terminal would obey: control characters and marks that reverse text; \n and \t stay. In JSON the escapes mean the same. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const unsafe = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g;
  return text.replace(unsafe, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes what the command was asked for. When nobody reads it, the command stops. */
export function writeResult(text: string): void {
  process.stdout.write(printable(text), (error) => {
    if (error) stopFor(error as NodeJS.ErrnoException);
  });
}

/** Writes what was done; the product is files, so the work goes on when nobody reads this. */
export function writeReport(text: string): void {
  if (!reader || lost) return;
  process.stdout.write(printable(text), (error) => {
    if (!error) return;
    if (isClosed(error)) reader = false;
    else lost ??= error;
  });
}

/** Writes notes, failures and progress to standard error; whether someone reads them changes nothing. */
export function writeMessage(text: string): void {
  process.stderr.write(printable(text), () => {});
}

/** Writes over the line on the terminal; an empty text clears it. */
export function writeStatus(text: string): void {
  process.stderr.write(`\r\x1b[K${printable(text)}`, () => {});
}

/** The exit status of a command that ends with `code`: a report that was lost is not all well. */
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
