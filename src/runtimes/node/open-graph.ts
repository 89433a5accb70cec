/** `openGraph` and `openLoop`: graphs of heads and of training on onnxruntime-node. */
import { S2Error } from "../../core/index.ts";
import type { GraphTensor, LoopedGraph, OpenedGraph } from "../../onnx/index.ts";
import { graphSession } from "../graph-session.ts";
import type { Answer, Request } from "../messages.ts";
import { reasonOf, tensorMaker } from "../ort.ts";
import { closing } from "../session.ts";
import { importError } from "./session.ts";
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
 * in `state` are fed by the outputs `next/NAME` of the run before.
 * @throws S2Error "runtime" when the graph does not load or a run fails, "runtime-missing" as `loadModel`.
 */
export async function openLoop(
  file: Uint8Array,
  state: Readonly<Record<string, GraphTensor>>,
  { threads = physicalCores() }: { threads?: number } = {},
): Promise<LoopedGraph> {
  const line = openLine<Request, Answer>(new URL("./session-worker.js", import.meta.url));
  const ask = async (request: Request, transfer: ArrayBuffer[] = []) => {
    const answer = await line.ask(request, transfer);
    if (answer.kind === "failed") throw answer.stage === "import" ? importError(answer) : refuse(answer);
    return answer.kind === "fed" ? answer.outputs : {};
  };
  try {
    await ask({ kind: "open", graph: 0, file, state, settings: { threads } });
  } catch (error) {
    await line.end();
    throw error;
  }
  const { call, close } = closing("graph", () => line.end());
  return {
    run: (feeds) => {
      const buffers = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
      return call(() => ask({ kind: "feed", graph: 0, feeds }, [...new Set(buffers)]));
    },
    state: () => call(() => ask({ kind: "state", graph: 0 })),
    close,
  };
}

function refuse(error: Pick<Error, "message">): never {
  throw new S2Error("runtime", `ONNX Runtime failed on a graph: ${reasonOf(error)}.`, { cause: error });
}
