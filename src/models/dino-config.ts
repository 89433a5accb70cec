/** DINOv2 (arXiv 2304.07193), the same with registers (arXiv 2309.16588) and DINOv3 (arXiv 2508.10104) as transformers has them. */
import { Concat } from "../onnx/index.ts";
import type { Architecture, Config, Family } from "./architecture.ts";
import { separate } from "./attention.ts";
import { flag, integer, number } from "./config.ts";
import { silu } from "./mlp.ts";
import { mean, token, withoutPrefix } from "./pooling.ts";
import { countOf } from "./position.ts";
import { attentionNames, describeNormed, embeddingNames, head, pretraining, readVit, withDefaults } from "./transformers-vit.ts";
import type { Vit } from "./vit.ts";
import type { Names, Weights } from "./weights.ts";

const layerScale: Names = [[/\.ls(\d)\.gamma$/, ".layer_scale$1.lambda1"]];

const gatedNames: Names = [
  [".fc1.", ".weights_in."],
  [".fc2.", ".weights_out."],
];

function dinov2Names(config: Config): Names {
  const names = [...embeddingNames, ...attentionNames, ...layerScale];
  return flag(config, "use_swiglu_ffn", false) ? [...names, ...gatedNames] : names;
}

export const dinov2: Family = {
  ...{ prefix: "dinov2", names: dinov2Names },
  read: (config, weights) => describe(readDinov2(withDefaults(config, "dinov2")), weights),
};

export const dinov2WithRegisters: Family = {
  ...{ prefix: "dinov2_with_registers", names: dinov2Names },
  read: (given, weights) => {
    const config = withDefaults(given, "dinov2_with_registers");
    const model = readDinov2(config);
    const prefix = withRegisters(model, config);
    return describe({ ...model, prefix, position: { ...model.position!, antialias: true } }, weights);
  },
};

function readDinov2(config: Config): Vit {
  const hidden = Math.trunc(integer(config, "hidden_size") * number(config, "mlp_ratio"));
  const gated = flag(config, "use_swiglu_ffn");
  // Two thirds, since there are three matrices then and not two; a multiple of 8 (Dinov2SwiGLUFFN).
  const width = gated ? Math.floor((Math.trunc((hidden * 2) / 3) + 7) / 8) * 8 : hidden;
  const model = readVit({ ...config, intermediate_size: width }, [["cls_token", 1]]);
  return { ...model, layerScale: true, mlp: gated ? { ...model.mlp, kind: "packed", activation: silu } : model.mlp };
}

/** They stand between the class token and the grid, and have no positions. */
function withRegisters({ prefix }: Vit, config: Config): Vit["prefix"] {
  const registers = integer(config, "num_register_tokens", undefined, 0);
  return registers > 0 ? [...prefix, ["reg_token", registers]] : prefix;
}

export const dinov3: Family = {
  prefix: "dinov3_vit",
  names: [
    ...embeddingNames,
    ...layerScale,
    [/^patch_embed\.proj\./, "embeddings.patch_embeddings."],
    [/^blocks\./, "layer."],
    [".attn.proj.", ".attention.o_proj."],
    [".attn.", ".attention."],
    [".fc1_g.", ".gate_proj."],
    [/\.fc1(_x)?\./, ".up_proj."],
    [".fc2.", ".down_proj."],
  ],
  read: (config, weights) => describe(readDinov3(withDefaults(config, "dinov3_vit")), weights),
};

function readDinov3(config: Config): Vit {
  const model = readVit(config, [["cls_token", 1]]);
  const bias = (name: string) => flag(config, `${name}_bias`);
  return {
    ...model,
    prefix: withRegisters(model, config),
    position: undefined,
    rotary: number(config, "rope_theta"),
    layerScale: true,
    attention: { ...model.attention, projections: separate(bias("query"), bias("key"), bias("value")), bias: bias("proj") },
    mlp: { ...model.mlp, kind: flag(config, "use_gated_mlp") ? "gated" : "plain", bias: bias("mlp") },
  };
}

/** The pooled output is the class token; classifiers see it beside the mean of the grid's. */
function describe(model: Vit, weights: Weights): Architecture {
  return describeNormed(model, weights, pretraining, (tokens) => {
    const first = token(tokens, 0);
    const seen = Concat([first, mean(withoutPrefix(tokens, countOf(model.prefix)))], -1);
    return { pooler_output: first, ...head("logits", seen, weights.under("classifier")) };
  });
}
