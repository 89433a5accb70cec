/** `openGraph`: a graph on onnxruntime-node in the caller's own thread, for many small runs whose data must not travel. */
import type { OpenedGraph } from "../../onnx/index.ts";
import { graphSession } from "../graph-session.ts";
import { tensorMaker } from "../ort.ts";
import { physicalCores } from "./threads.ts";

/**
 * Makes an ONNX file's bytes ready to run on the CPU. Runs hold the calling thread; photos go through `loadModel`, whose thread is its own.
 * @throws onnxruntime's error when the graph cannot be loaded.
 */
export async function openGraph(
  file: Uint8Array,
  { threads = physicalCores() }: { threads?: number } = {},
): Promise<OpenedGraph> {
  const ort = await import("onnxruntime-node");
  ort.env.logLevel = "fatal";
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { force_spinning_stop: "1" } },
  });
  return { run: graphSession(session, tensorMaker(ort.Tensor)).run, close: () => session.release() };
}
