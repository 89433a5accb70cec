/** What `s2 extract` says while it runs: a progress line on a terminal, a line per image elsewhere, JSON lines for programs. */
import { S2Error, type S2Plan } from "../core/index.ts";
import { durationInWords } from "./duration.ts";
import { inFlags, sentence } from "./errors.ts";
import { printable, writeMessage, writeReport } from "./output.ts";

/** An image whose features are written; also the object of a `--json` line. */
export interface Done {
  readonly image: string;
  readonly out: string;
  readonly picture?: string;
  readonly dims: readonly number[];
  readonly grid: { readonly rows: number; readonly cols: number };
  readonly tiles: number;
  readonly ms: number;
}

export interface Report {
  /** Part of the current image, 0 to 1. */
  progress(part: number): void;
  done(image: Done): void;
  skipped(image: string, out: string): void;
  /** A file of an earlier run that is made again. */
  damaged(file: string): void;
  failed(image: string, error: unknown): void;
  warnings(image: string, found: S2Plan["warnings"]): void;
  /** A sentence about images that are not decoded. */
  passedOver(reason: string): void;
  /** `passedOver` in words belongs into the last line. */
  end(passedOver?: string): void;
}

/** Characters. */
const BAR = 24;

export async function openReport(images: number, { json, quiet }: { json?: boolean; quiet?: boolean }): Promise<Report> {
  const bar = process.stderr.isTTY && !json && !quiet ? await openBar(images) : undefined;
  const counts = { done: 0, skipped: 0, failed: 0, damaged: 0 };
  const warned = new Set<string>();
  const say = (line: string) => void writeReport(`${line}\n`);
  const complain = (line: string) => (bar ? bar.log(line) : void writeMessage(`${line}\n`));
  // Where both streams are one terminal, the bar stands for the lines; a single image's line comes when the bar is gone.
  const oneTerminal = bar && process.stdout.isTTY;
  const lines = !json && !quiet && (images === 1 || !oneTerminal);
  const late: string[] = [];
  const sayLine = (line: string) => void (oneTerminal ? late.push(line) : say(line));
  const advance = (part = 0) => bar?.update(Math.min(images, counts.done + counts.skipped + counts.failed + part));
  return {
    progress: advance,
    done(image) {
      counts.done++;
      advance();
      if (json) say(JSON.stringify(image));
      else if (lines) sayLine(lineOf(image));
    },
    skipped(image, out) {
      counts.skipped++;
      advance();
      if (json) say(JSON.stringify({ image, out, skipped: true }));
      else if (lines) sayLine(`${image} -> ${out}  (done before)`);
    },
    damaged(file) {
      counts.damaged++;
      if (!json && !quiet) complain(`note: ${file} is damaged and is made again`);
    },
    failed(image, error) {
      counts.failed++;
      advance();
      const code = error instanceof S2Error ? error.code : "unexpected";
      if (json) say(JSON.stringify({ image, error: { code, message: sentence(error) } }));
      else complain(`failed: ${sentence(error).includes(image) ? "" : `${image}: `}${sentence(error)}`);
      if (process.env.S2_DEBUG && error instanceof Error) complain(error.stack ?? "");
    },
    warnings(image, found) {
      if (quiet) return;
      for (const warning of found) {
        if (warned.has(warning.code)) continue;
        warned.add(warning.code);
        complain(`note: ${images > 1 ? `${image}: ` : ""}${inFlags(warning)}`);
      }
    },
    passedOver(reason) {
      if (!quiet) complain(reason);
    },
    end(passedOver) {
      bar?.stop();
      late.forEach(say);
      const { done, skipped, failed, damaged } = counts;
      if (quiet) return;
      const parts = [
        `${done} done`,
        skipped && `${skipped} done before`,
        damaged && `${damaged} of them damaged before`,
        failed && `${failed} failed`,
        passedOver,
      ];
      if (!json && (images > 1 || passedOver))
        writeMessage(`${images} image${images > 1 ? "s" : ""}: ${parts.filter(Boolean).join(", ")}\n`);
      else if (passedOver) writeMessage(`${passedOver}\n`);
    },
  };
}

/** The line on stored features that were damaged. */
export const damagedNote = (count: number): string =>
  `note: stored features of ${count} ${count === 1 ? "image" : "images"} were damaged and were made again\n`;

function lineOf({ image, out, picture, dims, grid, tiles, ms }: Done): string {
  const files = picture ? `${out}, ${picture}` : out;
  return `${image} -> ${files}  ${grid.rows}x${grid.cols} tokens of ${dims[2]} channels, ${tiles} tiles, ${ms} ms`;
}

export interface Bar {
  update(value: number): void;
  /** Prints above the bar. */
  log(line: string): void;
  stop(): void;
}

/** A MultiBar of one bar: cli-progress's SingleBar goes back to where it began when it stops, over what was printed meanwhile. */
export async function openBar(images: number): Promise<Bar> {
  const { default: progress } = await import("cli-progress");
  const bars = new progress.MultiBar({
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false, // Ctrl-C is interrupt.ts's
    etaBuffer: 30,
    format: (_, { progress: part, value, total, eta }) => {
      const full = Math.round(part * BAR);
      const left = value > 0 && Number.isFinite(eta) ? `${durationInWords(eta)} left` : "";
      return `${"█".repeat(full)}${"░".repeat(BAR - full)} ${Math.floor(value)} of ${total} images  ${left}`;
    },
  });
  const bar = bars.create(images, 0);
  return {
    update: (value) => bar.update(value),
    log: (line) => bars.log(`${printable(line)}\n`),
    stop() {
      bars.update(); // prints what was logged since the last drawing
      bars.stop();
    },
  };
}
