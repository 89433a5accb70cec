/** What our worker does: loads ONNX Runtime, then a model or graphs, and answers one request after the other. */
import { type GraphSession, graphSession } from "../graph-session.ts";
import type { Numbered } from "../line.ts";
import { type MakeTensor, tensorMaker, valueInfo } from "../ort.ts";
import { runParts } from "../run-parts.ts";
import type { Failed } from "../session-messages.ts";
import type { Opening, RuntimeSettings, WorkerAnswer, WorkerRequest } from "./messages.ts";

type Ort = typeof import("onnxruntime-web/wasm");
type OrtSession = import("onnxruntime-web/wasm").InferenceSession;

/** The worker's global object, as far as it is used (the DOM's types and the worker's exclude each other). */
interface Scope {
  readonly name: string;
  addEventListener(type: "message", listen: (event: { data: Numbered<WorkerRequest> }) => void): void;
  postMessage(message: Numbered<WorkerAnswer>, transfer: ArrayBuffer[]): void;
}
const scope = globalThis as unknown as Scope;

let ort: Ort;
let makeTensor: MakeTensor;
let model: { session: OrtSession; onCpu: boolean } | undefined;
const graphs = new Map<number, { session: OrtSession; graph: GraphSession }>();
let queue: Promise<void> = Promise.resolve();

/**
 * Starts to answer. Where a bundler has put the library into this worker's file, the library starts its own threads from that very
 * file, by another name: there this does nothing.
 */
export function serve(importLibrary: (address?: string) => Promise<Ort>): void {
  if (scope.name.startsWith("em-pthread")) return;
  scope.addEventListener("message", ({ data: request }) => {
    queue = queue.then(async () => {
      const answer = await answerTo(request, importLibrary);
      scope.postMessage({ ...answer, id: request.id }, buffersOf(answer));
    });
  });
}

async function answerTo(request: WorkerRequest, importLibrary: (address?: string) => Promise<Ort>): Promise<WorkerAnswer> {
  try {
    if ("settings" in request && request.settings) await start(request.settings, importLibrary);
  } catch (error) {
    return failed("import", error);
  }
  try {
    return await serveRequest(request);
  } catch (error) {
    return failed(request.kind === "load" || request.kind === "open" ? "create" : "run", error);
  }
}

/** Once a worker: the library reads threads and paths when it creates its first session, and never again. */
async function start({ library, wasmPaths, threads }: RuntimeSettings, importLibrary: (address?: string) => Promise<Ort>) {
  ort = await importLibrary(library);
  ort.env.logLevel = "fatal"; // what it logs it also throws
  ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  makeTensor = tensorMaker(ort.Tensor);
}

async function serveRequest(request: WorkerRequest): Promise<WorkerAnswer> {
  switch (request.kind) {
    case "load":
      return load(request);
    case "run":
      return { kind: "done", outputs: await runParts(model!.session, makeTensor, request, model!.onCpu) };
    case "open":
      return open(request);
    case "feed":
      return { kind: "fed", outputs: await graphs.get(request.graph)!.graph.run(request.feeds) };
    case "state":
      return { kind: "fed", outputs: graphs.get(request.graph)!.graph.state() };
    case "close":
      await graphs.get(request.graph)?.session.release();
      graphs.delete(request.graph);
      return { kind: "fed", outputs: {} };
  }
}

async function load({ model: file, device }: Opening & { kind: "load" }): Promise<WorkerAnswer> {
  const session = await create(file, device);
  model = { session, onCpu: device === "wasm" };
  return ready(session, device);
}

async function open({ graph, file, state }: Opening & { kind: "open" }): Promise<WorkerAnswer> {
  const session = await create(file, "wasm");
  graphs.set(graph, { session, graph: graphSession(session, makeTensor, state) });
  return ready(session, "wasm");
}

function create(file: Uint8Array, device: string): Promise<OrtSession> {
  return ort.InferenceSession.create(file, {
    executionProviders: [device],
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    enableCpuMemArena: false, // an arena keeps what it had at its largest, and WebAssembly's memory never shrinks
    logSeverityLevel: 4,
  });
}

function ready(session: OrtSession, device: string): WorkerAnswer {
  const { numThreads } = ort.env.wasm; // the library lowers it where it cannot have as many
  const [inputs, outputs] = [session.inputMetadata.map(valueInfo), session.outputMetadata.map(valueInfo)];
  return { kind: "ready", device, missing: [], inputs, outputs, threads: numThreads ?? 1 };
}

function failed(stage: Failed["stage"], error: unknown): Failed {
  return { kind: "failed", stage, message: error instanceof Error ? error.message : String(error) };
}

/** What may travel: outputs are the library's copies, the state of a graph stays. */
function buffersOf(answer: WorkerAnswer): ArrayBuffer[] {
  if (answer.kind !== "done") return [];
  return [...new Set(Object.values(answer.outputs).map(({ data }) => data.buffer as ArrayBuffer))];
}
