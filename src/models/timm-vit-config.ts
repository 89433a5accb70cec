/** Reads timm's ViTs from the tensors' shapes, `model_args` and the architecture's name. */
import { S2Error } from "../core/index.ts";
import { Add, Mul, type ShapedValue, Slice } from "../onnx/index.ts";
import type { Architecture, Config, Family, Outputs, Size } from "./architecture.ts";
import { fused, latent, type Projections } from "./attention.ts";
import { checkHeads, flag, integer, number } from "./config.ts";
import { tokensToPlanes } from "./feature-maps.ts";
import { shapeOf } from "./hierarchy.ts";
import { layerNorm } from "./layers.ts";
import type { Mlp } from "./mlp.ts";
import { activationOf, silu } from "./mlp.ts";
import { attentionPool, pools, token, withoutPrefix } from "./pooling.ts";
import { countOf, gridOfTable, type PositionTable, type Prefix } from "./position.ts";
import { readTimmConfig } from "./timm-config.ts";
import { readTimmVitName, type TimmVitName } from "./timm-vit-names.ts";
import { head } from "./transformers-vit.ts";
import { describeVit, type Encoded, type Vit } from "./vit.ts";
import type { Weights } from "./weights.ts";

/** Arguments that are read here, those that the tensors answer, and those that have one value here. */
const read =
  "img_size num_heads act_layer global_pool pool_include_prefix final_norm class_token reg_tokens num_reg_tokens qkv_bias rope_temperature";
const answered = "patch_size depth no_embed_class pre_norm fc_norm use_fc_norm swiglu_align_to";
const supported = [...`${read} ${answered}`.split(" "), "dynamic_img_size"];
const fixed: Config = {
  ...{ qk_norm: false, scale_attn_norm: false, scale_mlp_norm: false, proj_bias: true, dynamic_img_pad: false },
  ...{ rope_type: "dinov3", rope_rotate_half: true, use_rot_pos_emb: true, use_abs_pos_emb: false },
};

/** The family of the Vision Transformer and DeiT. */
export const timmVit: Family = { read: (config, weights) => describe(config, weights, false) };

/** DINOv3 in timm is an EVA, whose layer scales and biases have other names. */
export const timmDinov3: Family = {
  names: [[/\.ls(\d)\.gamma$/, ".gamma_$1"]],
  read: (config, weights) => describe(config, weights, true),
};

export interface TimmVit {
  readonly vit: Vit;
  readonly name: TimmVitName;
  /** The config's number of classes; 0 for a model without a classifier. */
  readonly classes: number;
}

function describe(config: Config, weights: Weights, rotary: boolean): Architecture {
  const timm = readTimmVit(config, weights, rotary);
  return describeVit(timm.vit, weights, {
    main: ["forward_features", "pre_logits", "output"],
    // Models that pool in another way may still have SigLIP's head.
    unused: timm.name.pool === "map" ? /^mask_token$/ : /^(mask_token$|attn_pool\.)/,
    outputs: (encoded) => outputs(encoded, weights, timm),
  });
}

export function readTimmVit(config: Config, weights: Weights, rotary: boolean): TimmVit {
  const { name: architecture, args, imageSize } = readTimmConfig(config, supported, fixed);
  const name = withArguments(readTimmVitName(architecture), args);
  const [dim, channels, patchSize, across] = shapeOf(weights, "patch_embed.proj.weight");
  if (patchSize !== across)
    throw new S2Error("architecture", `Patches are ${across}x${patchSize}; models are built with square ones.`);
  checkHeads(dim, name.heads);
  const prefix = readPrefix(weights, name);
  const depth = Math.max(1, weights.count("blocks"));
  const preNorm = either(weights, "norm_pre.weight", "norm_pre.bias");
  const grid: Size = [Math.floor(imageSize[0] / patchSize), Math.floor(imageSize[1] / patchSize)];
  const vit: Vit = {
    ...{ imageSize, patchSize, channels, dim, depth, prefix, preNorm, patchBias: !preNorm, epsilon: name.epsilon },
    ...(rotary ? { rotary: number(args, "rope_temperature", 100) } : { position: readTable(weights, prefix, grid) }),
    layerScale: inSomeBlock(weights, depth, "ls1.gamma"),
    attention: { heads: name.heads, projections: readProjections(weights, depth, name), bias: true },
    mlp: readMlp(weights.under("blocks.0.mlp"), name),
  };
  return { vit, name, classes: integer({ ...config, ...args }, "num_classes", 0, 0) };
}

function withArguments(name: TimmVitName, args: Config): TimmVitName {
  const pool = String(args.global_pool ?? name.pool);
  if (pool !== "map" && !Object.hasOwn(pools, pool))
    throw new S2Error("architecture", `global_pool is ${pool}; known are map, ${Object.keys(pools).join(", ")}.`);
  return {
    ...name,
    pool,
    heads: integer(args, "num_heads", name.heads),
    activation: String(args.act_layer ?? name.activation),
    poolsPrefix: flag(args, "pool_include_prefix", name.poolsPrefix),
    classToken: flag(args, "class_token", name.classToken),
    registers: integer(args, "reg_tokens", integer(args, "num_reg_tokens", name.registers, 0), 0),
    qkvBias: flag(args, "qkv_bias", name.qkvBias),
    finalNorm: flag(args, "final_norm", name.finalNorm),
  };
}

