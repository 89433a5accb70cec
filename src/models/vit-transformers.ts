/** ViTs of transformers: what their configs say, what their outputs are called. Defaults are those of the library's config classes. */
import { S2Error } from "../core/index.ts";
import { Add, Concat, Div, type ShapedValue } from "../onnx/index.ts";
import { activationOf } from "./activation.ts";
import type { Architecture, Config, Family, Naming, Outputs } from "./architecture.ts";
import { checkHeads, nested, number, size, whole } from "./config.ts";
import { layerNorm, linear, rowsOf } from "./layers.ts";
import { attentionPool, meanToken, tokenAt, tokensFrom } from "./pooling.ts";
import { gridOfTable, type Prefix } from "./position.ts";
import { type Vit, type VitTokens, vit } from "./vit.ts";
import { readMlpShape, readProjectionNames, readShapes, rowsOfTensor, tableRows } from "./vit-tensors.ts";
import type { Weights } from "./weights.ts";

/** What a family's own code adds to the tokens that all have. */
interface Heads {
  readonly tokens: VitTokens;
  /** `last_hidden_state`. */
  readonly normed: ShapedValue;
  readonly weights: Weights;
  readonly config: Config;
  readonly model: Vit;
}

interface Kind extends Naming {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly heads: number;
  readonly epsilon: number;
  readonly act?: string;
  /** Tokens before the grid that have a row in the table of positions. */
  readonly embedded: number;
  readonly antialias?: boolean;
  readonly rotary?: boolean;
  /** Whether `last_hidden_state` is after the final norm; CLIP's is not. */
  readonly normed?: false;
  readonly outputs: (parts: Heads) => Outputs;
  readonly vision?: true;
}

const unused =
  /(^|\.)(mask_token|position_ids|text_model\..*|text_projection\..*|logit_scale|logit_bias|decoder.*|rope_embeddings\..*|token_embedding.*)$|^decoder|text_model/;

function family(kind: Kind): Family {
  return { prefix: kind.prefix, names: kind.names, read: (config, weights) => read(config, weights, kind) };
}

function read(given: Config, weights: Weights, kind: Kind): Architecture {
  const config = kind.vision ? { ...given, ...nested(given, "vision_config") } : given;
  const shapes = readShapes(weights);
  const imageSize = size(config, "image_size", kind.imageSize);
  const heads = whole(config, "num_attention_heads", kind.heads);
  checkHeads(shapes.dim, heads);
  if (config.use_qk_norm === true || config.attention_bias === false) throw unbuilt(config, "use_qk_norm");
  const prefix = readPrefix(weights, shapes.dim);
  const grid = [Math.floor(imageSize[0] / shapes.patch), Math.floor(imageSize[1] / shapes.patch)] as const;
  const first = weights.under("blocks.0");
  const shape = readMlpShape(first.under("mlp"));
  const act = shape.kind === "packed" ? "silu" : (config.hidden_act ?? kind.act ?? "gelu");
  const scaled = first.has("ls1.gamma");
  const model: Vit = {
    ...shapes,
    imageSize,
    prefix,
    ...(kind.rotary
      ? { theta: number(config, "rope_theta", 100) }
      : {
          position: {
            ...gridOfTable(tableRows(weights, shapes.dim), kind.embedded === 0 ? 0 : embeddedCount(prefix), grid),
            antialias: kind.antialias ?? false,
          },
        }),
    epsilon: number(config, "layer_norm_eps", kind.epsilon),
    preNorm: weights.has("norm_pre.weight"),
    attention: { heads, projections: readProjectionNames(first.under("attn")), bias: first.has("attn.proj.bias") },
    mlp: { ...shape, activation: activationOf(act) },
    ...(scaled && { layerScale: ["ls1.gamma", "ls2.gamma"] as const }),
  };
  const prefixTokens = prefix.reduce((sum, [, count]) => sum + count, 0);
  return {
    imageSize: model.imageSize,
    patchSize: shapes.patch,
    prefixTokens,
    channels: shapes.channels,
    main: ["last_hidden_state", "image_embeds", "pooler_output", "logits"],
    unused,
    build: (images) => build(images, weights, config, model, kind),
  };
}

/** Registers have no row in transformers' tables. */
const embeddedCount = (prefix: Prefix): number => prefix.filter(([name]) => name !== "reg_token").length;

