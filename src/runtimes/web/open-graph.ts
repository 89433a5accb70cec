/** `openGraph` and `openLoop` in a page: graphs of heads and of training share one worker, which ends with the last of them. */
import { S2Error } from "../../core/index.ts";
import type { GraphTensor, LoopedGraph, OpenedGraph } from "../../onnx/index.ts";
import { type Answer, type Failed, type GraphRequest, type OpenRequest, runsOf, tensorsOf, type WasmPaths } from "../messages.ts";
import { reasonOf } from "../ort.ts";
import { closing } from "../session.ts";
import { compact, type Started, startWorker, toConsole } from "./start-worker.ts";

/** Options of the worker that graphs of a device share; those of the first open graph hold. */
export interface OpenGraphOptions {
  threads?: number;
  wasmPaths?: WasmPaths;
  /** "webgpu" runs the graph on the graphics card, in whose memory a state stays, in a worker of its own; default "wasm". */
  device?: "wasm" | "webgpu";
}

/** Workers by their build of onnxruntime-web. */
const shared = new Map<"wasm" | "webgpu", { readonly started: Promise<Started>; readonly open: Set<number> }>();
let last = 0;

/**
 * Opens an ONNX file's bytes in a worker, on the CPU or a graphics card.
 * @throws S2Error "runtime" when the graph cannot be loaded or a run fails, "runtime-missing" as `loadModel`.
 */
export function openGraph(file: Uint8Array, options: OpenGraphOptions = {}): Promise<OpenedGraph> {
  return openLoop(file, {}, options);
}

/** Opens a graph whose inputs named in `state` are fed by the outputs `next/NAME` of the run before. @throws S2Error as `openGraph`. */
export async function openLoop(
  file: Uint8Array,
  state: Readonly<Record<string, GraphTensor>>,
  { device: build = "wasm", ...options }: OpenGraphOptions = {},
): Promise<LoopedGraph> {
  const graph = ++last;
  const request: OpenRequest = { kind: "open", graph, file: compact(file), state, devices: [...new Set([build, "wasm"])] };
  const first = !shared.has(build);
  if (first) shared.set(build, { started: startWorker(build, request, { ...options, notice: toConsole }), open: new Set() });
  const worker = shared.get(build)!;
  worker.open.add(graph);
  const line = async () => (await worker.started).line;
  const { call, close } = closing("graph", async () => {
    worker.open.delete(graph);
    if (worker.open.size > 0) return void (await (await line()).ask({ kind: "close", graph }));
    if (shared.get(build) === worker) shared.delete(build);
    await (await line()).end();
  });
  const ask = (question: GraphRequest): Promise<Answer> =>
    call(async () => {
      const answer = await (await line()).ask(question);
      if (answer.kind === "failed") throw refusal(answer);
      return answer;
    });
  try {
    const answer = first ? (await worker.started).answer : await (await line()).ask(request);
    if (answer.kind === "failed") throw refusal(answer);
    for (const { reason } of answer.kind === "ready" ? answer.missing : [])
      toConsole({ code: "device-failed", message: `${reason}; the graph runs on WebAssembly` });
  } catch (error) {
    await close().catch(() => {}); // where the worker did not start there is nothing to close
    throw error;
  }
  return {
    run: async (feeds) => tensorsOf(await ask({ kind: "feed", graph, feeds })),
    start: async (feeds) => void (await ask({ kind: "start", graph, feeds })),
    outputs: async () => runsOf(await ask({ kind: "outputs", graph })),
    state: async () => tensorsOf(await ask({ kind: "state", graph })),
    close,
  };
}

const refusal = (failed: Failed): S2Error => new S2Error("runtime", `ONNX Runtime failed on a graph: ${reasonOf(failed)}.`);
