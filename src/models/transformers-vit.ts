/** What all ViTs of transformers share: how their configs are read, what tensors and outputs are called. */
import type { ShapedValue } from "../onnx/index.ts";
import { activationOf } from "./activation.ts";
import type { Config, Outputs, Size } from "./architecture.ts";
import { separate } from "./attention.ts";
import { checkHeads, flag, number, side, size, whole } from "./config.ts";
import { linear } from "./layers.ts";
import { countOf, type Prefix } from "./position.ts";
import type { Encoded, Vit } from "./vit.ts";
import type { Names, Weights } from "./weights.ts";

/** A complete config as a ViT with these prefix tokens, all of which have positions. */
export function readVit(config: Config, prefix: Prefix): Vit {
  const [dim, heads] = [whole(config, "hidden_size"), whole(config, "num_attention_heads")];
  checkHeads(dim, heads);
  const [imageSize, patchSize] = [size(config, "image_size"), side(config, "patch_size")];
  const bias = flag(config, "qkv_bias", true);
  const grid: Size = [Math.floor(imageSize[0] / patchSize), Math.floor(imageSize[1] / patchSize)];
  return {
    ...{ imageSize, patchSize, dim, prefix, patchBias: true, preNorm: false, layerScale: false },
    channels: whole(config, "num_channels"),
    depth: whole(config, "num_hidden_layers"),
    epsilon: number(config, "layer_norm_eps"),
    position: { embedded: countOf(prefix), grid, antialias: false },
    attention: { heads, projections: separate(bias, bias, bias), bias: true },
    mlp: {
      ...{ kind: "plain", bias: true },
      width: whole(config, "intermediate_size"),
      activation: activationOf(config.hidden_act),
    },
  };
}

/** Features first. */
export const mainOutputs = ["last_hidden_state", "pooler_output", "image_embeds", "logits", "cls_logits", "distillation_logits"];

/** `hidden_states.0` is the input of the first block, `.i` the output of block i before any final norm. */
export const hiddenStates = ({ states }: Encoded): Outputs =>
  Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, state]));

/** A linear layer with a bias as an output of that name, where the file has it. */
export function head(name: string, x: ShapedValue, weights: Weights): Outputs {
  const features = (weights.dims("weight") ?? weights.dims("bias"))?.[0];
  return features === undefined ? {} : { [name]: linear(x, weights, features, true) };
}

/** Buffers, and what only pretraining has. */
export const pretraining = /(^|\.)(mask_token|position_ids)$|^decoder\./;

export const embeddingNames: Names = [
  [/^cls_token$/, "embeddings.cls_token"],
  [/^dist_token$/, "embeddings.distillation_token"],
  [/^reg_token$/, "embeddings.register_tokens"],
  [/^pos_embed$/, "embeddings.position_embeddings"],
];

/** Of ViT, DeiT, MAE and DINOv2; patch embedding too. */
export const attentionNames: Names = [
  [/^patch_embed\.proj\./, "embeddings.patch_embeddings.projection."],
  [".attn.q_proj.", ".attention.attention.query."],
  [".attn.k_proj.", ".attention.attention.key."],
  [".attn.v_proj.", ".attention.attention.value."],
  [".attn.proj.", ".attention.output.dense."],
  [/^blocks\./, "encoder.layer."],
  [/^norm\./, "layernorm."],
];
