/** What transformers' config classes (4.57) have where a config.json says nothing: real ones may leave out all that is equal. */
import type { Config } from "./architecture.ts";

/** Of nearly all. */
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
