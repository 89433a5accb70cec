/** A line to a worker of ours, and which worker file that is. */
import { S2Error } from "../../core/index.ts";
import { type Line, type Numbered, waitingRoom } from "../line.ts";
import type { Build, WorkerAnswer, WorkerRequest } from "./messages.ts";

export interface WorkerLine extends Line<WorkerRequest, WorkerAnswer> {
  /** Ends the worker at once, its threads and its memory with it; who waits is refused. */
  kill(): void;
}

/**
 * The library's address where an import map gives one: then nobody has bundled the page. `import.meta.resolve` answers for the page's
 * map, which workers do not have.
 */
export function libraryAddress(build: Build): string | undefined {
  try {
    return import.meta.resolve(build === "webgpu" ? "onnxruntime-web/webgpu" : "onnxruntime-web/wasm");
  } catch {
    return undefined;
  }
}

/** Starts the worker. `plain`: the one that is told the library's address. */
export function openLine(build: Build, plain: boolean, own?: URL): WorkerLine {
  const worker = own ? new Worker(own, { type: "module" }) : startWorker(build, plain);
  const waiting = waitingRoom<WorkerAnswer>();
  let answered = false;
  let idle: (() => void) | undefined;
  worker.addEventListener("message", ({ data }: MessageEvent<Numbered<WorkerAnswer>>) => {
    answered = true;
    waiting.settle(data);
    if (waiting.count === 0) idle?.();
  });
  worker.addEventListener("messageerror", () => die("its answer could not be read"));
  worker.addEventListener("error", ({ message }) => {
    if (answered || message) return die(message || "without a reason");
    waiting.die(notLoaded());
    worker.terminate();
  });
  const die = (reason: string): void => {
    waiting.die(new S2Error("runtime", `The model's worker ended before its work was done (${reason}); load the model again.`));
    worker.terminate();
    idle?.();
  };
  return {
    ask: (request, transfer = []) => waiting.ask((id) => worker.postMessage({ ...request, id }, transfer)),
    kill: () => die("it was ended"),
    async end() {
      if (waiting.dead) return;
      if (waiting.count > 0) await new Promise<void>((resolve) => (idle = resolve));
      die("it was disposed of");
    },
  };
}

/** Each address is written out, for bundlers look for just this: a Worker of a URL of a relative name. */
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
