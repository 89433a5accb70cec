/** From a first request to a worker that has answered it: in time, on several threads or else on one. */
import { S2Error } from "../../core/index.ts";
import type { Failed } from "../session-messages.ts";
import type { Build, Opening, WasmPaths, WorkerReady } from "./messages.ts";
import type { OnNotice } from "./notice.ts";
import { libraryAddress, openLine, type WorkerLine } from "./worker-line.ts";

export interface StartOptions {
  readonly threads?: number;
  readonly wasmPaths?: WasmPaths;
  /** Milliseconds; default 60,000: WebAssembly's 14 MB (4 MB compressed) come within them. */
  readonly startLimit?: number;
  readonly notice: OnNotice;
  /** The worker's code; a test gives one that hangs. */
  readonly worker?: URL;
}

export interface Started {
  readonly line: WorkerLine;
  readonly answer: WorkerReady | Failed;
}

/**
 * Starts a worker with its first request. Several threads have been seen to hang at their start (microsoft/onnxruntime #26858), hence
 * the limit, and a second try on one.
 * @throws S2Error "runtime" when one thread does not start in time either, "runtime-missing" when the worker or the library cannot be had.
 */
export async function startWorker(build: Build, first: Opening, options: StartOptions): Promise<Started> {
  const { startLimit = 60_000, notice } = options;
  const library = options.worker ? undefined : libraryAddress(build);
  const wasmPaths = absolute(options.wasmPaths);
  const threads = possibleThreads(options.threads, notice);
  for (const count of new Set([threads, 1])) {
    const line = openLine(build, library !== undefined, options.worker);
    // Not transferred: a second try needs the bytes again, and bytes that a caller gave stay the caller's.
    const settings = { threads: count, ...(library && { library }), ...(wasmPaths && { wasmPaths }) };
    const answer = await within(startLimit, line.ask({ ...first, settings }));
    if (answer) return settled(line, answer as WorkerReady | Failed);
    line.kill();
    if (count > 1) {
      const message = `ONNX Runtime did not start on ${count} threads within ${startLimit} ms; it is tried again on one`;
      notice({ code: "start-retried", message });
    }
  }
  throw new S2Error(
    "runtime",
    `ONNX Runtime did not start within ${startLimit} ms, on one thread either; load the model again, or raise startLimit where the network is slow.`,
  );
}

function settled(line: WorkerLine, answer: WorkerReady | Failed): Started {
  if (answer.kind !== "failed" || answer.stage !== "import") return { line, answer };
  line.kill();
  throw new S2Error(
    "runtime-missing",
    `onnxruntime-web could not be loaded (${answer.message}); install it beside s2-vision (npm install onnxruntime-web) and see docs/browser.md for import maps.`,
  );
}

/** The cores where the page may have threads, else one; a wish that cannot be had is answered with words, which the library does not do. */
function possibleThreads(wished: number | undefined, notice: OnNotice): number {
  if (globalThis.crossOriginIsolated) return wished ?? navigator.hardwareConcurrency ?? 1;
  if (wished !== undefined && wished > 1) {
    const headers = "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
    const message = `threads is ${wished}, but this page is not cross-origin isolated and gets one; serve it with the headers ${headers}`;
    notice({ code: "one-thread", message });
  }
  return 1;
}

/** Against the page's address: the worker's is another. */
function absolute(paths: WasmPaths | undefined): WasmPaths | undefined {
  const base = globalThis.document?.baseURI ?? location.href;
  const full = (path: string) => new URL(path, base).href;
  if (paths === undefined) return undefined;
  if (typeof paths === "string") return full(paths.endsWith("/") ? paths : `${paths}/`);
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, full(path)]));
}

/** undefined when the time is over. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  work.catch(() => {}); // refused later, when its worker is ended
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
