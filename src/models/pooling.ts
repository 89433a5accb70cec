/** Many tokens into one vector: one of them, means and maxima, or attention with a learned query. */
import { Add, constant, Gather, Mul, ReduceMax, ReduceMean, type ShapedValue, Slice, Transpose } from "../onnx/index.ts";
import { type Attention, attend, inHeads, readProjections } from "./attention.ts";
import { affine, layerNorm, linear, parameter, rowsOf, scoped } from "./layers.ts";
import { type Mlp, mlp } from "./mlp.ts";
import type { Weights } from "./weights.ts";

/** One token [b, dim] of [b, n, dim]. */
export function token(tokens: ShapedValue, at: number): ShapedValue {
  return Gather(tokens, constant(tokens.graph, "int64", [], BigInt64Array.of(BigInt(at))), { axis: 1 });
}

/** The tokens from `prefix` on. */
export function withoutPrefix(tokens: ShapedValue, prefix: number): ShapedValue {
  return prefix > 0 ? Slice(tokens, prefix, Number.POSITIVE_INFINITY, 1) : tokens;
}

/** The mean of all tokens, [b, dim]. */
export const mean = (tokens: ShapedValue): ShapedValue => ReduceMean(tokens, [1], { keepdims: 0 });

const max = (tokens: ShapedValue): ShapedValue => ReduceMax(tokens, [1], { keepdims: 0 });

/** timm's `global_pool` by name (but for "map" and "prr"); "" is no pooling. */
export const pools: Readonly<Record<string, (tokens: ShapedValue) => ShapedValue>> = {
  "": (tokens) => tokens,
  token: (tokens) => token(tokens, 0),
  avg: mean,
  max,
  avgmax: (tokens) => Mul(Add(max(tokens), mean(tokens)), 0.5),
};

/** SigLIP's head (Zhai et al., arXiv 2106.04560, "MAP"): a learned query attends to all tokens, then x + mlp(norm(x)): [b, dim]. */
export function attentionPool(
  tokens: ShapedValue,
  weights: Weights,
  attention: Attention,
  settings: Mlp,
  epsilon: number,
): ShapedValue {
  const { graph } = tokens;
  const [dim, heads] = [tokens.dims[2] as number, attention.heads];
  const all = readProjections(weights, attention.projections, dim, heads);
  return scoped(graph, weights, () => {
    const latent = weights.get("latent", [1, 1, dim]).data;
    const query = Float32Array.from({ length: dim }, (_, row) => {
      let sum = all.bias?.data[row] ?? 0;
      for (let i = 0; i < dim; i++) sum += latent[i] * all.weight.data[row * dim + i];
      return sum;
    });
    const q = parameter(graph, { dims: [1, heads, 1, dim / heads], data: query }, "q");
    const [k, v] = scoped(graph, weights.under("kv"), () =>
      [1, 2].map((i) => Transpose(inHeads(affine(tokens, rowsOf(all, i * dim, (i + 1) * dim)), heads), [0, 2, 1, 3])),
    );
    const x = token(linear(attend(q, k, v), weights.under("proj"), dim, { bias: attention.bias }), 0);
    return Add(x, mlp(layerNorm(x, weights.under("norm"), epsilon), weights.under("mlp"), settings));
  });
}