function readPrefix(weights: Weights, dim: number): Prefix {
  const registers = (weights.dims("reg_token") ?? []).reduce((product, size) => product * size, 1) / dim;
  return [
    ...(weights.has("cls_token") ? [["cls_token", 1] as const] : []),
    ...(weights.has("dist_token") ? [["dist_token", 1] as const] : []),
    ...(weights.has("reg_token") ? [["reg_token", registers] as const] : []),
  ];
}

function build(images: ShapedValue, weights: Weights, config: Config, model: Vit, kind: Kind): Outputs {
  const tokens = vit(images, weights, model);
  const normed = kind.normed === false ? tokens.last : layerNorm(tokens.last, weights.under("norm"), model.epsilon);
  const hidden = Object.fromEntries([tokens.embedded, ...tokens.blocks].map((value, i) => [`hidden_states.${i}`, value]));
  return { last_hidden_state: normed, ...kind.outputs({ tokens, normed, weights, config, model }), ...hidden };
}

function unbuilt(config: Config, key: string): S2Error {
  return new S2Error(
    "architecture",
    `config.json has ${key} ${JSON.stringify(config[key])}, which is not built for ${config.model_type}.`,
  );
}

/** A classifier's logits from a vector, where the file has one. */
function logits(vector: () => ShapedValue, weights: Weights, name = "classifier"): Outputs {
  const classes = rowsOfTensor(weights, `${name}.weight`);
  return classes > 0 ? { logits: linear(vector(), weights.under(name), classes) } : {};
}

function vitOutputs({ normed, weights, config }: Heads): Outputs {
  const cls = tokenAt(normed, 0);
  const size = rowsOfTensor(weights, "pooler.dense.weight");
  const pooled = () => activationOf(config.pooler_act ?? "tanh")(linear(cls, weights.under("pooler.dense"), size));
  return { ...(size > 0 && { pooler_output: pooled() }), ...logits(() => cls, weights) };
}

/** With a teacher: a head on each of the two tokens, and their mean. */
function deitOutputs(parts: Heads): Outputs {
  const { normed, weights } = parts;
  const classes = rowsOfTensor(weights, "cls_classifier.weight");
  if (classes === 0) return vitOutputs(parts);
  const [cls, distilled] = (["cls_classifier", "distillation_classifier"] as const).map((name, i) =>
    linear(tokenAt(normed, i), weights.under(name), classes),
  );
  return { ...vitOutputs(parts), logits: Div(Add(cls, distilled), 2), cls_logits: cls, distillation_logits: distilled };
}

/** The class token is the pooled output; the classifier takes it beside the mean of the grid. */
function dinoOutputs({ tokens, normed, weights }: Heads): Outputs {
  const cls = tokenAt(normed, 0);
  const both = () => Concat([cls, meanToken(tokensFrom(normed, tokens.prefix))], 1);
  return { pooler_output: cls, ...logits(both, weights) };
}

function clipOutputs({ tokens, weights, model }: Heads): Outputs {
  const pooled = layerNorm(tokenAt(tokens.last, 0), weights.under("norm"), model.epsilon);
  const size = rowsOfTensor(weights, "visual_projection.weight");
  const embeds: Outputs = size > 0 ? { image_embeds: linear(pooled, weights.under("visual_projection"), size) } : {};
  return { ...embeds, pooler_output: pooled, ...logits(() => meanToken(tokensFrom(tokens.last, 1)), weights) };
}

/** torch's own attention keeps queries, keys and values in one tensor. */
function siglipOutputs({ normed, weights, config, model }: Heads): Outputs {
  const classified = logits(() => meanToken(normed), weights);
  if (!weights.has("attn_pool.latent")) return classified;
  const { dim } = model;
  const head = weights.under("attn_pool");
  const packed = { weight: head.get("in_proj_weight", [3 * dim, dim]), bias: head.get("in_proj_bias", [3 * dim]) };
  const [q, k, v] = [0, 1, 2].map((i) => rowsOf(packed, i * dim, (i + 1) * dim));
  const pooled = attentionPool(
    normed,
    head,
    { latent: head.get("latent", [1, 1, dim]), q, k, v },
    {
      heads: model.attention.heads,
      epsilon: model.epsilon,
      activation: model.mlp.activation,
      hidden: rowsOfTensor(head, "mlp.fc1.weight"),
    },
  );
  const full = config.text_config !== undefined || config.model_type === "siglip";
  const embeds: Outputs = full ? { image_embeds: pooled } : {};
  return { ...embeds, pooler_output: pooled, ...classified };
}

