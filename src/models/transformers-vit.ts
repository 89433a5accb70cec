/** Shared code of transformers' ViTs: configs with their defaults, names of tensors and outputs. */
import type { ShapedValue } from "../onnx/index.ts";
import type { Architecture, Config, Outputs, Size } from "./architecture.ts";
import { separate } from "./attention.ts";
import { checkHeads, flag, integer, number, side, size } from "./config.ts";
import { layerNorm, linear } from "./layers.ts";
import { activationOf } from "./mlp.ts";
import { countOf, type Prefix } from "./position.ts";
import { describeVit, type Encoded, type Vit } from "./vit.ts";
import type { Names, Weights } from "./weights.ts";

/** Defaults of nearly all classes. */
const common: Config = {
  ...{ hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, hidden_act: "gelu" },
  ...{ image_size: 224, patch_size: 16, num_channels: 3 },
};

const wide: Config = { ...common, intermediate_size: 3072 };

const vit: Config = { ...wide, layer_norm_eps: 1e-12, qkv_bias: true };

const dinov2: Config = { ...common, mlp_ratio: 4, layer_norm_eps: 1e-6, qkv_bias: true, use_swiglu_ffn: false };

const byType = {
  vit: { ...vit, pooler_act: "tanh" },
  deit: { ...vit, pooler_act: "tanh" },
  vit_mae: vit,
  dinov2: { ...dinov2, patch_size: 14 },
  dinov2_with_registers: { ...dinov2, num_register_tokens: 4 },
  dinov3_vit: {
    ...{ ...common, hidden_size: 384, num_attention_heads: 6, intermediate_size: 1536, layer_norm_eps: 1e-5 },
    ...{ query_bias: true, key_bias: false, value_bias: true, proj_bias: true, mlp_bias: true },
    ...{ use_gated_mlp: false, num_register_tokens: 0, rope_theta: 100 },
  },
  clip_vision_model: { ...wide, patch_size: 32, hidden_act: "quick_gelu", layer_norm_eps: 1e-5 },
  siglip_vision_model: { ...wide, hidden_act: "gelu_pytorch_tanh", layer_norm_eps: 1e-6 },
} satisfies Record<string, Config>;

export const vitTypes = Object.keys(byType) as (keyof typeof byType)[];

/** The complete config of a model of that `model_type`. */
export const withDefaults = (config: Config, type: keyof typeof byType): Config => ({ ...byType[type], ...config });

/** A complete config as a ViT with these prefix tokens, all of which have positions. */
export function readVit(config: Config, prefix: Prefix): Vit {
  const [dim, heads] = [integer(config, "hidden_size"), integer(config, "num_attention_heads")];
  checkHeads(dim, heads);
  const [imageSize, patchSize] = [size(config, "image_size"), side(config, "patch_size")];
  const bias = flag(config, "qkv_bias", true);
  const grid: Size = [Math.floor(imageSize[0] / patchSize), Math.floor(imageSize[1] / patchSize)];
  return {
    ...{ imageSize, patchSize, dim, prefix, patchBias: true, preNorm: false, layerScale: false },
    channels: integer(config, "num_channels"),
    depth: integer(config, "num_hidden_layers"),
    epsilon: number(config, "layer_norm_eps"),
    position: { embedded: countOf(prefix), grid, antialias: false },
    attention: { heads, projections: separate(bias, bias, bias), bias: true },
    mlp: {
      ...{ kind: "plain", bias: true },
      width: integer(config, "intermediate_size"),
      activation: activationOf(config.hidden_act),
    },
  };
}

/** Features first. */
export const mainOutputs = ["last_hidden_state", "pooler_output", "image_embeds", "logits", "cls_logits", "distillation_logits"];

/** `hidden_states.0` is the input of the first block, `.i` the output of block i before any final norm. */
export const hiddenStates = ({ states }: Encoded): Outputs =>
  Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, state]));

/** A ViT whose last norm is over all tokens; `outputs` makes the others of the normed tokens. */
export function describeNormed(
  model: Vit,
  weights: Weights,
  unused: RegExp,
  outputs: (tokens: ShapedValue) => Outputs,
): Architecture {
  const all = (encoded: Encoded): Outputs => {
    const tokens = layerNorm(encoded.states.at(-1)!, weights.under("norm"), model.epsilon);
    return { last_hidden_state: tokens, ...hiddenStates(encoded), ...outputs(tokens) };
  };
  return describeVit(model, weights, { main: mainOutputs, unused, outputs: all });
}

/** A linear layer with a bias as an output of that name, where the file has it. */
export function head(name: string, x: ShapedValue, weights: Weights): Outputs {
  const features = (weights.dims("weight") ?? weights.dims("bias"))?.[0];
  return features === undefined ? {} : { [name]: linear(x, weights, features, { bias: true }) };
}

/** Buffers, and what only pretraining has. */
export const pretraining = /(^|\.)(mask_token|position_ids)$|^decoder\./;

export const embeddingNames: Names = [
  [/^cls_token$/, "embeddings.cls_token"],
  [/^dist_token$/, "embeddings.distillation_token"],
  [/^reg_token$/, "embeddings.register_tokens"],
  [/^pos_embed$/, "embeddings.position_embeddings"],
];

/** Names of ViT, DeiT, MAE and DINOv2; patch embedding too. */
export const attentionNames: Names = [
  [/^patch_embed\.proj\./, "embeddings.patch_embeddings.projection."],
  [".attn.q_proj.", ".attention.attention.query."],
  [".attn.k_proj.", ".attention.attention.key."],
  [".attn.v_proj.", ".attention.attention.value."],
  [".attn.proj.", ".attention.output.dense."],
  [/^blocks\./, "encoder.layer."],
  [/^norm\./, "layernorm."],
];
