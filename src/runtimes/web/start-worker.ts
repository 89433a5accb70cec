/** Starts a worker with its first request: in time, on several threads or else on one; and a model's session in one. */
import { S2Error } from "../../core/index.ts";
import { type Line, makeWaiting, type Numbered } from "../line.ts";
import type { Answer, Failed, OpenRequest, Ready, Request, WasmPaths } from "../messages.ts";
import { reasonOf } from "../ort.ts";
import { openSession, type Session } from "../session.ts";

/** A message about something that is not as requested but no reason to stop; `code` is one of docs/errors.md's. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

export type OnNotice = (notice: Notice) => void;

/** The default listener of notices. */
export const toConsole: OnNotice = ({ code, message }) => console.warn(`s2-vision: ${message} (${code})`);

export interface StartOptions {
  readonly threads?: number;
  readonly wasmPaths?: WasmPaths;
  /** Milliseconds; default 60,000: WebAssembly's 14 MB (4 MB compressed) come within them. */
  readonly startLimit?: number;
  readonly notice: OnNotice;
  /** The worker's code; a test gives one that hangs. */
  readonly worker?: URL;
}

export interface WebSession extends Session {
  readonly device: Build;
  readonly threads: number;
}

/** Loads a model on a device in a worker of its own. `source` names it in errors; `bytes` stay usable. */
export async function startSession(bytes: Uint8Array, source: string, device: Build, options: StartOptions): Promise<WebSession> {
  const { line, answer } = await startWorker(device, { kind: "load", model: compact(bytes), devices: [device] }, options);
  if (answer.kind === "ready") return { ...openSession(line, answer), device, threads: answer.threads };
  line.kill();
  throw (await import("../foreign-files.ts")).fileError(reasonOf(answer), source, bytes, bytes.length);
}

/** Copies a view of a part of a buffer: a message carries the whole buffer behind a view. */
export const compact = (bytes: Uint8Array): Uint8Array => (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());

export interface Started {
  readonly line: WorkerLine;
  readonly answer: Ready | Failed;
}

/**
 * Starts a worker with its first request. Several threads have been seen to hang at their start (microsoft/onnxruntime #26858), hence
 * the limit and a second try on one.
 * @throws S2Error "runtime" when one thread does not start in time either, "runtime-missing" when worker or library cannot be loaded.
 */
export async function startWorker(build: Build, first: OpenRequest, options: StartOptions): Promise<Started> {
  const { startLimit = 60_000, notice } = options;
  const library = options.worker ? undefined : libraryAddress(build);
  const wasmPaths = absolute(options.wasmPaths);
  const threads = possibleThreads(options.threads, notice);
  for (const count of new Set([threads, 1])) {
    const line = openLine(build, library !== undefined, options.worker);
    // Not transferred: a second try needs the bytes again, and bytes that a caller gave stay the caller's.
    const settings = { threads: count, ...(library && { library }), ...(wasmPaths && { wasmPaths }) };
    const answer = await within(startLimit, line.ask({ ...first, settings }));
    if (answer && !(answer.kind === "failed" && answer.stage === "import")) return { line, answer: answer as Ready | Failed };
    line.kill();
    if (answer)
      throw new S2Error(
        "runtime-missing",
        `onnxruntime-web could not be loaded (${answer.message}); install it beside s2-vision (npm install onnxruntime-web) and see docs/browser.md for import maps.`,
      );
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

/** Returns the cores where the page may have threads, else one; ONNX Runtime reports no request that it cannot meet. */
function possibleThreads(requested: number | undefined, notice: OnNotice): number {
  if (globalThis.crossOriginIsolated) return requested ?? navigator.hardwareConcurrency ?? 1;
  if (requested !== undefined && requested > 1) {
    const headers = "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
    const message = `threads is ${requested}, but this page is not cross-origin isolated and gets one; serve it with the headers ${headers}`;
    notice({ code: "one-thread", message });
  }
  return 1;
}

/** Resolves paths against the page's address: the worker's is another. */
function absolute(paths: WasmPaths | undefined): WasmPaths | undefined {
  const base = globalThis.document?.baseURI ?? location.href;
  const full = (path: string) => new URL(path, base).href;
  if (paths === undefined) return undefined;
  if (typeof paths === "string") return full(paths.endsWith("/") ? paths : `${paths}/`);
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, full(path)]));
}

/** Resolves to undefined when the time is over. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  work.catch(() => {}); // rejected later, when its worker is ended
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** The build of onnxruntime-web that a worker holds. */
type Build = "wasm" | "webgpu";

interface WorkerLine extends Line<Request, Answer> {
  /** Ends the worker at once, its threads and its memory with it; pending requests are rejected. */
  kill(): void;
}

/**
 * Returns the library's address where an import map gives one: then nobody has bundled the page. `import.meta.resolve` answers for the
 * page's map, which workers do not have.
 */
function libraryAddress(build: Build): string | undefined {
  try {
    return import.meta.resolve(build === "webgpu" ? "onnxruntime-web/webgpu" : "onnxruntime-web/wasm");
  } catch {
    return undefined;
  }
}

/** Starts the worker. `plain` chooses the one that gets the library's address with its first request. */
function openLine(build: Build, plain: boolean, code?: URL): WorkerLine {
  const worker = code ? new Worker(code, { type: "module" }) : newWorker(build, plain);
  const waiting = makeWaiting<Answer>();
  let answered = false;
  let onIdle: (() => void) | undefined;
  const end = (reason: S2Error): void => {
    waiting.die(reason);
    worker.terminate();
    onIdle?.();
  };
  const die = (reason: string): void =>
    end(new S2Error("runtime", `The model's worker ended before its work was done (${reason}); load the model again.`));
  worker.addEventListener("message", ({ data }: MessageEvent<Numbered<Answer>>) => {
    answered = true;
    waiting.settle(data);
    if (waiting.count === 0) onIdle?.();
  });
  worker.addEventListener("messageerror", () => die("its answer could not be read"));
  worker.addEventListener("error", ({ message }) =>
    answered || message ? die(message || "without a reason") : end(notLoaded()),
  );
  return {
    ask: (request, transfer = []) => waiting.ask((id) => worker.postMessage({ ...request, id }, transfer)),
    kill: () => die("it was ended"),
    async end() {
      if (waiting.dead) return;
      if (waiting.count > 0) await new Promise<void>((resolve) => (onIdle = resolve));
      die("it was disposed of");
    },
  };
}

/** Each address is written out, because bundlers look for exactly this: a Worker of a URL of a relative name. */
function newWorker(build: Build, plain: boolean): Worker {
  if (plain) return new Worker(new URL("./plain-worker.js", import.meta.url), { type: "module", name: "s2-vision" });
  if (build === "webgpu")
    return new Worker(new URL("./webgpu-worker.js", import.meta.url), { type: "module", name: "s2-vision" });
  return new Worker(new URL("./wasm-worker.js", import.meta.url), { type: "module", name: "s2-vision" });
}

function notLoaded(): S2Error {
  const causes =
    "its file is not beside the page's code (esbuild: add s2-vision/web/wasm-worker to the entry points), onnxruntime-web is in no import map, " +
    "a Content-Security-Policy lacks worker-src 'self', or a page with COEP gets the file without that header";
  return new S2Error("runtime-missing", `The worker that runs models did not load: ${causes}. See docs/browser.md.`);
}
