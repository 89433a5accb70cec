/** The thread in which a graph feeds itself: training goes on here. */
import { parentPort } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import { type GraphSession, graphSession } from "../graph-session.ts";
import type { Numbered } from "../line.ts";
import type { LoopAnswer, LoopRequest } from "../loop-messages.ts";
import { tensorMaker } from "../ort.ts";
import { throughGate } from "./thread-gate.ts";

const port = parentPort!;
let session: InferenceSession | undefined;
let graph: GraphSession;
let queue: Promise<void> = Promise.resolve();

port.on("message", (request: Numbered<LoopRequest | { kind: "stop" }>) => {
  queue = queue.then(async () => {
    if (request.kind === "stop") {
      await session?.release();
      port.close();
      return;
    }
    port.postMessage({ ...(await throughGate(() => serve(request))), id: request.id });
  });
});

async function serve(request: LoopRequest): Promise<LoopAnswer> {
  try {
    if (request.kind === "open") return await open(request);
    return { kind: "done", outputs: request.kind === "run" ? await graph.run(request.feeds) : graph.state() };
  } catch (error) {
    return { kind: "failed", message: (error as Error).message };
  }
}

async function open({ file, state, threads }: Extract<LoopRequest, { kind: "open" }>): Promise<LoopAnswer> {
  const ort = await import("onnxruntime-node");
  ort.env.logLevel = "fatal";
  session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    // Sums that an optimizer keeps fade to subnormal numbers, which processors are slow at.
    extra: { session: { force_spinning_stop: "1", set_denormal_as_zero: "1" } },
  });
  graph = graphSession(session, tensorMaker(ort.Tensor), state);
  return { kind: "done", outputs: {} };
}
