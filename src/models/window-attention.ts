/** Attention within windows of tokens, or over all of them as one window: what Swin and Hiera have in common. */
import { Add, Div, MatMul, Max, Mul, ReduceL2, Reshape, type ShapedValue, Softmax, scope, Transpose } from "../onnx/index.ts";
import { type Affine, affine, amplified, readAffine, rowsOf } from "./layers.ts";
import type { Weights } from "./weights.ts";

export interface WindowAttention {
  readonly windows: number;
  readonly heads: number;
  /** Every `windows`-th token is of one window (Hiera); else they follow each other (Swin). */
  readonly strided?: boolean;
  /** Compares queries and keys by the angle between them, times this scale [heads, 1, 1]. */
  readonly cosine?: ShapedValue;
  /** Added to the scores [b, windows, heads, n, n]. */
  readonly bias?: ShapedValue;
}

/** softmax(q·kᵀ + bias)·v in each window and head, of tokens [b, n, heads·d]; there may be fewer queries. */
export function attendInWindows(
  [query, key, value]: readonly ShapedValue[],
  { windows, heads, strided = false, cosine, bias }: WindowAttention,
): ShapedValue {
  const split = (x: ShapedValue) => {
    const [batch, tokens, channels] = x.dims as readonly [string, number, number];
    const [area, depth] = [tokens / windows, channels / heads];
    return strided
      ? Transpose(Reshape(x, [batch, area, windows, heads, depth]), [0, 2, 3, 1, 4])
      : Transpose(Reshape(x, [batch, windows, area, heads, depth]), [0, 1, 3, 2, 4]);
  };
  const [q, k, v] = [query, key, value].map(split);
  const scores = cosine ? similarity(q, k, cosine) : product(q, k);
  const seen = MatMul(Softmax(bias ? Add(scores, bias) : scores), v);
  return Reshape(Transpose(seen, strided ? [0, 3, 1, 2, 4] : [0, 1, 3, 2, 4]), query.dims);
}

const product = (q: ShapedValue, k: ShapedValue) => MatMul(q, Transpose(k, [0, 1, 2, 4, 3]));

/** Swin V2, section 3.2; torch's `normalize` divides by 1e-12 at least. */
function similarity(q: ShapedValue, k: ShapedValue, scale: ShapedValue): ShapedValue {
  const length = (x: ShapedValue) => Max(ReduceL2(x, [-1]), 1e-12);
  return product(Mul(q, Div(scale, length(q))), Div(k, length(k)));
}

/**
 * Queries (times `scale`), keys and values [b, n, features] of tokens. Three products, since cutting the result of one apart is a
 * copy: transformers mostly keeps three matrices, timm one of three parts.
 */
export function queriesKeysValues(x: ShapedValue, weights: Weights, features: number, scale = 1): ShapedValue[] {
  const inputs = x.dims.at(-1) as number;
  const names = ["query", "key", "value"];
  const parts = weights.has("qkv.weight")
    ? thirds(weights, features, inputs)
    : names.map((name) => readAffine(weights.under(name), features, inputs));
  if (scale !== 1) parts[0] = amplified(parts[0], new Float64Array(features).fill(scale));
  return parts.map((each, i) => scope(x.graph, names[i], () => affine(x, each)));
}

/** Swin V2 has biases of queries and values beside the matrix: those of keys do not change a softmax. */
function thirds(weights: Weights, features: number, inputs: number): Affine[] {
  const all = readAffine(weights.under("qkv"), 3 * features, inputs);
  return ["q_bias", "k_bias", "v_bias"].map((name, i) => ({
    ...rowsOf(all, i * features, (i + 1) * features),
    ...(!all.bias && weights.has(name) && { bias: weights.get(name, [features]) }),
  }));
}
