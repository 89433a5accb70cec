/** CLIP's (arXiv 2103.00020) and SigLIP's (arXiv 2303.15343) image towers as transformers has them, alone or beside their text towers. */
import type { Architecture, Config, Family, Outputs } from "./architecture.ts";
import { fused } from "./attention.ts";
import { flag, nested } from "./config.ts";
import { layerNorm, linear } from "./layers.ts";
import { attentionPool, mean, token, withoutPrefix } from "./pooling.ts";
import { describeNormed, head, hiddenStates, mainOutputs, readVit, withDefaults } from "./transformers-vit.ts";
import { describeVit, type Encoded } from "./vit.ts";
import type { Names, Weights } from "./weights.ts";

const names: Names = [
  [/^cls_token$/, "embeddings.class_embedding"],
  [/^pos_embed$/, "embeddings.position_embedding.weight"],
  [/^patch_embed\.proj\./, "embeddings.patch_embedding."],
  [/^norm_pre\./, "pre_layrnorm."], // sic
  [/^norm\./, "post_layernorm."],
  [/^blocks\./, "encoder.layers."],
  [".attn.proj.", ".self_attn.out_proj."],
  [".attn.", ".self_attn."],
  [/\.norm(\d)\./, ".layer_norm$1."],
  [/^attn_pool\.latent$/, "head.probe"],
  [/^attn_pool\.qkv\./, "head.attention.in_proj_"],
  [/^attn_pool\.proj\./, "head.attention.out_proj."],
  [/^attn_pool\.norm\./, "head.layernorm."],
  [/^attn_pool\./, "head."],
];

/** The other tower and what compares the two; a buffer of old files. */
const unused = /^(text_model|text_projection|logit_scale|logit_bias)(\.|$)|\.position_ids$/;

export const clip: Family = { prefix: "vision_model", names, read: (config, weights) => readClip(towerOf(config), weights) };

export const siglip: Family = {
  prefix: "vision_model",
  names,
  read: (config, weights) => readSiglip(towerOf(config), weights, config.model_type === "siglip"),
};

/** The config of a tower in a model of two; old files have a second one that counts. */
function towerOf(config: Config): Config {
  if (config.model_type === "clip_vision_model" || config.model_type === "siglip_vision_model") return config;
  return nested(config, config.vision_config_dict ? "vision_config_dict" : "vision_config");
}

function readClip(tower: Config, weights: Weights): Architecture {
  const config = withDefaults(tower, "clip_vision_model");
  const vit = { ...readVit(config, [["cls_token", 1]]), patchBias: false, preNorm: true };
  const outputs = (encoded: Encoded): Outputs => {
    const tokens = encoded.states.at(-1)!;
    const pooled = layerNorm(token(tokens, 0), weights.under("norm"), vit.epsilon);
    const width = weights.dims("visual_projection.weight")?.[0];
    return {
      ...{ last_hidden_state: tokens, pooler_output: pooled, ...hiddenStates(encoded) },
      ...(width !== undefined && { image_embeds: linear(pooled, weights.under("visual_projection"), width, { bias: false }) }),
      ...head("logits", mean(withoutPrefix(tokens, 1)), weights.under("classifier")),
    };
  };
  return describeVit(vit, weights, { main: mainOutputs, unused, outputs });
}

/** Beside a text tower, the pooled output is the embedding that is compared with texts. */
function readSiglip(tower: Config, weights: Weights, both: boolean): Architecture {
  const config = withDefaults(tower, "siglip_vision_model");
  const vit = readVit(config, []);
  const pool =
    flag(config, "vision_use_head", true) && ["latent", "proj.weight"].some((name) => weights.has(`attn_pool.${name}`));
  return describeNormed(vit, weights, unused, (tokens) => {
    const attention = { ...vit.attention, projections: fused(true) };
    const pooled = pool && attentionPool(tokens, weights.under("attn_pool"), attention, vit.mlp, vit.epsilon);
    return {
      ...(pooled && { pooler_output: pooled, ...(both && { image_embeds: pooled }) }),
      ...head("logits", mean(tokens), weights.under("classifier")),
    };
  });
}
