/** Multi-head self-attention (Vaswani et al., arXiv 1706.03762) from whatever way a library keeps its weights. */
import { Add, MatMul, Reshape, type ShapedValue, Softmax, Transpose } from "../onnx/index.ts";
import { type Affine, affine, amplified, readAffine, rowsOf, scoped } from "./layers.ts";
import { type RotaryTables, rotated } from "./position.ts";
import type { Weight, Weights } from "./weights.ts";

/** Tensors that lie on top of each other, each `multiple` times dim high; zeros where there is none. */
type Stack = readonly (readonly [name: string | undefined, multiple: number])[];

/** The projections of queries, keys and values as a library stores them. */
export interface Projections {
  readonly weights: Stack;
  readonly biases: Stack;
}

/** Layers in the order of queries, keys and values, each with the number of these that it makes. */
function stacked(layers: readonly (readonly [name: string, multiple: number, bias: boolean])[]): Projections {
  return {
    weights: layers.map(([name, multiple]) => [`${name}.weight`, multiple]),
    biases: layers.some(([, , bias]) => bias)
      ? layers.map(([name, multiple, bias]) => [bias ? `${name}.bias` : undefined, multiple])
      : [],
  };
}

/** One layer for all three. */
export const fused = (bias: boolean): Projections => stacked([["qkv", 3, bias]]);

/** A layer for each, and which of them have a bias. */
export const separate = (q: boolean, k: boolean, v: boolean): Projections =>
  stacked([
    ["q_proj", 1, q],
    ["k_proj", 1, k],
    ["v_proj", 1, v],
  ]);

/** A layer for the query, another for keys and values. */
export const latent: Projections = stacked([
  ["q", 1, true],
  ["kv", 2, true],
]);

export interface Attention {
  readonly heads: number;
  readonly projections: Projections;
  /** True when the layer after attention has a bias. */
  readonly bias: boolean;
}

/** x [n, b, dim], tokens outermost, attending to itself; `gain` is the layer scale, `rotary` turns queries and keys by their places, `mask` [n, n] is added to the scores. */
export function attention(
  x: ShapedValue,
  weights: Weights,
  { heads, projections, bias }: Attention,
  { rotary, gain, mask }: { rotary?: RotaryTables; gain?: Float32Array; mask?: ShapedValue } = {},
): ShapedValue {
  const dim = x.dims.at(-1) as number;
  return scoped(x.graph, weights, () => {
    const all = readProjections(weights, projections, dim, heads);
    const [q, k, v] = [0, 1, 2].map((i) => rowsOf(all, i * dim, (i + 1) * dim));
    const output = readAffine(weights.under("proj"), dim, dim, bias);
    const scaled = (layer: Affine) => (gain ? amplified(layer, gain) : layer);
    const project = (...layers: Affine[]) => scoped(x.graph, weights.under("qkv"), () => layers.map((layer) => affine(x, layer)));
    const finish = (joined: ShapedValue, layer: Affine) =>
      scoped(x.graph, weights.under("proj"), () => affine(joined, scaled(layer)));
    if (rotary) {
      const [queries, keys, values] = project(q, k, v).map((each) => Transpose(inHeads(each, heads), [1, 2, 0, 3]));
      const turned = Transpose(rotated(keys, rotary), [0, 1, 3, 2]);
      return finish(tokensOutermost(MatMul(Softmax(MatMul(rotated(queries, rotary), turned)), values)), output);
    }
    // A key's bias adds the same to all keys, which softmax takes away; a value's passes through, for the weights sum to 1.
    const [queries, keys, values] = project(q, { weight: k.weight }, { weight: v.weight }).map((each) => inHeads(each, heads));
    // onnxruntime takes these three changes of order into the products.
    const scores = MatMul(Transpose(queries, [1, 2, 0, 3]), Transpose(keys, [1, 2, 3, 0]));
    const weighted = Softmax(mask ? Add(scores, mask) : scores);
    return finish(tokensOutermost(MatMul(weighted, Transpose(values, [1, 2, 0, 3]))), withInput(output, v.bias));
  });
}

/** The layer after a constant was added to what it takes: W·(x + c) + b = W·x + (W·c + b). */
export function withInput({ weight, bias }: Affine, constant?: Weight): Affine {
  if (!constant) return { weight, ...(bias && { bias }) };
  const [rows, cols] = weight.dims;
  const data = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = bias ? bias.data[row] : 0;
    for (let col = 0; col < cols; col++) sum += weight.data[row * cols + col] * constant.data[col];
    data[row] = sum;
  }
  return { weight, bias: { dims: [rows], data } };
}

/** softmax(q·kᵀ)·v: [b, heads, m, d], [b, heads, n, d], [b, heads, n, d] -> [b, m, heads·d]. */
export function attend(q: ShapedValue, k: ShapedValue, v: ShapedValue): ShapedValue {
  const weighted = MatMul(Softmax(MatMul(q, Transpose(k, [0, 1, 3, 2]))), v);
  const [b, heads, m, d] = weighted.dims;
  return Reshape(Transpose(weighted, [0, 2, 1, 3]), [b, m, (heads as number) * (d as number)]);
}

/** [b, heads, n, d] -> [n, b, heads·d]. */
function tokensOutermost(x: ShapedValue): ShapedValue {
  const [b, heads, n, d] = x.dims as [string, number, number, number];
  return Reshape(Transpose(x, [2, 0, 1, 3]), [n, b, heads * d]);
}

/** [.., .., dim] -> [.., .., heads, dim / heads]. */
export function inHeads(x: ShapedValue, heads: number): ShapedValue {
  const [first, second, dim] = x.dims;
  return Reshape(x, [first, second, heads, (dim as number) / heads]);
}

/** W [3·dim, dim] of queries, keys and values; the queries' rows hold the softmax's scale 1/√d. */
export function readProjections(
  weights: Weights,
  { weights: matrices, biases }: Projections,
  dim: number,
  heads: number,
): Affine {
  const stacked: Affine = {
    weight: readStack(weights, matrices, [dim, dim]),
    ...(biases.length > 0 && { bias: readStack(weights, biases, [dim]) }),
  };
  const scale = 1 / Math.sqrt(dim / heads);
  return amplified(
    stacked,
    Float64Array.from({ length: 3 * dim }, (_, row) => (row < dim ? scale : 1)),
  );
}

function readStack(weights: Weights, stack: Stack, [rows, ...rest]: readonly number[]): Weight {
  const height = stack.reduce((sum, [, multiple]) => sum + multiple * rows, 0);
  const row = rest.reduce((product, size) => product * size, 1);
  const data = new Float32Array(height * row);
  let at = 0;
  for (const [name, multiple] of stack) {
    if (name !== undefined) data.set(weights.get(name, [multiple * rows, ...rest]).data, at * row);
    at += multiple * rows;
  }
  return { dims: [height, ...rest], data };
}