/** Reads the prefix from the file and the name; a file without the tokens that its name implies is refused. */
function readPrefix(weights: Weights, { classToken, registers }: TimmVitName): Prefix {
  const stored = weights.dims("reg_token")?.[1] ?? registers;
  return [
    ...(classToken || weights.has("cls_token") ? [["cls_token", 1] as const] : []),
    ...(isDistilled(weights) ? [["dist_token", 1] as const] : []),
    ...(stored > 0 ? [["reg_token", stored] as const] : []),
  ];
}

const isDistilled = (weights: Weights): boolean => either(weights, "dist_token", "head_dist.weight");

function readTable(weights: Weights, prefix: Prefix, grid: Size): PositionTable {
  const rows = shapeOf(weights, "pos_embed")[1];
  return { ...gridOfTable(rows, countOf(prefix), grid), antialias: true };
}

function readProjections(weights: Weights, depth: number, { qkvBias }: TimmVitName): Projections {
  const parts = ["attn.q_bias", "attn.v_bias"].some((name) => inSomeBlock(weights, depth, name));
  if (!parts) return fused(qkvBias || inSomeBlock(weights, depth, "attn.qkv.bias"));
  return {
    ...fused(false),
    biases: [
      ["q_bias", 1],
      [undefined, 1],
      ["v_bias", 1],
    ],
  };
}

/** Returns true if some block has the tensor: then all must, and a lost one is refused by name. */
function inSomeBlock(weights: Weights, depth: number, name: string): boolean {
  return Array.from({ length: depth }, (_, i) => weights.has(`blocks.${i}.${name}`)).includes(true);
}

const either = (weights: Weights, ...names: readonly string[]): boolean => names.some((name) => weights.has(name));

/** A gate in layers of its own is always SiLU's. */
function readMlp(weights: Weights, { activation: name }: TimmVitName): Mlp {
  const width = shapeOf(weights, "fc2.weight")[1];
  const activation = activationOf(name);
  if (either(weights, "fc1_g.weight", "fc1_x.weight")) return { kind: "gated", width, activation: silu, bias: true };
  const packed = weights.dims("fc1.weight")?.[0] === 2 * width;
  return { kind: packed ? "packed" : "plain", width, activation, bias: true };
}

function outputs({ states, grid }: Encoded, weights: Weights, timm: TimmVit): Outputs {
  const { vit, name } = timm;
  const last = states.at(-1)!;
  const normed = name.finalNorm && !either(weights, "fc_norm.weight", "fc_norm.bias");
  const tokens = normed ? layerNorm(last, weights.under("norm"), vit.epsilon) : last;
  const prefix = countOf(vit.prefix);
  const maps: Outputs = {};
  for (const [i, state] of states.slice(1).entries()) {
    maps[`intermediates.${i}`] = tokensToPlanes(withoutPrefix(state, prefix), grid);
    if (prefix > 0) maps[`intermediates_prefix.${i}`] = Slice(state, 0, prefix, 1);
  }
  const heads = isDistilled(weights) ? distilled(tokens, weights, timm) : pooled(tokens, weights, timm);
  return { forward_features: tokens, ...heads, ...maps };
}

function pooled(tokens: ShapedValue, weights: Weights, { vit, name: { pool, poolsPrefix }, classes }: TimmVit): Outputs {
  const all = pool === "token" || pool === "" || poolsPrefix;
  const seen = all ? tokens : withoutPrefix(tokens, countOf(vit.prefix));
  if (pool === "map" && !either(weights, "attn_pool.latent", "attn_pool.proj.weight")) return {};
  const one = pool === "map" ? mapPool(seen, weights.under("attn_pool"), vit) : pools[pool](seen);
  const normed = either(weights, "fc_norm.weight", "fc_norm.bias") ? layerNorm(one, weights.under("fc_norm"), vit.epsilon) : one;
  const { output } = head("output", normed, weights.under("head"));
  return { pre_logits: normed, ...answer(output, normed, classes) };
}

/** Without a classifier timm's output is the pooled features; where only the file lacks it, there is none. */
function answer(output: ShapedValue | undefined, features: ShapedValue, classes: number): Outputs {
  if (output) return { output };
  return classes === 0 ? { output: features } : {};
}

function mapPool(tokens: ShapedValue, weights: Weights, vit: Vit): ShapedValue {
  const mlp = { ...vit.mlp, width: shapeOf(weights, "mlp.fc1.weight")[0] };
  return attentionPool(tokens, weights, { ...vit.attention, projections: latent }, mlp, vit.epsilon);
}

/** The means of the class and the teacher's tokens, and of their classifiers. */
function distilled(tokens: ShapedValue, weights: Weights, { classes }: TimmVit): Outputs {
  const half = (a: ShapedValue, b: ShapedValue) => Mul(Add(a, b), 0.5);
  const [first, second] = [token(tokens, 0), token(tokens, 1)];
  const { main, teachers } = {
    ...head("main", first, weights.under("head")),
    ...head("teachers", second, weights.under("head_dist")),
  };
  const features = half(first, second);
  return { pre_logits: features, ...answer(main && teachers && half(main, teachers), features, classes) };
}
