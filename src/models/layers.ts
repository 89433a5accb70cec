/** Layers with their weights: linear, norm, convolution. Nodes are named after the weights. */
import {
  Conv,
  constant,
  type Dim,
  Gemm,
  type Graph,
  LayerNormalization,
  Reshape,
  type ShapedValue,
  scope,
  type Value,
} from "../onnx/index.ts";
import { planesToRows, rowsToPlanes } from "./feature-maps.ts";
import type { Weight, Weights } from "./weights.ts";

/** Adds a weight as a constant, named in the current scope. */
export function parameter(graph: Graph, weight: Weight, name: string): ShapedValue {
  return constant(graph, "float32", weight.dims, weight.data, name);
}

/** Builds within the scope of the weights' last name: `scoped(x, w.under("attn"), ...)` names its nodes "attn". */
export function scoped<T>(graph: Graph, weights: Weights, build: () => T): T {
  return scope(graph, weights.path.split(".").at(-1)!, build);
}

/** x·Wᵀ + b; torch keeps W as [out, in]. */
export interface Affine {
  readonly weight: Weight;
  readonly bias?: Weight;
}

/** Reads a linear layer's weights; by default it has a bias if the file has one. */
export function readAffine(weights: Weights, features: number, inputs: number, bias = weights.has("bias")): Affine {
  return { weight: weights.get("weight", [features, inputs]), ...(bias && { bias: weights.get("bias", [features]) }) };
}

/**
 * Adds a linear layer in the current scope, as Gemm of all tokens at once: the bias is added within the product, and the two changes
 * of shape cost nothing.
 */
export function affine(x: ShapedValue, { weight, bias }: Affine): ShapedValue {
  const [features, inputs] = weight.dims;
  const matrix = parameter(x.graph, transposed(weight), "weight");
  const offset = bias && parameter(x.graph, bias, "bias");
  if (x.dims.length === 2) return Gemm(x, matrix, offset);
  const product = Gemm(Reshape(x, [-1, inputs]), matrix, offset);
  return rowsAs(product, [...x.dims.slice(0, -1), features]);
}

/** Reshapes [rows, c] to tokens or pixels; the batch is inferred. */
function rowsAs(rows: ShapedValue, dims: readonly Dim[]): ShapedValue {
  const shape = dims.map((dim) => (typeof dim === "string" ? -1 : dim));
  return { ...Reshape(rows, shape), dims };
}

/** Adds a linear layer, scoped by its weights; its outputs are multiplied by `gain` (the layer scale). */
export function linear(
  x: ShapedValue,
  weights: Weights,
  features: number,
  { bias, gain }: { bias?: boolean; gain?: Float32Array } = {},
): ShapedValue {
  const layer = readAffine(weights, features, x.dims.at(-1) as number, bias);
  return scoped(x.graph, weights, () => affine(x, gain ? amplified(layer, gain) : layer));
}

/** Multiplies each output by its `gain` within the weights: gain·(x·Wᵀ + b). */
export function amplified({ weight, bias }: Affine, gain: ArrayLike<number>): Affine {
  return { weight: rowsTimes(weight, gain), ...(bias && { bias: rowsTimes(bias, gain) }) };
}

function rowsTimes({ dims, data }: Weight, gain: ArrayLike<number>): Weight {
  const result = new Float32Array(data.length);
  const length = data.length / dims[0];
  for (let row = 0, i = 0; row < dims[0]; row++) {
    for (const end = i + length; i < end; i++) result[i] = data[i] * gain[row];
  }
  return { dims, data: result };
}

/** Transposes a matrix. */
export function transposed({ dims: [rows, cols], data }: Weight): Weight {
  const result = new Float32Array(data.length);
  // Strips of rows keep the written elements in the cache, which halves the time.
  for (let start = 0; start < rows; start += 32) {
    const end = Math.min(start + 32, rows);
    for (let col = 0; col < cols; col++)
      for (let row = start; row < end; row++) result[col * rows + row] = data[row * cols + col];
  }
  return { dims: [cols, rows], data: result };
}

