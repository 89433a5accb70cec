/** Bare sessions of onnxruntime-node, with nothing of ours around them, and the feeds that a file's inputs declare. */
import * as ort from "onnxruntime-node";

/** Opens a file on a device; the options are onnxruntime's. */
export function openSession(file, device, { provider = {}, ...options } = {}) {
  const executionProviders = [{ name: device, ...provider }];
  return ort.InferenceSession.create(file, { logSeverityLevel: 3, executionProviders, ...options });
}

const arrays = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array };

/** Tensors for all inputs of a session; `batch` stands for every free dimension. */
export function feedsFor(session, batch) {
  const feeds = {};
  for (const { name, type, shape } of session.inputMetadata) {
    const dims = shape.map((dim) => (typeof dim === "number" && dim > 0 ? dim : batch));
    const data = new arrays[type](dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) {
      const value = Math.sin(i * 0.37) + Math.sin(i * 0.011);
      if (type === "float16")
        data[i] = value < 0 ? 0xb800 : 0x3800; // -0.5 and 0.5, for Node 20 has no Float16Array
      else data[i] = type === "int64" ? 1n : type === "uint8" ? 128 + value * 60 : value;
    }
    feeds[name] = new ort.Tensor(type, data, dims);
  }
  return feeds;
}

export const tensor = ({ dims, data }) => new ort.Tensor(data instanceof Uint8Array ? "uint8" : "float32", data, dims);

/** Cosine of two outputs as whole vectors, and their largest difference. */
export function difference(a, b) {
  if (a.length !== b.length) throw new Error(`The outputs have ${a.length} and ${b.length} numbers: not the same work.`);
  let [dot, aa, bb, most] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    const gap = Math.abs(a[i] - b[i]);
    if (!(gap <= most)) most = gap; // NaN stays
  }
  return { cosine: dot / Math.sqrt(aa * bb), most };
}