const blocksAs = (name: string) => [/^blocks\./, `${name}.`] as const;

const vitNames: Naming["names"] = [
  ["cls_token", "embeddings.cls_token"],
  ["dist_token", "embeddings.distillation_token"],
  ["reg_token", "embeddings.register_tokens"],
  ["pos_embed", "embeddings.position_embeddings"],
  ["patch_embed.proj.", "embeddings.patch_embeddings.projection."],
  blocksAs("encoder.layer"),
  ["attn.q_proj.", "attention.attention.query."],
  ["attn.k_proj.", "attention.attention.key."],
  ["attn.v_proj.", "attention.attention.value."],
  ["attn.proj.", "attention.output.dense."],
  [/^norm\./, "layernorm."],
];

const plainNames: Naming["names"] = [
  ...vitNames,
  [".norm1.", ".layernorm_before."],
  [".norm2.", ".layernorm_after."],
  ["mlp.fc1.", "intermediate.dense."],
  ["mlp.fc2.", "output.dense."],
];

const dinov2Names: Naming["names"] = [...vitNames, [/ls([12])\.gamma/, "layer_scale$1.lambda1"]];

const dinov3Names: Naming["names"] = [
  ["cls_token", "embeddings.cls_token"],
  ["reg_token", "embeddings.register_tokens"],
  ["patch_embed.proj.", "embeddings.patch_embeddings."],
  blocksAs("layer"),
  ["attn.proj.", "attention.o_proj."],
  ["attn.", "attention."],
  ["mlp.fc1_g.", "mlp.gate_proj."],
  [/mlp\.fc1(_x)?\./, "mlp.up_proj."],
  ["mlp.fc2.", "mlp.down_proj."],
  [/ls([12])\.gamma/, "layer_scale$1.lambda1"],
];

const clipNames: Naming["names"] = [
  [/^attn_pool\.latent/, "head.probe"],
  [/^attn_pool\.in_proj_/, "head.attention.in_proj_"],
  [/^attn_pool\.proj\./, "head.attention.out_proj."],
  [/^attn_pool\.norm\./, "head.layernorm."],
  [/^attn_pool\./, "head."],
  ["cls_token", "embeddings.class_embedding"],
  ["pos_embed", "embeddings.position_embedding.weight"],
  ["patch_embed.proj.", "embeddings.patch_embedding."],
  blocksAs("encoder.layers"),
  ["attn.proj.", "attn.out_proj."],
  [".attn.", ".self_attn."],
  [/\.norm([12])\./, ".layer_norm$1."],
  ["norm_pre.", "pre_layrnorm."],
  [/^norm\./, "post_layernorm."],
];

const plain = { imageSize: 224, patchSize: 16, heads: 12, epsilon: 1e-12, embedded: 1, names: plainNames } as const;

export const hfVit = family({ ...plain, prefix: "vit", outputs: vitOutputs });
export const hfDeit = family({ ...plain, prefix: "deit", outputs: deitOutputs });
export const hfMae = family({ ...plain, prefix: "vit", outputs: () => ({}) });

const dinov2Kind = { ...plain, patchSize: 14, epsilon: 1e-6, names: dinov2Names, outputs: dinoOutputs } as const;
export const hfDinov2 = family({ ...dinov2Kind, prefix: "dinov2" });
export const hfDinov2Registers = family({ ...dinov2Kind, prefix: "dinov2_with_registers", antialias: true });
export const hfDinov3 = family({
  ...dinov2Kind,
  prefix: "dinov3_vit",
  heads: 6,
  epsilon: 1e-5,
  rotary: true,
  names: dinov3Names,
});

const tower = { ...plain, prefix: "vision_model", names: clipNames, vision: true } as const;
export const hfClip = family({ ...tower, epsilon: 1e-5, act: "quick_gelu", normed: false, outputs: clipOutputs });
export const hfSiglip = family({ ...tower, epsilon: 1e-6, act: "gelu_pytorch_tanh", embedded: 0, outputs: siglipOutputs });
