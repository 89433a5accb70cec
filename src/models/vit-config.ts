/** ViT (arXiv 2010.11929), DeiT (arXiv 2012.12877) and MAE's encoder (arXiv 2111.06377) as transformers has them. */
import { Add, Mul, type ShapedValue } from "../onnx/index.ts";
import type { Architecture, Config, Family, Outputs } from "./architecture.ts";
import { fused } from "./attention.ts";
import { activationOf } from "./mlp.ts";
import { token } from "./pooling.ts";
import type { Prefix } from "./position.ts";
import { attentionNames, describeNormed, embeddingNames, head, pretraining, readVit, withDefaults } from "./transformers-vit.ts";
import type { Vit } from "./vit.ts";
import type { Names, Weights } from "./weights.ts";

const names: Names = [
  ...embeddingNames,
  ...attentionNames,
  [".norm1.", ".layernorm_before."],
  [".norm2.", ".layernorm_after."],
  [".mlp.fc1.", ".intermediate.dense."],
  [".mlp.fc2.", ".output.dense."],
];

const cls: Prefix = [["cls_token", 1]];

export const vit = family("vit", "vit", cls);

/** ViT-MAE without masking, its patches in the image's order. */
export const vitMae = family("vit", "vit_mae", cls);

export const deit = family("deit", "deit", [...cls, ["dist_token", 1]]);

function family(name: string, type: "vit" | "vit_mae" | "deit", prefix: Prefix): Family {
  return { prefix: name, names, read: (config, weights) => describe(withDefaults(config, type), weights, prefix) };
}

function describe(config: Config, weights: Weights, prefix: Prefix): Architecture {
  const model = withProjections(readVit(config, prefix), weights);
  return describeNormed(model, weights, pretraining, (tokens) => {
    const first = token(tokens, 0);
    return {
      ...pooler(first, config, weights.under("pooler.dense")),
      ...head("logits", first, weights.under("classifier")),
      ...teacherLogits(tokens, weights),
    };
  });
}

/** Files in timm's names have one layer for queries, keys and values. */
function withProjections(model: Vit, weights: Weights): Vit {
  if (!weights.has("blocks.0.attn.qkv.weight")) return model;
  const projections = fused(model.attention.projections.biases.length > 0);
  return { ...model, attention: { ...model.attention, projections } };
}

function pooler(first: ShapedValue, config: Config, weights: Weights): Outputs {
  const { dense } = head("dense", first, weights);
  return dense ? { pooler_output: activationOf(config.pooler_act)(dense) } : {};
}

/** DeiT's two classifiers, of the class token and of the one that learned from a teacher; their mean is the answer. */
function teacherLogits(tokens: ShapedValue, weights: Weights): Outputs {
  const main = head("cls_logits", token(tokens, 0), weights.under("cls_classifier"));
  const teachers = head("distillation_logits", token(tokens, 1), weights.under("distillation_classifier"));
  const both = { ...main, ...teachers };
  if (!main.cls_logits || !teachers.distillation_logits) return both;
  return { logits: Mul(Add(main.cls_logits, teachers.distillation_logits), 0.5), ...both };
}
