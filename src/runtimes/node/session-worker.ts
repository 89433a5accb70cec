/** The thread in which ONNX Runtime lives: `session.run` holds its thread for the whole run, so that must not be the caller's. */

import { parentPort } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import type { Numbered } from "../line.ts";
import { tensorMaker, valueInfo } from "../ort.ts";
import { runParts } from "../run-parts.ts";
import type { Answer, Done, Failed, LoadRequest, Ready, Request, RunRequest } from "../session-messages.ts";
import { throughGate } from "./thread-gate.ts";

const port = parentPort!;
let ort: typeof import("onnxruntime-node");
let session: InferenceSession | undefined;
let onCpu = true;
// One after the other: a run must not meet a session that is being released.
let queue: Promise<void> = Promise.resolve();

port.on("message", (request: Numbered<Request>) => {
  queue = queue.then(() => throughGate(() => serve(request)));
});

async function serve(request: Numbered<Request>): Promise<void> {
  const answer = request.kind === "load" ? await load(request) : request.kind === "run" ? await run(request) : await stop();
  if (!answer) return;
  const arrays = answer.kind === "done" ? Object.values(answer.outputs).map(({ data }) => data.buffer as ArrayBuffer) : [];
  port.postMessage({ ...answer, id: request.id } satisfies Numbered<Answer>, [...new Set(arrays)]);
}

async function load(request: LoadRequest): Promise<Ready | Failed> {
  try {
    ort = await import("onnxruntime-node");
  } catch (error) {
    return failed("import", error);
  }
  // ONNX Runtime logs to stderr what it also throws; thrown is enough. Telemetry: this API has none to switch off.
  ort.env.logLevel = "fatal";
  const missing: { device: string; reason: string }[] = [];
  for (const device of request.devices) {
    try {
      session = await ort.InferenceSession.create(request.model as string, sessionOptions(device, request));
      onCpu = device === "cpu";
      return {
        kind: "ready",
        device,
        missing,
        inputs: session.inputMetadata.map(valueInfo),
        outputs: session.outputMetadata.map(valueInfo),
      };
    } catch (error) {
      missing.push({ device, reason: (error as Error).message });
    }
  }
  return failed("create", new Error(missing.at(-1)?.reason));
}

function sessionOptions(device: string, { threads }: LoadRequest): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // The arena never gives memory back: 205-238 MB without it against 288 MB with it on mixed batches, for 1 % of CPU time.
    enableCpuMemArena: false,
    logSeverityLevel: 4,
    // Threads that spin for work after a run take the cores from whoever is next. Two sessions in turn, ms a tile (DeiT-Tiny, 2 cores,
    // best of 5 processes): 21 spinning, 14.7 never spinning, 14.2 stopping after each run; one alone: 14.3, 14.8 and 14.2.
    extra: { session: { force_spinning_stop: "1" } },
  };
}

async function run(request: RunRequest): Promise<Done | Failed> {
  try {
    return { kind: "done", outputs: await runParts(session!, tensorMaker(ort.Tensor), request, onCpu) };
  } catch (error) {
    return failed("run", error);
  }
}

async function stop(): Promise<void> {
  await session?.release();
  session = undefined;
  port.close();
}

function failed(stage: Failed["stage"], error: unknown): Failed {
  const { message, code } = error as Error & { code?: string };
  return { kind: "failed", stage, message, code };
}
