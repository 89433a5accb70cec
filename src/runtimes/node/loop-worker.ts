/** The thread in which a graph feeds itself: state stays in ONNX Runtime's buffers from run to run. */
import { parentPort } from "node:worker_threads";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { GraphTensor } from "../../onnx/index.ts";
import type { LoopAnswer, LoopRequest } from "./loop-messages.ts";
import { typeOf } from "./open-graph.ts";
import type { Numbered } from "./session-messages.ts";

const port = parentPort!;
let ort: typeof import("onnxruntime-node");
let session: InferenceSession;
let state: Record<string, Tensor> = {};
let queue: Promise<void> = Promise.resolve();

port.on("message", (request: Numbered<LoopRequest | { kind: "stop" }>) => {
  queue = queue.then(async () => {
    if (request.kind === "stop") {
      await session?.release();
      port.close();
      return;
    }
    port.postMessage({ ...(await serve(request)), id: request.id });
  });
});

async function serve(request: LoopRequest): Promise<LoopAnswer> {
  try {
    if (request.kind === "open") return await open(request);
    if (request.kind === "run") return await run(request.feeds);
    return { kind: "done", outputs: plain(state) };
  } catch (error) {
    return { kind: "failed", message: (error as Error).message };
  }
}

async function open({ file, state: first, threads }: Extract<LoopRequest, { kind: "open" }>): Promise<LoopAnswer> {
  ort = await import("onnxruntime-node");
  ort.env.logLevel = "fatal";
  session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { force_spinning_stop: "1" } },
  });
  state = tensors(first);
  return { kind: "done", outputs: {} };
}

async function run(feeds: Readonly<Record<string, GraphTensor>>): Promise<LoopAnswer> {
  const results = await session.run({ ...state, ...tensors(feeds) });
  const others: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(results)) {
    if (name.startsWith("next/")) state[name.slice("next/".length)] = value;
    else others[name] = value;
  }
  return { kind: "done", outputs: plain(others) };
}

function tensors(given: Readonly<Record<string, GraphTensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(given).map(([name, { dims, data }]) => [name, new ort.Tensor(typeOf(data), data, dims)]),
  );
}

function plain(given: Readonly<Record<string, Tensor>>): Record<string, GraphTensor> {
  return Object.fromEntries(
    Object.entries(given).map(([name, { dims, data }]) => [name, { dims, data: data as GraphTensor["data"] }]),
  );
}
