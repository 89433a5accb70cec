/** Linear maps of features as graphs: what probes, prototypes, segmentation, depth and counts have in common. */
import { checkFinite, type Tensor } from "../core/index.ts";
import {
  constant,
  finishGraph,
  Gemm,
  input,
  newGraph,
  type OpenGraph,
  output,
  type ShapedValue,
  writeOnnx,
} from "../onnx/index.ts";
import { rowCount } from "./batches.ts";
import type { LinearMap } from "./standardize.ts";

/** A head that is ready to run. */
export interface OpenedHead<In, Out> {
  /** @throws S2Error "rows" for features that the head was not made for; "not-finite" when the result overflows. */
  predict(input: In): Promise<Out>;
  /** Frees the graph. */
  close(): Promise<void>;
}

/** Opens a linear map. `finish` makes the result of the scores in the graph, `predict` the prediction with `run`. */
export async function openLinear<In, Out>(
  openGraph: OpenGraph,
  { weight, bias }: LinearMap,
  finish: (scores: ShapedValue) => ShapedValue,
  predict: (input: In, run: (features: Float32Array) => Promise<Float32Array>) => Promise<Out>,
): Promise<OpenedHead<In, Out>> {
  const channels = weight.dims[1];
  const graph = newGraph(17);
  const features = input(graph, "features", "float32", ["rows", channels]);
  const fixed = ({ dims, data }: Tensor, name: string) => constant(graph, "float32", dims, data, name);
  output(finish(Gemm(features, fixed(weight, "weight"), fixed(bias, "bias"), { transB: 1 })), "result");
  const opened = await openGraph(writeOnnx(finishGraph(graph, "head")));
  const run = async (data: Float32Array) => {
    const { result } = await opened.run({ features: { dims: [rowCount(data, channels), channels], data } });
    checkFinite(result.data as Float32Array, "The head's result");
    return result.data as Float32Array;
  };
  return { predict: async (given) => predict(given, run), close: () => opened.close() };
}
