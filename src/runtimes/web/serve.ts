/** The code of a page's worker: answers one request after the other. */
import type { Numbered } from "../line.ts";
import type { Answer, Request } from "../messages.ts";
import { makeServer, movableBuffers } from "../serve.ts";

type Ort = typeof import("onnxruntime-web/wasm");

/** The used part of the worker's global object (the DOM's types and the worker's exclude each other). */
interface Scope {
  readonly name: string;
  addEventListener(type: "message", listen: (event: { data: Numbered<Request> }) => void): void;
  postMessage(message: Numbered<Answer>, transfer: ArrayBuffer[]): void;
}
const scope = globalThis as unknown as Scope;

/**
 * Starts to answer. Where a bundler has put the library into this worker's file, the library starts its own threads from the same file
 * under another name: there this does nothing.
 */
export function serve(importLibrary: (address?: string) => Promise<Ort>): void {
  if (scope.name.startsWith("em-pthread")) return;
  const answer = makeServer({
    async importLibrary({ library, wasmPaths, threads }) {
      const ort = await importLibrary(library);
      ort.env.wasm.numThreads = threads;
      if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
      return ort;
    },
    download: (tensor) => tensor.getData!(),
    sessionOptions: (_, device = "wasm", strict = false) => ({
      executionProviders: [device],
      enableCpuMemArena: false, // an arena keeps what it had at its largest, and WebAssembly's memory never shrinks
      logSeverityLevel: 4,
      ...(strict && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
    }),
  });
  let queue: Promise<void> = Promise.resolve();
  scope.addEventListener("message", ({ data: { id, ...request } }) => {
    queue = queue.then(async () => {
      const answered = await answer(request as Request);
      scope.postMessage({ ...answered, id }, movableBuffers(answered));
    });
  });
}
