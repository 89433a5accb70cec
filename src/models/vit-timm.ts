/** ViTs of timm: what is in the tensors, in `model_args`, and in the words of the architecture's name. */

import { S2Error } from "../core/index.ts";
import { Add, Div, type ShapedValue } from "../onnx/index.ts";
import { activationOf } from "./activation.ts";
import type { Architecture, Config, Family, Outputs } from "./architecture.ts";
import { checkHeads, number, whole } from "./config.ts";
import { layerNorm, linear, readAffine, rowsOf } from "./layers.ts";
import { attentionPool, maxToken, meanToken, tokenAt, tokensFrom } from "./pooling.ts";
import { countOf, gridOfTable, type Prefix } from "./position.ts";
import { readTimmConfig } from "./timm-config.ts";
import { mapOf, prefixOf, type Vit, type VitTokens, vit } from "./vit.ts";
import { readMlpShape, readProjectionNames, readShapes, rowsOfTensor, tableRows } from "./vit-tensors.ts";
import type { Weights } from "./weights.ts";

/** What becomes the vector, and whether attention for it sees the prefix tokens. */
interface Pooling {
  readonly pool: Pool;
  readonly withPrefix: boolean;
}

type Pool = "token" | "avg" | "avgmax" | "max" | "map" | "";

/** Heads by the size's word in the name, as timm's architectures have them: mostly 64 channels each, fewer in the largest. */
const headsOfSize: Readonly<Record<string, number>> = {
  ...{ tiny: 3, xsmall: 4, wee: 4, pwee: 4, little: 5, small: 6, small_plus: 6, medium: 8, mediumd: 8, betwixt: 10, base: 12 },
  ...{ so150m: 14, so150m2: 13, large: 16, intern300m: 16, so400m: 16, huge: 16, huge_plus: 20, giant: 16, giantopt: 16 },
  ...{ gigantic: 16, "7b": 32, test_vit: 2, test_vit2: 2, test_vit3: 3 },
};

/** @throws S2Error "architecture" when the name has none of the sizes. */
export function headsOf(name: string): number {
  if (/_giant_.*(dinov2|tipsv2)/.test(name)) return 24;
  if (/_base_patch\d+_plus_/.test(name)) return 14;
  if (name.includes("_base_patch16_gap")) return 16;
  const size = /^test_vit\d?$/.test(name) ? name : /^[a-z0-9]+_(.*?)(_patch|_distilled|$)/.exec(name)?.[1];
  if (size !== undefined && Object.hasOwn(headsOfSize, size)) return headsOfSize[size];
  throw new S2Error("architecture", `How many heads timm's ${name} has is not known; give model_args.num_heads in config.json.`);
}

/** Torch's default for CLIP and DINOv3, JAX's for all others. */
export const epsilonOf = (name: string): number => (/_clip_|_dinov3/.test(name) ? 1e-5 : 1e-6);

/** OpenAI's CLIP, and the later SigLIP weights; all others are exact. */
export function activationName(name: string): string {
  if (name.includes("_quickgelu")) return "quick_gelu";
  if (/_(patch32|giantopt_patch16|so400m_patch16)_siglip_|_large_patch16_siglip_(gap_)?512/.test(name)) return "gelu_tanh";
  return "gelu";
}

/** What becomes the vector, where the config does not say it. */
export function poolOf(name: string, weights: Pick<Weights, "has">): Pool {
  if (weights.has("attn_pool.latent")) return "map";
  return weights.has("cls_token") && !weights.has("fc_norm.weight") && !/_dinov3|^eva_/.test(name) ? "token" : "avg";
}

const honoured = [
  "img_size",
  "patch_size",
  "num_heads",
  "global_pool",
  "act_layer",
  "depth",
  "qkv_bias",
  "class_token",
  "no_embed_class",
  "pool_include_prefix",
];
const inTensors = [
  "reg_tokens",
  "num_reg_tokens",
  "pre_norm",
  "final_norm",
  "fc_norm",
  "pos_embed",
  "mlp_layer",
  "swiglu_mlp",
  "swiglu_align_to",
];
const ofRope = [
  "use_rot_pos_emb",
  "use_abs_pos_emb",
  "rope_type",
  "rope_temperature",
  "rope_rotate_half",
  "rope_grid_indexing",
  "rope_grid_offset",
];
const others = [
  "norm_layer",
  "dynamic_img_size",
  "dynamic_img_pad",
  "use_fc_norm",
  "qkv_fused",
  "use_post_norm",
  "ref_feat_shape",
  "attn_type",
  "proj_bias",
];

export const timmVit: Family = { read };

