/** `openGraph` and `openLoop` in a page: graphs of heads and of training share one worker, which ends with the last of them. */
import { S2Error } from "../../core/index.ts";
import type { GraphTensor, LoopedGraph, OpenedGraph } from "../../onnx/index.ts";
import type { Tensors } from "../graph-session.ts";
import { reasonOf } from "../ort.ts";
import type { Failed } from "../session-messages.ts";
import type { Opening, WasmPaths, WorkerRequest } from "./messages.ts";
import { toConsole } from "./notice.ts";
import { type Started, startWorker } from "./start-worker.ts";

/** Of the first graph that is open: the others share its worker. */
export interface OpenGraphOptions {
  threads?: number;
  wasmPaths?: WasmPaths;
}

let shared: { readonly started: Promise<Started>; readonly open: Set<number> } | undefined;
let last = 0;

/**
 * Makes an ONNX file's bytes ready to run on the CPU, in a worker.
 * @throws S2Error "runtime" when the graph cannot be loaded or a run fails, "runtime-missing" as `loadModel`.
 */
export async function openGraph(file: Uint8Array, options: OpenGraphOptions = {}): Promise<OpenedGraph> {
  const { ask, close } = await open(file, undefined, options);
  return { run: (feeds) => ask((graph) => ({ kind: "feed", graph, feeds })), close };
}

/** Opens a graph whose inputs named in `state` are fed by the outputs `next/NAME` of the run before. @throws S2Error as `openGraph`. */
export async function openLoop(
  file: Uint8Array,
  state: Readonly<Record<string, GraphTensor>>,
  options: OpenGraphOptions = {},
): Promise<LoopedGraph> {
  const { ask, close } = await open(file, state, options);
  return {
    run: (feeds) => ask((graph) => ({ kind: "feed", graph, feeds })),
    state: () => ask((graph) => ({ kind: "state", graph })),
    close,
  };
}

async function open(bytes: Uint8Array, state: Tensors | undefined, options: OpenGraphOptions) {
  const graph = ++last;
  const file = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice(); // a message carries all behind a view
  const request: Opening = { kind: "open", graph, file, ...(state && { state }) };
  const first = shared === undefined;
  const worker = (shared ??= { started: startWorker("wasm", request, { ...options, notice: toConsole }), open: new Set() });
  worker.open.add(graph);
  const line = async () => (await worker.started).line;
  const close = async (): Promise<void> => {
    if (!worker.open.delete(graph)) return;
    if (worker.open.size > 0) return void (await (await line()).ask({ kind: "close", graph }));
    if (shared === worker) shared = undefined;
    await (await line()).end();
  };
  const ask = async (make: (graph: number) => WorkerRequest): Promise<Record<string, GraphTensor>> => {
    if (!worker.open.has(graph)) throw new S2Error("disposed", "The graph was closed and cannot run; open it again.");
    const answer = await (await line()).ask(make(graph));
    if (answer.kind === "fed") return answer.outputs;
    throw refusal(answer as Failed);
  };
  try {
    const answer = first ? (await worker.started).answer : await (await line()).ask(request);
    if (answer.kind === "failed") throw refusal(answer);
  } catch (error) {
    await close().catch(() => {}); // where the worker did not start there is nothing to close
    throw error;
  }
  return { ask, close };
}

const refusal = (failed: Failed): S2Error => new S2Error("runtime", `ONNX Runtime failed on a graph: ${reasonOf(failed)}.`);
