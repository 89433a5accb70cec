/** Runs `s2 extract` and reports on it: progress on a terminal, a line for each image, or JSON lines for programs. */
import { S2Error, type S2Plan } from "../core/index.ts";
import { type ExtractedFile, extractInto, outputFiles, undecodedInWords, undecodedReasons } from "../runtimes/node/index.ts";
import { inFlags, sentence, status } from "./errors.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { stopSignal, untilStopped } from "./interrupt.ts";
import { jsonLine, writeMessage, writeReport } from "./output.ts";
import { extractionFor, loadOptionsOf, openModel } from "./plan-flags.ts";
import { failedLine, openProgress, type PrintFlags } from "./progress.ts";
import { withStandardInput } from "./standard-input.ts";

/** Flags of `s2 extract`. */
export interface ExtractFlags extends SizeFlags, ModelFlags, PrintFlags {
  splitForward?: number;
  dtype: "float32" | "float16";
  format?: "safetensors" | "npy";
  out: string;
  resume?: boolean;
  picture?: boolean;
}

/** Returns the exit status. */
export async function extractImages(given: readonly string[], flags: ExtractFlags): Promise<number> {
  const { files, undecoded } = await outputFiles(await withStandardInput(given), flags);
  return untilStopped(async () => {
    const model = await openModel(flags);
    try {
      const { dtype, resume, splitForward } = flags;
      const report = await openReport(files.length, flags);
      if (!flags.quiet) undecodedReasons(undecoded).forEach(report.log);
      const results = extractInto(model, files, {
        ...extractionFor(flags),
        ...{ dtype, resume, ...(splitForward && { splitForward }), signal: stopSignal, onProgress: report.onProgress },
        loadOptions: loadOptionsOf(flags),
      });
      try {
        for await (const result of results) report.add(result);
      } finally {
        report.bar.stop();
      }
      report.end(undecodedInWords(undecoded));
      const { failed } = report.counts;
      return failed === 0 ? status.ok : failed === files.length ? status.allFailed : status.someFailed;
    } finally {
      await model.dispose();
    }
  });
}

async function openReport(images: number, flags: ExtractFlags) {
  const { json, quiet } = flags;
  const bar = await openProgress(images, flags);
  const counts = { done: 0, skipped: 0, failed: 0, damaged: 0 };
  const warned = new Set(["preprocessing-assumed"]); // openModel prints it
  // Where both streams are one terminal, the bar stands for the lines; a single image's line comes when the bar is gone.
  const oneTerminal = bar.drawn && process.stdout.isTTY;
  const lines = !json && !quiet && (images === 1 || !oneTerminal);
  const late: string[] = [];
  const print = (line: string) => void (oneTerminal ? late.push(`${line}\n`) : writeReport(`${line}\n`));
  const update = (fraction = 0) => bar.update(counts.done + counts.skipped + counts.failed + fraction);

  function fail(image: string, error: unknown): void {
    counts.failed++;
    const code = error instanceof S2Error ? error.code : "unexpected";
    if (json) writeReport(jsonLine({ image, error: { code, message: sentence(error) } }));
    else bar.log(failedLine(image, sentence(error)));
    if (process.env.S2_DEBUG && error instanceof Error) bar.log(error.stack ?? "");
  }

  function warn(image: string, warnings: S2Plan["warnings"]): void {
    for (const warning of quiet ? [] : warnings) {
      if (!warned.has(warning.code)) bar.log(`note: ${images > 1 ? `${image}: ` : ""}${inFlags(warning)}`);
      warned.add(warning.code);
    }
  }

  return {
    counts,
    bar,
    log: bar.log,
    onProgress: ({ tiles, of }: { tiles: number; of: number }) => update(tiles / of),
    add(result: ExtractedFile) {
      if ("error" in result) fail(result.image, result.error);
      else if ("skipped" in result) {
        counts.skipped++;
        if (json) writeReport(jsonLine(result));
        else if (lines) print(`${result.image} -> ${result.out}  (done before)`);
      } else {
        const { warnings, damaged, ...record } = result;
        counts.done++;
        warn(result.image, warnings);
        if (damaged) counts.damaged++;
        if (damaged && !json && !quiet) bar.log(`note: ${result.out} was damaged and was extracted again`);
        if (json) writeReport(jsonLine(record));
        else if (lines) print(lineOf(record));
      }
      update();
    },
    end(undecoded?: string) {
      late.forEach(writeReport);
      const { done, skipped, failed, damaged } = counts;
      const parts = [
        `${done} done`,
        skipped && `${skipped} done before`,
        damaged && `${damaged} of them damaged before`,
        failed && `${failed} failed`,
        undecoded,
      ];
      if (quiet) return;
      if (!json && (images > 1 || undecoded))
        writeMessage(`${images} image${images > 1 ? "s" : ""}: ${parts.filter(Boolean).join(", ")}\n`);
      else if (undecoded) writeMessage(`${undecoded}\n`);
    },
  };
}

type Written = Omit<Extract<ExtractedFile, { ms: number }>, "warnings" | "damaged">;

function lineOf({ image, out, picture, dims, grid, tiles, ms }: Written): string {
  const files = picture ? `${out}, ${picture}` : out;
  return `${image} -> ${files}  ${grid.rows}x${grid.cols} tokens of ${dims[2]} channels, ${tiles} tiles, ${ms} ms`;
}
