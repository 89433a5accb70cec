/** `openGraph`: a graph on onnxruntime-node in the caller's own thread, for many small runs whose data must not travel. */
import type { GraphTensor, OpenedGraph } from "../../onnx/index.ts";
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
  return {
    async run(feeds) {
      const results = await session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, { dims, data }]) => [name, new ort.Tensor(typeOf(data), data, dims)]),
        ),
      );
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: data as GraphTensor["data"] }]),
      );
    },
    close: () => session.release(),
  };
}

/** The element type of an array, as ONNX Runtime calls it. */
export function typeOf(data: GraphTensor["data"]): "float32" | "int64" | "int32" | "uint8" {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  return data instanceof Int32Array ? "int32" : "uint8";
}
