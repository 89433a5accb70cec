/** CrossViT (arXiv 2103.14899): two ViTs with patches of two sizes, whose class tokens attend to each other's patches. */
import { Add, Concat, Gelu, Mul, type ShapedValue, Slice, scope, Transpose } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { fused } from "./attention.ts";
import { checkHeads } from "./config.ts";
import { attendToItself, attendWithClass } from "./crossvit-fusion.ts";
import { branchImages, patchTokens } from "./crossvit-patches.ts";
import { classifier, shapeOf } from "./hierarchy.ts";
import { layerNorm, linear } from "./layers.ts";
import { activationOf } from "./mlp.ts";
import { mean, token, withoutPrefix } from "./pooling.ts";
import { block } from "./vit.ts";
import type { Weights } from "./weights.ts";

/** Settings that the tensors do not show, unlike channels, depths and the widths of MLPs. Lists have an entry for each branch. */
export interface CrossVit {
  readonly imageSize: Size;
  /** The sizes that images are resized to. */
  readonly branchSizes: readonly Size[];
  readonly patchSizes: readonly number[];
  readonly heads: readonly number[];
  /** A branch's image is cut out of the middle of a larger one instead of being resized. */
  readonly crops: boolean;
  readonly pool: "token" | "avg";
}

/** Epsilon of all norms. */
const epsilon = 1e-6;

/** The branch with larger patches and more channels comes first: its features are the main ones. */
const main = ["forward_features.1", "forward_features.0", "pre_logits", "output"];

export function describeCrossVit(crossVit: CrossVit, weights: Weights): Architecture {
  return {
    imageSize: crossVit.imageSize,
    patchSize: crossVit.patchSizes[1],
    prefixTokens: 1,
    channels: shapeOf(
      weights,
      weights.has("patch_embed.0.proj.weight") ? "patch_embed.0.proj.weight" : "patch_embed.0.proj.0.weight",
    )[1],
    main,
    // From the second layer of a fusion on the class token attends to itself alone, whatever its query and key.
    unused: /^blocks\.\d+\.fusion\.\d+\.[1-9]\d*\.attn\.w[qk]\./,
    build: (images) => build(images, weights, crossVit),
  };
}

/** Tokens of the two branches, [n, b, c]: tokens outermost, as attention is fastest. */
type Branches = readonly ShapedValue[];

const batchFirst = (x: ShapedValue) => Transpose(x, [1, 0, 2]);
const classOf = (x: ShapedValue) => Slice(x, 0, 1, 0);
const patchesOf = (x: ShapedValue) => Slice(x, 1, Number.POSITIVE_INFINITY, 0);

function build(images: ShapedValue, weights: Weights, crossVit: CrossVit): Outputs {
  const { graph } = images;
  const outputs: Record<string, ShapedValue> = {};
  let branches: Branches = crossVit.branchSizes.map((size, b) =>
    batchFirst(patchTokens(branchImages(images, size, crossVit.crops), weights, b, crossVit.patchSizes[b])),
  );
  for (let k = 0; k < weights.count("blocks"); k++) {
    branches = scope(graph, `blocks.${k}`, () => multiScaleBlock(branches, weights.under(`blocks.${k}`), crossVit.heads));
    branches.forEach((x, b) => {
      outputs[`blocks.${k}.${b}`] = batchFirst(x);
    });
  }
  const features = branches.map((x, b) => layerNorm(batchFirst(x), weights.under(`norm.${b}`), epsilon));
  features.forEach((x, b) => {
    outputs[`forward_features.${b}`] = x;
  });
  const pooled = features.map((x) => (crossVit.pool === "avg" ? mean(withoutPrefix(x, 1)) : token(x, 0)));
  const [first, second] = pooled.map((x, b) => classifier(x, weights.under(`head.${b}`)));
  const joined = Concat(pooled, 1);
  return { ...outputs, pre_logits: joined, output: first && second ? Mul(Add(first, second), 0.5) : joined };
}

/** The blocks of each branch, then the exchange: each class token attends to the other branch's patches, in that branch's channels. */
function multiScaleBlock(branches: Branches, weights: Weights, heads: readonly number[]): Branches {
  const seen = branches.map((x, b) => {
    const name = `blocks.${b}`;
    let y = x;
    for (let j = 0; j < weights.count(name); j++)
      y = scope(x.graph, `${name}.${j}`, () => vitBlock(y, weights.under(`${name}.${j}`), heads[b]));
    return y;
  });
  return seen.map((tokens, b) => {
    const other = 1 - b;
    const query = scope(tokens.graph, `projs.${b}`, () => project(classOf(tokens), weights.under(`projs.${b}`)));
    const layers = fusionLayers(weights, b);
    let attended = scope(tokens.graph, layers[0], () =>
      attendWithClass(query, patchesOf(seen[other]), weights.under(layers[0]), heads[other], epsilon),
    );
    for (const layer of layers.slice(1))
      attended = scope(tokens.graph, layer, () => attendToItself(attended, weights.under(layer), epsilon));
    const reverted = scope(tokens.graph, `revert_projs.${b}`, () => project(attended, weights.under(`revert_projs.${b}`)));
    return Concat([reverted, patchesOf(tokens)], 0);
  });
}

/** Names of the layers of a branch's fusion; one layer has no number. */
function fusionLayers(weights: Weights, branch: number): string[] {
  const name = `fusion.${branch}`;
  return Array.from({ length: Math.max(1, weights.count(name)) }, (_, l) =>
    weights.has(`${name}.norm1.weight`) ? name : `${name}.${l}`,
  );
}

function vitBlock(x: ShapedValue, weights: Weights, heads: number): ShapedValue {
  const dim = x.dims[2] as number;
  checkHeads(dim, heads);
  const attention = { heads, projections: fused(weights.has("attn.qkv.bias")), bias: true };
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const mlp = { kind: "plain", width, activation: activationOf("gelu"), bias: true } as const;
  return block(x, { dim, epsilon, layerScale: false, attention, mlp }, weights, {});
}

/** linear(GELU(norm(x))). */
function project(x: ShapedValue, weights: Weights): ShapedValue {
  const activated = Gelu(layerNorm(x, weights.under("0"), epsilon));
  return linear(activated, weights.under("2"), shapeOf(weights, "2.weight")[0]);
}
