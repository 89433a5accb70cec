/** `openGraph`: a graph on onnxruntime-node in the caller's own thread, for many small runs whose data must not travel. */
import { S2Error } from "../../core/index.ts";
import type { OpenedGraph } from "../../onnx/index.ts";
import { closing } from "../closing.ts";
import { graphSession } from "../graph-session.ts";
import { reasonOf, tensorMaker } from "../ort.ts";
import { importError } from "./session.ts";
import { physicalCores } from "./threads.ts";

/**
 * Makes an ONNX file's bytes ready to run on the CPU. Runs hold the calling thread; images go through `loadModel`, whose thread is its own.
 * @throws S2Error "runtime" when the graph does not load or a run fails, "runtime-missing" as `loadModel`.
 */
export async function openGraph(
  file: Uint8Array,
  { threads = physicalCores() }: { threads?: number } = {},
): Promise<OpenedGraph> {
  const ort = await import("onnxruntime-node").catch((error) => Promise.reject(importError(error)));
  ort.env.logLevel = "fatal";
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { force_spinning_stop: "1" } },
  }).catch(refuse);
  const { run } = graphSession(session, tensorMaker(ort.Tensor));
  const { call, close } = closing("graph", () => session.release());
  return { run: (feeds) => call(() => run(feeds).catch(refuse)), close };
}

function refuse(error: Error): never {
  throw new S2Error("runtime", `ONNX Runtime failed on a graph: ${reasonOf(error)}.`, { cause: error });
}
