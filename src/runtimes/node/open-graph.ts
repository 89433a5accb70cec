/** `openGraph` and `openLoop`: graphs of heads and of training on onnxruntime-node. */
import { S2Error } from "../../core/index.ts";
import type { GraphTensor, LoopedGraph, OpenedGraph } from "../../onnx/index.ts";
import { graphSession } from "../graph-session.ts";
import { type Answer, type Ready, type Request, runsOf, tensorsOf } from "../messages.ts";
import { reasonOf, tensorMaker } from "../ort.ts";
import { closing } from "../session.ts";
import { devicesOf, importError, warnOfDevices } from "./session.ts";
import { openLine } from "./thread-line.ts";
import { physicalCores, sessionOptions } from "./threads.ts";

/**
 * Opens an ONNX file's bytes on the CPU, in the calling thread: for many small runs whose data need not travel. Images go through
 * `loadModel`, which has a thread of its own.
 * @throws S2Error "runtime" when the graph does not load or a run fails, "runtime-missing" as `loadModel`.
 */
export async function openGraph(
  file: Uint8Array,
  { threads = physicalCores() }: { threads?: number } = {},
): Promise<OpenedGraph> {
  const ort = await import("onnxruntime-node").catch((error) => Promise.reject(importError(error)));
  ort.env.logLevel = "fatal";
  const session = await ort.InferenceSession.create(file, sessionOptions(threads)).catch(refuse);
  const { run } = graphSession(session, tensorMaker(ort.Tensor));
  const { call, close } = closing("graph", () => session.release());
  return { run: (feeds) => call(() => run(feeds).catch(refuse)), close };
}

/**
 * Opens a graph that feeds itself, in a thread of its own: training goes on there while the caller makes the next batch. The inputs named
 * in `state` are fed by the outputs `next/NAME` of the run before; with the device "webgpu" they stay in the card's memory. Devices are those
 * of `loadModel`. One that cannot be used is a warning, S2_DEVICE; so are operators that it does not have and that run on the CPU.
 * @throws S2Error "runtime" when the graph does not load or a run fails, "runtime-missing" as `loadModel`.
 */
export async function openLoop(
  file: Uint8Array,
  state: Readonly<Record<string, GraphTensor>>,
  { threads = physicalCores(), device }: { threads?: number; device?: string | readonly string[] } = {},
): Promise<LoopedGraph> {
  const line = openLine<Request, Answer>(new URL("./session-worker.js", import.meta.url));
  const ask = async (request: Request, transfer: ArrayBuffer[] = []) => {
    const answer = await line.ask(request, transfer);
    if (answer.kind === "failed") throw answer.stage === "import" ? importError(answer) : refuse(answer);
    if (answer.kind === "ready") warn(answer);
    return answer;
  };
  try {
    await ask({ kind: "open", graph: 0, file, state, devices: devicesOf(device), settings: { threads } });
  } catch (error) {
    await line.end();
    throw error;
  }
  const { call, close } = closing("graph", () => line.end());
  const send = (kind: "feed" | "start", feeds: Readonly<Record<string, GraphTensor>>) => {
    const buffers = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
    return call(() => ask({ kind, graph: 0, feeds }, [...new Set(buffers)]));
  };
  return {
    run: async (feeds) => tensorsOf(await send("feed", feeds)),
    start: async (feeds) => void (await send("start", feeds)),
    outputs: async () => runsOf(await call(() => ask({ kind: "outputs", graph: 0 }))),
    state: async () => tensorsOf(await call(() => ask({ kind: "state", graph: 0 }))),
    close,
  };
}

function warn(ready: Ready): void {
  warnOfDevices(ready, "graph");
  if (!ready.onCpu?.length) return;
  const message = `The device "${ready.device}" does not have ${ready.onCpu.join(", ")}; these operators of the graph run on the CPU, to which their data is copied in every run.`;
  process.emitWarning(message, { code: "S2_DEVICE" });
}

function refuse(error: Pick<Error, "message">): never {
  throw new S2Error("runtime", `ONNX Runtime failed on a graph: ${reasonOf(error)}.`, { cause: error });
}
