/** The thread in which ONNX Runtime lives: `session.run` holds its thread for the whole run, so that must not be the caller's. */

import { parentPort } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import type { Tensor } from "../../core/index.ts";
import type { ValueInfo } from "../graph.ts";
import { type FloatTensor, toFloat32 } from "../half.ts";
import type { Answer, Done, Failed, LoadRequest, Numbered, Ready, Request, RunRequest } from "./session-messages.ts";

const port = parentPort!;
let ort: typeof import("onnxruntime-node");
let session: InferenceSession | undefined;
let onCpu = true;
// One after the other: a run must not meet a session that is being released.
let queue: Promise<void> = Promise.resolve();

port.on("message", (request: Numbered<Request>) => {
  queue = queue.then(() => serve(request));
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
        inputs: session.inputMetadata.map(info),
        outputs: session.outputMetadata.map(info),
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

/**
 * Images that the graph sees at a time, at most. The activations of more do not fit the caches: 27.1 ms a tile in twos to fours, 28.2 in nines,
 * 32.6 in 28s (DeiT-Tiny, one thread); and they take memory.
 */
const together = 4;

async function run({ dims, data, input, outputs }: RunRequest): Promise<Done | Failed> {
  try {
    const [batch, ...rest] = dims;
    const size = data.length / batch;
    const runs = onCpu && !fixedBatch(input) ? Math.ceil(batch / together) : 1;
    const step = Math.ceil(batch / runs); // nine are three times three, not 4 + 4 + 1
    const parts: Record<string, Tensor>[] = [];
    for (let from = 0; from < batch; from += step) {
      const count = Math.min(step, batch - from);
      const images = new ort.Tensor("float32", data.subarray(from * size, (from + count) * size), [count, ...rest]);
      const results = await session!.run({ [input]: images }, outputs);
      parts.push(Object.fromEntries(outputs.map((name) => [name, toFloat32(results[name] as FloatTensor)])));
    }
    const all = outputs.map((name) => [
      name,
      joinParts(
        parts.map((part) => part[name]),
        step,
      ),
    ]);
    return { kind: "done", outputs: Object.fromEntries(all) };
  } catch (error) {
    return failed("run", error);
  }
}

function fixedBatch(input: string): boolean {
  const value = session!.inputMetadata.find(({ name }) => name === input);
  return value?.isTensor === true && typeof value.shape[0] === "number";
}

/** Outputs of parts of a batch as one; one that has nothing to do with the batch is the same in every part. */
function joinParts(parts: readonly Tensor[], step: number): Tensor {
  const [first, second] = parts;
  if (!second || first.dims[0] !== step) return first;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dims: [parts.reduce((sum, { dims }) => sum + dims[0], 0), ...parts[0].dims.slice(1)], data };
}

async function stop(): Promise<void> {
  await session?.release();
  session = undefined;
  port.close();
}

function info(value: InferenceSession.ValueMetadata): ValueInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: "not a tensor", shape: [] };
}

function failed(stage: Failed["stage"], error: unknown): Failed {
  const { message, code } = error as Error & { code?: string };
  return { kind: "failed", stage, message, code };
}
