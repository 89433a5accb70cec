/** Progress on a terminal, and lines about images that failed or are not decoded. One reporter for all commands. */
import { type FoundImages, undecodedInWords, undecodedReasons } from "../runtimes/node/index.ts";
import { printable, writeMessage } from "./output.ts";

/** Width of the bar in characters. */
const BAR = 24;

/** A progress bar, or nothing but messages where there is no terminal. */
export interface Progress {
  /** True where a bar is drawn. */
  readonly drawn: boolean;
  update(done: number): void;
  /** Prints a line on standard error, above the bar. */
  log(line: string): void;
  stop(): void;
}

/** Flags of a command's output. */
export interface PrintFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Seconds between lines of progress where there is no terminal. */
const PAUSE = 30;

/**
 * Opens the progress of `total` images, unless --json or --quiet is given: a bar if standard error is a terminal, else a line every
 * 30 seconds.
 * @param seconds a clock
 */
export async function openProgress(total: number, { json, quiet }: PrintFlags, seconds = now): Promise<Progress> {
  const log = (line: string) => writeMessage(`${line}\n`);
  if (json || quiet) return { drawn: false, update() {}, log, stop() {} };
  if (!process.stderr.isTTY) return { drawn: false, update: linesOf(total, seconds), log, stop() {} };
  const { default: progress } = await import("cli-progress");
  // A MultiBar of one bar: SingleBar goes back to where it began when it stops, over what was printed meanwhile.
  const bars = new progress.MultiBar({
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false, // interrupt.ts handles Ctrl-C
    etaBuffer: 30,
    format: (_, { progress: fraction, value, eta }) => {
      const full = Math.round(fraction * BAR);
      const left = value > 0 && Number.isFinite(eta) ? `${durationInWords(eta)} left` : "";
      return `${"█".repeat(full)}${"░".repeat(BAR - full)} ${Math.floor(value)} of ${total} images  ${left}`;
    },
  });
  const bar = bars.create(total, 0);
  return {
    drawn: true,
    update: (done) => bar.update(Math.min(done, total)),
    log: (line) => bars.log(`${printable(line)}\n`),
    stop() {
      bars.update(); // prints what was logged since the last drawing
      bars.stop();
    },
  };
}

const now = (): number => performance.now() / 1000;

function linesOf(total: number, seconds: () => number): Progress["update"] {
  const start = seconds();
  const write = everyPause(seconds);
  return (done) =>
    write(() => {
      const left = done > 0 ? `, ${durationInWords(((seconds() - start) / done) * (total - done))} left` : "";
      return `${Math.floor(done)} of ${total} images${left}`;
    });
}

/** Returns a function that writes a line to standard error when the last one is 30 seconds old, so that a log shows that work goes on. */
export function everyPause(seconds = now): (line: () => string) => void {
  let last = seconds();
  return (line) => {
    if (seconds() - last < PAUSE) return;
    last = seconds();
    writeMessage(`${line()}\n`);
  };
}

/** A duration in words, rounded up to the unit that is shown: "59 s", "1 min 5 s", "2 h 10 min". */
export function durationInWords(duration: number): string {
  const seconds = Math.ceil(duration); // before the division: 119.5 s are 2 min, not 1 min 60 s
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.ceil(duration / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The line about an image that failed; its name is left out where the reason has it. */
export const failedLine = (image: string, reason: string): string =>
  `failed: ${reason.includes(image) ? "" : `${image}: `}${reason}`;

/** The line about stored features that were damaged. */
export const damagedNote = (count: number): string =>
  `note: stored features of ${count} ${count === 1 ? "image" : "images"} were damaged and were extracted again\n`;

/** Prints which images are not decoded, for commands without a last line of their own. */
export function printUndecoded(images: FoundImages["undecoded"]): void {
  const words = undecodedInWords(images);
  if (words) writeMessage(`${[...undecodedReasons(images), words].join("\n")}\n`);
}