function read(config: Config, weights: Weights): Architecture {
  const { name, args, imageSize } = readTimmConfig(config, [...honoured, ...inTensors, ...ofRope, ...others]);
  const shapes = readShapes(weights);
  const heads = args.num_heads === undefined ? headsOf(name) : whole(args, "num_heads");
  checkHeads(shapes.dim, heads);
  const prefix = readPrefix(weights, shapes.dim);
  const first = weights.under("blocks.0");
  const shape = readMlpShape(first.under("mlp"));
  const gated = shape.kind !== "plain";
  const table = weights.has("pos_embed");
  const grid = [Math.floor(imageSize[0] / shapes.patch), Math.floor(imageSize[1] / shapes.patch)] as const;
  const scale = first.has("ls1.gamma") ? (["ls1.gamma", "ls2.gamma"] as const) : (["gamma_1", "gamma_2"] as const);
  const rotary = name.includes("_dinov3");
  if (!table && !rotary) throw new S2Error("architecture", `timm's ${name} has no table of positions, which is not built.`);
  const model: Vit = {
    ...{ ...shapes, imageSize, prefix },
    ...(table && { position: { ...gridOfTable(tableRows(weights, shapes.dim), countOf(prefix), grid), antialias: true } }),
    ...(rotary && { theta: number(args, "rope_temperature", 100) }),
    epsilon: epsilonOf(name),
    preNorm: weights.has("norm_pre.weight"),
    attention: { heads, projections: readProjectionNames(first.under("attn")), bias: first.has("attn.proj.bias") },
    mlp: { ...shape, activation: activationOf(gated ? "silu" : (args.act_layer ?? activationName(name))) },
    ...(first.has(scale[0]) && { layerScale: scale }),
  };
  const pooling: Pooling = {
    pool: (args.global_pool ?? poolOf(name, weights)) as Pool, // timm itself ignores the config's global_pool
    withPrefix: Boolean(args.pool_include_prefix ?? name === "test_vit3"),
  };
  return {
    imageSize,
    patchSize: shapes.patch,
    prefixTokens: countOf(prefix),
    channels: shapes.channels,
    main: ["forward_features", "pre_logits", "output"],
    unused: /(^|\.)(mask_token|k_bias|relative_position_index|rope\.periods)$/,
    build: (images) => build(images, weights, model, pooling),
  };
}

function readPrefix(weights: Weights, dim: number): Prefix {
  const names = ["cls_token", "dist_token", "reg_token"].filter((name) => weights.has(name));
  return names.map((name) => [name, weights.dims(name)!.reduce((product, size) => product * size, 1) / dim] as const);
}

function build(images: ShapedValue, weights: Weights, model: Vit, pooling: Pooling): Outputs {
  const tokens = vit(images, weights, model);
  const normed = weights.has("norm.weight") ? layerNorm(tokens.last, weights.under("norm"), model.epsilon) : tokens.last;
  const outputs: Outputs = { forward_features: normed };
  tokens.blocks.forEach((block, i) => {
    outputs[`intermediates.${i}`] = mapOf(block, tokens);
    if (tokens.prefix > 0) outputs[`intermediates_prefix.${i}`] = prefixOf(block, tokens.prefix);
  });
  return { ...outputs, ...headOutputs(normed, tokens, weights, model, pooling) };
}

function headOutputs(normed: ShapedValue, tokens: VitTokens, weights: Weights, model: Vit, pooling: Pooling): Outputs {
  const head = (x: ShapedValue, name: string) => {
    const classes = rowsOfTensor(weights, `${name}.weight`);
    return classes > 0 ? linear(x, weights.under(name), classes) : x;
  };
  if (weights.has("dist_token")) {
    const [cls, distilled] = [tokenAt(normed, 0), tokenAt(normed, 1)];
    return { pre_logits: Div(Add(cls, distilled), 2), output: Div(Add(head(cls, "head"), head(distilled, "head_dist")), 2) };
  }
  if (pooling.pool === "") return { pre_logits: normed, output: head(normed, "head") };
  const pooled = pooledToken(normed, tokens, weights, model, pooling);
  const vector = weights.has("fc_norm.weight") ? layerNorm(pooled, weights.under("fc_norm"), model.epsilon) : pooled;
  return { pre_logits: vector, output: head(vector, "head") };
}

function pooledToken(normed: ShapedValue, tokens: VitTokens, weights: Weights, model: Vit, pooling: Pooling): ShapedValue {
  const patches = () => tokensFrom(normed, tokens.prefix);
  const { withPrefix } = pooling;
  const { pool } = pooling;
  if (pool === "token") return tokenAt(normed, 0);
  if (pool === "avg") return meanToken(patches());
  if (pool === "max") return maxToken(patches());
  if (pool === "avgmax") return Div(Add(maxToken(patches()), meanToken(patches())), 2);
  if (pool === "map") return latentPool(withPrefix ? normed : patches(), weights.under("attn_pool"), model);
  throw new S2Error("architecture", `global_pool is ${pool}; known are token, avg, max, avgmax and map.`);
}

function latentPool(tokens: ShapedValue, weights: Weights, { dim, attention, epsilon, mlp }: Vit): ShapedValue {
  const kv = readAffine(weights.under("kv"), 2 * dim, dim);
  return attentionPool(
    tokens,
    weights,
    {
      latent: weights.get("latent", [1, 1, dim]),
      q: readAffine(weights.under("q"), dim, dim),
      k: rowsOf(kv, 0, dim),
      v: rowsOf(kv, dim, 2 * dim),
    },
    { heads: attention.heads, epsilon, activation: mlp.activation, hidden: rowsOfTensor(weights, "mlp.fc1.weight") },
  );
}
