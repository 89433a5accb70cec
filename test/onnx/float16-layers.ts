/** Compares a model that computes in float16 with the same model in float32, node by node. */
import { InferenceSession, type Tensor as OrtTensor } from "onnxruntime-node";
import { computeInFloat16, type Float16Options } from "../../src/onnx/float16.ts";
import {
  declaredShape,
  inputsOf,
  type ModelProto,
  shapesOf,
  valueInfo,
  withoutFunctions,
  writeOnnx,
} from "../../src/onnx/index.ts";
import { elementType } from "../../src/onnx/tensor.ts";

/** A float32 value of the model: the root mean square of its error, relative to its own, and its largest magnitude in float32. */
export interface LayerError {
  readonly op: string;
  readonly name: string;
  readonly error: number;
  readonly largest: number;
}

/** The float values that a node gives. */
function floatValues(model: ModelProto): { op: string; name: string }[] {
  const dims = Object.fromEntries((model.graph.input ?? []).map((each) => [each.name, declaredShape(each)]));
  const shapes = shapesOf(model, dims);
  return (model.graph.node ?? []).flatMap(({ opType = "", output = [] }) =>
    output.flatMap((name, i) => (name && i === 0 && shapes.get(name)?.type === "float32" ? [{ op: opType, name }] : [])),
  );
}

/** Runs both forms of a model on one input with every float value as an output. */
export async function layerErrors(file: ModelProto, feed: OrtTensor, options?: Float16Options): Promise<LayerError[]> {
  const model = withoutFunctions(file);
  const values = floatValues(model);
  const { graph } = model;
  const outputs = values.map(({ name }) => valueInfo(name, "float32"));
  const exposed = { ...model, graph: { ...graph, output: outputs } };
  const [full, half] = [await run(exposed, feed), await run(computeInFloat16(exposed, options), feed)];
  return values.map(({ op, name }) => {
    const [a, b] = [full[name].data, half[name].data] as Float32Array[];
    let [errors, squares, largest] = [0, 0, 0];
    for (let i = 0; i < a.length; i++) {
      if (a[i] === b[i]) continue; // -Infinity of a mask, too
      errors += (a[i] - b[i]) ** 2;
    }
    for (const value of a) [squares, largest] = [squares + value ** 2, Math.max(largest, Math.abs(value))];
    return { op, name, error: Math.sqrt(errors / Math.max(squares, 1e-30)), largest };
  });
}

export async function run(model: ModelProto, feed: OrtTensor) {
  const session = await InferenceSession.create(writeOnnx(model), { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const [{ name = "" }] = inputsOf(model.graph);
  const outputs = await session.run({ [name]: feed });
  await session.release();
  return outputs;
}

/** The numbers of nodes by operator and by the type of their first input. */
export function countCasts({ graph }: ModelProto): number {
  return (graph.node ?? []).filter(({ opType }) => opType === "Cast").length;
}

/** The smallest cosine similarity of two outputs' tokens [b, n, c], or of their maps' places [b, c, h, w]. */
export function smallestCosine(a: OrtTensor, b: OrtTensor): number {
  const [x, y] = [a.data, b.data] as Float32Array[];
  const channels = a.dims.length === 4 ? a.dims[1] : a.dims.at(-1)!;
  const step = a.dims.length === 4 ? a.dims[2] * a.dims[3] : 1; // between the channels of a token
  let smallest = 1;
  for (let token = 0; token < x.length / channels; token++) {
    const first = Math.floor(token / step) * step * channels + (token % step);
    let [dot, xx, yy] = [0, 0, 0];
    for (let i = first, c = 0; c < channels; c++, i += step) {
      dot += x[i] * y[i];
      xx += x[i] ** 2;
      yy += y[i] ** 2;
    }
    const cosine = xx === 0 && yy === 0 ? 1 : dot / Math.sqrt(xx * yy);
    if (!(cosine >= smallest)) smallest = cosine; // NaN, too
  }
  return smallest;
}

/** Types of a model's values as its file declares them. */
export const typeOfInput = ({ graph }: ModelProto) => elementType(inputsOf(graph)[0].type?.tensorType?.elemType);
