/** The connection to a page's worker, and the choice of the worker's file. */
import { S2Error } from "../../core/index.ts";
import { type Line, makeWaiting, type Numbered } from "../line.ts";
import type { Answer, Request } from "../messages.ts";

/** The build of onnxruntime-web that a worker holds. */
export type Build = "wasm" | "webgpu";

export interface WorkerLine extends Line<Request, Answer> {
  /** Ends the worker at once, its threads and its memory with it; pending requests are rejected. */
  kill(): void;
}

/**
 * Returns the library's address where an import map gives one: then nobody has bundled the page. `import.meta.resolve` answers for the
 * page's map, which workers do not have.
 */
export function libraryAddress(build: Build): string | undefined {
  try {
    return import.meta.resolve(build === "webgpu" ? "onnxruntime-web/webgpu" : "onnxruntime-web/wasm");
  } catch {
    return undefined;
  }
}

/** Starts the worker. `plain` chooses the one that gets the library's address with its first request. */
export function openLine(build: Build, plain: boolean, code?: URL): WorkerLine {
  const worker = code ? new Worker(code, { type: "module" }) : startWorker(build, plain);
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
function startWorker(build: Build, plain: boolean): Worker {
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
