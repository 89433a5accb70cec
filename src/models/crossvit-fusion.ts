/** Cross-attention of CrossViT (section 3.2): a class token is the only query, so keys and values of single tokens are never needed. */
import { Add, Concat, MatMul, Reshape, type ShapedValue, Slice, Softmax, scope, Transpose } from "../onnx/index.ts";
import { withInput } from "./attention.ts";
import { checkHeads } from "./config.ts";
import { type Affine, affine, amplified, layerNorm, linear, parameter, readAffine, transposed } from "./layers.ts";
import type { Weight, Weights } from "./weights.ts";

/**
 * query + attention(query, [query, patches]) of a class token [1, b, c] and patches [n, b, c]. With one query q, the score of a token x is
 * (Wkᵀ·q)·x and the result is Wv times the mean of tokens: products of c·n instead of c²·n numbers. The keys' bias does not change a softmax.
 */
export function attendWithClass(
  query: ShapedValue,
  patches: ShapedValue,
  weights: Weights,
  heads: number,
  epsilon: number,
): ShapedValue {
  const { graph } = query;
  const [, batch, dim] = query.dims as readonly [number, string, number];
  checkHeads(dim, heads);
  const depth = dim / heads;
  const normed = layerNorm(Concat([query, patches], 0), weights.under("norm1"), epsilon);
  const { q, k, v, output } = readLayers(weights.under("attn"), dim);
  return scope(graph, "attn", () => {
    const scaled = amplified(q, new Float64Array(dim).fill(depth ** -0.5));
    const asked = Reshape(
      scope(graph, "wq", () => affine(Slice(normed, 0, 1, 0), scaled)),
      [batch, heads, 1, depth],
    );
    const keys = parameter(graph, { dims: [heads, depth, dim], data: k.weight.data }, "wk.weight");
    const inTokens = Reshape(MatMul(asked, keys), [batch, heads, dim]);
    const scores = Softmax(MatMul(inTokens, Transpose(normed, [1, 2, 0])));
    const seen = Reshape(MatMul(scores, Transpose(normed, [1, 0, 2])), [batch, heads, 1, dim]);
    const values = MatMul(seen, parameter(graph, headsTransposed(v.weight, heads), "wv.weight"));
    return Add(
      query,
      scope(graph, "proj", () => affine(Reshape(values, [1, batch, dim]), withInput(output, v.bias))),
    );
  });
}

/** query + attention(query, query): the value itself, whatever its score. */
export function attendToItself(query: ShapedValue, weights: Weights, epsilon: number): ShapedValue {
  const dim = query.dims[2] as number;
  const value = linear(layerNorm(query, weights.under("norm1"), epsilon), weights.under("attn.wv"), dim);
  return Add(query, linear(value, weights.under("attn.proj"), dim));
}

function readLayers(weights: Weights, dim: number): Record<"q" | "k" | "v" | "output", Affine> {
  const [q, k, v, output] = ["wq", "wk", "wv", "proj"].map((name) => readAffine(weights.under(name), dim, dim));
  return { q, k, v, output };
}

/** [heads·d, c] as [heads, c, d]. */
function headsTransposed({ dims: [rows, cols], data }: Weight, heads: number): Weight {
  const size = data.length / heads;
  const result = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    const rowsOfHead = { dims: [rows / heads, cols], data: data.subarray(head * size, (head + 1) * size) };
    result.set(transposed(rowsOfHead).data, head * size);
  }
  return { dims: [heads, cols, rows / heads], data: result };
}
