/** The process that draws one SVG: librsvg cannot be interrupted, and a filter of some bytes may take minutes and gigabytes. */
import { S2Error, type S2ErrorCode } from "../../core/index.ts";
import { type DecodeOptions, decodeImage, type Rgb, readHeader } from "./decode-image.ts";

export interface SvgWork {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly options: DecodeOptions;
  /** Limits of the process. */
  readonly limits: { readonly seconds: number; readonly bytes: number };
}

export type SvgAnswer =
  | { readonly rgb: Rgb }
  | { readonly refused: string; readonly code?: S2ErrorCode }
  | { readonly exceeded: "seconds" | "bytes" };

/** Milliseconds between two looks at what was used. */
const LOOK = 50;

process.once("message", async (work: SvgWork) => {
  watch(work.limits);
  try {
    const metadata = await readHeader(work.bytes, work.name, work.options);
    answer({ rgb: await decodeImage(work.bytes, metadata, work.options) });
  } catch (error) {
    answer({ refused: (error as Error).message, ...(error instanceof S2Error && { code: error.code }) });
  }
});
// The parent ends this process, or has ended itself. Only a kill ends one whose thread is inside librsvg.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

/** Counts the processor's time, not the clock's, so that a busy machine refuses no drawing that an idle one draws. */
function watch(limits: SvgWork["limits"]): void {
  const before = process.cpuUsage();
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1e6 > limits.seconds) answer({ exceeded: "seconds" });
    else if (process.memoryUsage.rss() > limits.bytes) answer({ exceeded: "bytes" });
  }, LOOK);
}

function answer(message: SvgAnswer): void {
  process.send!(message);
}