/** Adds a layer norm over the last axis; its outputs are multiplied by `gain` (the layer scale). */
export function layerNorm(x: ShapedValue, weights: Weights, epsilon: number, gain?: Float32Array): ShapedValue {
  const channels = x.dims.at(-1) as number;
  return scoped(x.graph, weights, () => {
    const [scale, bias] = ["weight", "bias"].map((name) => {
      const values = weights.get(name, [channels]);
      return parameter(x.graph, gain ? rowsTimes(values, gain) : values, name);
    });
    return LayerNormalization(x, scale, bias, { epsilon });
  });
}

/** Adds a layer norm of each pixel's channels, in planes. */
export function planesNorm(planes: ShapedValue, weights: Weights, epsilon: number, gain?: Float32Array): ShapedValue {
  return rowsToPlanes(layerNorm(planesToRows(planes), weights, epsilon, gain));
}

export interface ConvLayout {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on all sides, or at the top, left, bottom and right. */
  readonly padding?: number | readonly [top: number, left: number, bottom: number, right: number];
  readonly group?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
}

/** Reads a convolution's weights for `inputs` channels; torch's are [out, in / group, h, w] as ONNX's. */
export function readConv(weights: Weights, inputs: number, layout: ConvLayout): Affine {
  const { channels, kernel, group = 1, bias = weights.has("bias") } = layout;
  const weight = weights.get("weight", [channels, inputs / group, kernel, kernel]);
  return { weight, ...(bias && { bias: weights.get("bias", [channels]) }) };
}

/** Adds a convolution over [b, c, h, w] in the current scope. */
export function convolve(x: ShapedValue, { weight, bias }: Affine, layout: Omit<ConvLayout, "channels" | "kernel">): ShapedValue {
  const { stride = 1, padding = 0, group = 1, dilation = 1 } = layout;
  const pads = typeof padding === "number" ? Array<number>(4).fill(padding) : padding;
  const shift: Value | undefined = bias && parameter(x.graph, bias, "bias");
  const window = { strides: [stride, stride], pads, group, ...(dilation > 1 && { dilations: [dilation, dilation] }) };
  return Conv(x, parameter(x.graph, weight, "weight"), shift, window);
}

/** Adds a convolution over [b, c, h, w], scoped by its weights. */
export function conv(x: ShapedValue, weights: Weights, layout: ConvLayout): ShapedValue {
  return scoped(x.graph, weights, () => convolve(x, readConv(weights, x.dims[1] as number, layout), layout));
}

/**
 * Adds a convolution and the batch norm after it as one convolution, scoped by its weights: once trained, the norm multiplies each
 * channel by g / sqrt(variance + epsilon) and shifts it (arXiv 1502.03167, section 3.1).
 */
export function normedConv(x: ShapedValue, weights: Weights, norm: Weights, layout: ConvLayout, epsilon: number): ShapedValue {
  const [scale, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
    (name) => norm.get(name, [layout.channels]).data,
  );
  const layer = readConv(weights, x.dims[1] as number, layout);
  const gain = Float64Array.from(scale, (value, i) => value / Math.sqrt(variance[i] + epsilon));
  const bias = Float32Array.from(shift, (value, i) => value + ((layer.bias?.data[i] ?? 0) - mean[i]) * gain[i]);
  const both = { ...amplified(layer, gain), bias: { dims: [layout.channels], data: bias } };
  return scoped(x.graph, weights, () => convolve(x, both, layout));
}

/** A linear layer as a convolution of single pixels. */
export const asConv = ({ weight, bias }: Affine): Affine => ({ weight: { ...weight, dims: [...weight.dims, 1, 1] }, bias });

/** Adds a linear layer at each pixel of planes: as a convolution it is faster than a product of rows where maps lie as planes anyway. */
export function pointwise(x: ShapedValue, weights: Weights, features: number, gain?: Float32Array): ShapedValue {
  const layer = readAffine(weights, features, x.dims[1] as number);
  return scoped(x.graph, weights, () => convolve(x, asConv(gain ? amplified(layer, gain) : layer), {}));
}

/** Rows [from, to) of a layer. */
export function rowsOf({ weight, bias }: Affine, from: number, to: number): Affine {
  const of = ({ dims: [rows, ...rest], data }: Weight): Weight => {
    const row = data.length / rows;
    return { dims: [to - from, ...rest], data: data.subarray(from * row, to * row) };
  };
  return { weight: of(weight), ...(bias && { bias: of(bias) }) };
}
