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

/** Adds a linear map of rows [n, channels] to their graph: [n, outputs]. */
export function linearRows(rows: ShapedValue, { weight, bias }: LinearMap): ShapedValue {
  const fixed = ({ dims, data }: Tensor, name: string) => constant(rows.graph, "float32", dims, data, name);
  return Gemm(rows, fixed(weight, "weight"), fixed(bias, "bias"), { transB: 1 });
}

/** Opens a head of rows. `build` makes the result of rows [n, channels] in the graph, `predict` the prediction with `run`. */
export async function openRows<In, Out>(
  openGraph: OpenGraph,
  channels: number,
  build: (rows: ShapedValue) => ShapedValue,
  predict: (input: In, run: (features: Float32Array) => Promise<Float32Array>) => Promise<Out>,
): Promise<OpenedHead<In, Out>> {
  const graph = newGraph(17);
  output(build(input(graph, "features", "float32", ["rows", channels])), "result");
  const opened = await openGraph(writeOnnx(finishGraph(graph, "head")));
  const run = async (data: Float32Array) => {
    const { result } = await opened.run({ features: { dims: [rowCount(data, channels), channels], data } });
    checkFinite(result.data as Float32Array, "The head's result");
    return result.data as Float32Array;
  };
  return { predict: async (given) => predict(given, run), close: () => opened.close() };
}
