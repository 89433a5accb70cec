/** The parts that models are made of, each with its weights: linear, norm, convolution. Names of nodes are the weights'. */
import {
  Add,
  Conv,
  constant,
  type Graph,
  LayerNormalization,
  MatMul,
  type ShapedValue,
  scope,
  type Value,
} from "../onnx/index.ts";
import type { Weight, Weights } from "./weights.ts";

/** A weight as a constant of the graph, named in the current scope. */
export function parameter(graph: Graph, weight: Weight, name: string): ShapedValue {
  return constant(graph, "float32", weight.dims, weight.data, name);
}

/** Builds within the scope of the weights' last name: `part(x, w.under("attn"), ...)` names its nodes "attn". */
export function part<T>(graph: Graph, weights: Weights, build: () => T): T {
  return scope(graph, weights.path.split(".").at(-1)!, build);
}

/** x·Wᵀ + b; torch keeps W as [out, in]. The bias is left out where the file has none. */
export function linear(x: ShapedValue, weights: Weights, features: number): ShapedValue {
  return part(x.graph, weights, () => {
    const inputs = x.dims.at(-1) as number;
    const product = MatMul(x, parameter(x.graph, transposed(weights.get("weight", [features, inputs])), "weight"));
    return weights.has("bias") ? Add(product, parameter(x.graph, weights.get("bias", [features]), "bias")) : product;
  });
}

/** [rows, cols] as [cols, rows]. */
export function transposed({ dims: [rows, cols], data }: Weight): Weight {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) result[col * rows + row] = data[row * cols + col];
  }
  return { dims: [cols, rows], data: result };
}

/** Over the last axis. */
export function layerNorm(x: ShapedValue, weights: Weights, epsilon: number): ShapedValue {
  const channels = x.dims.at(-1) as number;
  return part(x.graph, weights, () => {
    const scale = parameter(x.graph, weights.get("weight", [channels]), "weight");
    const bias = weights.has("bias") ? parameter(x.graph, weights.get("bias", [channels]), "bias") : undefined;
    return LayerNormalization(x, scale, bias, { epsilon });
  });
}

/** A convolution over [b, c, h, w]; torch's weight is [out, in / group, h, w] as ONNX's. */
export function conv(
  x: ShapedValue,
  weights: Weights,
  {
    channels,
    kernel,
    stride = 1,
    padding = 0,
    group = 1,
  }: { channels: number; kernel: number; stride?: number; padding?: number; group?: number },
): ShapedValue {
  return part(x.graph, weights, () => {
    const weight = weights.get("weight", [channels, (x.dims[1] as number) / group, kernel, kernel]);
    const bias: Value | undefined = weights.has("bias") ? parameter(x.graph, weights.get("bias", [channels]), "bias") : undefined;
    const options = { strides: [stride, stride], pads: [padding, padding, padding, padding], group };
    return Conv(x, parameter(x.graph, weight, "weight"), bias, options);
  });
}
