/** Sessions in the calling thread with any options of ONNX Runtime: bare ones, and the package's own way to run a model on a device. */
import ort from "onnxruntime-node";
import { makeModel } from "../../dist/runtimes/make-model.js";
import { makeServer } from "../../dist/runtimes/serve.js";
import { openSession } from "../../dist/runtimes/session.js";

export const openBare = (file, device, options = {}) =>
  ort.InferenceSession.create(file, { executionProviders: [device], logSeverityLevel: 4, ...options });

export function tensor({ dims, data }) {
  return new ort.Tensor(data instanceof Uint8Array ? "uint8" : data instanceof BigInt64Array ? "int64" : "float32", data, dims);
}

/**
 * Makes a model as `loadModel` does, without a thread of its own.
 * @param options session: options of every session; model: options of the model's own session; tilesPerRun; others as `loadModel` takes them.
 */
export async function modelInThread(file, device, { session = {}, model = {}, tilesPerRun, ...known }) {
  let isModel = true;
  const answer = makeServer({
    importLibrary: async () => ort,
    sessionOptions: (threads, name = "cpu") => {
      const modelOptions = isModel ? model : {};
      isModel = false;
      const base = { intraOpNumThreads: threads, executionProviders: [name], enableCpuMemArena: false, logSeverityLevel: 4 };
      return { ...base, ...session, ...modelOptions };
    },
  });
  const ready = await answer({ kind: "load", model: file, devices: [device], settings: { threads: 1 } });
  if (ready.kind !== "ready") throw new Error(ready.message);
  const line = { ask: (request) => answer(request), end: () => answer({ kind: "stop" }) };
  return makeModel({ ...openSession(line, ready), tilesPerRun }, { source: "bytes", metadata: {} }, known);
}
