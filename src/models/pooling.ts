/** Many tokens into one vector: the first, means and maxima, or attention with a learned query. */
import { Add, Gather, ReduceMax, ReduceMean, Reshape, type ShapedValue, Slice, wholeNumbers } from "../onnx/index.ts";
import type { Activation } from "./activation.ts";
import { attend, inHeads } from "./attention.ts";
import { type Affine, affine, amplified, layerNorm, linear, parameter, part } from "./layers.ts";
import { mlp } from "./mlp.ts";
import type { Weight, Weights } from "./weights.ts";

/** Token `index` of [b, n, c]: [b, c]. */
export function tokenAt(tokens: ShapedValue, index: number): ShapedValue {
  const [b, , c] = tokens.dims;
  return Reshape(Gather(tokens, wholeNumbers(tokens.graph, [index]), { axis: 1 }), [b, c]);
}

/** The tokens from number `start` on. */
export function tokensFrom(tokens: ShapedValue, start: number): ShapedValue {
  return start === 0 ? tokens : Slice(tokens, start, Number.POSITIVE_INFINITY, 1);
}

export const meanToken = (tokens: ShapedValue): ShapedValue => ReduceMean(tokens, [1], { keepdims: 0 });
export const maxToken = (tokens: ShapedValue): ShapedValue => ReduceMax(tokens, [1], { keepdims: 0 });

/** A learned query's projections, and those of the keys and values, each [dim, dim]. */
export interface LatentWeights {
  readonly latent: Weight;
  readonly q: Affine;
  readonly k: Affine;
  readonly v: Affine;
}

/** SigLIP's head: a learned query attends to all tokens, then x + mlp(norm(x)): [b, n, c] -> [b, c]. Weights below: proj, norm, mlp. */
export function attentionPool(
  tokens: ShapedValue,
  weights: Weights,
  { latent, q, k, v }: LatentWeights,
  settings: { heads: number; epsilon: number; activation: Activation; hidden: number },
): ShapedValue {
  const { heads, epsilon, activation, hidden } = settings;
  const [b, , dim] = tokens.dims as [string, unknown, number];
  return part(tokens.graph, weights, () => {
    const scale = new Float64Array(dim).fill(1 / Math.sqrt(dim / heads));
    const query = affine(parameter(tokens.graph, { dims: [1, 1, dim], data: latent.data }, "latent"), amplified(q, scale));
    const joined = attend(inHeads(query, heads), inHeads(affine(tokens, k), heads), inHeads(affine(tokens, v), heads));
    const pooled = linear({ ...joined, dims: [b, 1, dim] }, weights.under("proj"), dim);
    const mixed = mlp(layerNorm(pooled, weights.under("norm"), epsilon), weights.under("mlp"), {
      kind: "plain",
      width: hidden,
      activation,
      bias: weights.has("mlp.fc1.bias"),
    });
    return Reshape(Add(pooled, mixed), [b, dim]);
  });
}
