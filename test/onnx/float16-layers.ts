/** Compares a model that computes in float16 with the same model in float32, node by node. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import {
  computeInFloat16,
  declaredShape,
  inputsOf,
  type ModelProto,
  shapesOf,
  valueInfo,
  withoutFunctions,
  writeOnnx,
} from "../../src/onnx/index.ts";

/** A float32 value of the graph: the error of its float16 form, root mean square relative to its own, and its largest magnitude. */
export interface LayerError {
  readonly op: string;
  readonly name: string;
  readonly error: number;
  readonly largest: number;
}

export interface Compared {
  readonly layers: readonly LayerError[];
  /** Mean cosine similarity of tokens (of maps: of places), by output of the graph. */
  readonly cosine: Readonly<Record<string, number>>;
  /** The rewritten graph. */
  readonly half: ModelProto;
}

/** Runs both forms of a model on one input, with every float value as an output, which does not change how nodes compute. */
export async function compareLayers(file: ModelProto, feed: OrtTensor): Promise<Compared> {
  const model = withoutFunctions(file);
  const { graph } = model;
  const dims = Object.fromEntries((graph.input ?? []).map((each) => [each.name, declaredShape(each)]));
  const shapes = shapesOf(model, dims);
  const values = (graph.node ?? []).flatMap(({ opType: op = "", output: [name = ""] = [] }) =>
    shapes.get(name)?.type === "float32" ? [{ op, name }] : [],
  );
  const outputs = new Set([...values, ...(graph.output ?? [])].map(({ name }) => name!));
  const exposed = { ...model, graph: { ...graph, output: [...outputs].map((name) => valueInfo(name, "float32")) } };
  const [full, half] = [await run(exposed, feed), await run(computeInFloat16(exposed), feed)];
  const layers = values.map((value) => ({ ...value, ...difference(full[value.name], half[value.name]) }));
  const cosine = (graph.output ?? []).map(({ name = "" }) => [name, meanCosine(full[name], half[name])]);
  return { layers, cosine: Object.fromEntries(cosine), half: computeInFloat16(model) };
}

export async function run(model: ModelProto, feed: OrtTensor): Promise<Record<string, OrtTensor>> {
  const session = await InferenceSession.create(writeOnnx(model), { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    return (await session.run({ [inputsOf(model.graph)[0].name!]: feed })) as Record<string, OrtTensor>;
  } finally {
    await session.release();
  }
}

function difference(a: OrtTensor, b: OrtTensor): { error: number; largest: number } {
  const [x, y] = [a.data, b.data] as Float32Array[];
  let [errors, squares, largest] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== y[i]) errors += (x[i] - y[i]) ** 2; // alike may be infinite: a mask
    squares += x[i] ** 2;
    largest = Math.max(largest, Math.abs(x[i]));
  }
  return { error: Math.sqrt(errors / Math.max(squares, 1e-30)), largest };
}

/** Mean cosine similarity of tokens [b, n, c], vectors [b, c] or the places of maps [b, c, h, w]; NaN stays. */
export function meanCosine(a: OrtTensor, b: OrtTensor): number {
  const [x, y] = [a.data, b.data] as Float32Array[];
  const isMap = a.dims.length === 4;
  const channels = isMap ? a.dims[1] : a.dims.at(-1)!;
  const step = isMap ? a.dims[2] * a.dims[3] : 1; // between the channels of a place
  const count = x.length / channels;
  let sum = 0;
  for (let token = 0; token < count; token++) {
    let [dot, xx, yy] = [0, 0, 0];
    let i = Math.floor(token / step) * step * channels + (token % step);
    for (let c = 0; c < channels; c++, i += step) {
      dot += x[i] * y[i];
      xx += x[i] ** 2;
      yy += y[i] ** 2;
    }
    sum += xx === 0 && yy === 0 ? 1 : dot / Math.sqrt(xx * yy);
  }
  return sum / count;
}

/** Images of pseudo-random numbers from -1 to 1 for the model's input, in a batch of one. */
export function noiseFor(model: ModelProto, side = 32): OrtTensor {
  const dims = declaredShape(inputsOf(model.graph)[0]).map((dim, axis) =>
    typeof dim === "number" ? dim : [1, 3, side, side][axis],
  );
  let state = 5;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return new OrtTensor("float32", Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next), dims);
}
