/** `buildTextTower`: CLIP's (arXiv 2103.00020) and SigLIP's (arXiv 2303.15343) text towers as transformers has them, as an ONNX file. */
import { S2Error } from "../core/index.ts";
import {
  Add,
  Cast,
  constant,
  Equal,
  finishGraph,
  Gather,
  input,
  MatMul,
  Mul,
  newGraph,
  output,
  ReduceMax,
  type ShapedValue,
  Squeeze,
  scalar,
  scope,
  Transpose,
  Unsqueeze,
  writeOnnx,
} from "../onnx/index.ts";
import type { Config } from "./architecture.ts";
import { separate } from "./attention.ts";
import { opset } from "./build.ts";
import { checkHeads, integer, nested, number } from "./config.ts";
import { layerNorm, linear, parameter } from "./layers.ts";
import { readTensors, type WeightFiles } from "./llava-weights.ts";
import { activationOf } from "./mlp.ts";
import { token } from "./pooling.ts";
import { block } from "./vit.ts";
import { makeWeights, type Names, type Weights } from "./weights.ts";

const names: Names = [
  [/^(token|position)_embedding$/, "embeddings.$1_embedding.weight"],
  [/^norm\./, "final_layer_norm."],
  [/^blocks\./, "encoder.layers."],
  [".attn.proj.", ".self_attn.out_proj."],
  [".attn.", ".self_attn."],
  [/\.norm(\d)\./, ".layer_norm$1."],
];

/** The image tower and what compares the two; a buffer of old files. */
const unused = /^(vision_model|visual_projection|logit_scale|logit_bias)(\.|$)|\.position_ids$/;

/** Defaults of transformers' classes. */
const defaults: Readonly<Record<string, Config>> = {
  clip: {
    ...{ vocab_size: 49408, hidden_size: 512, intermediate_size: 2048, num_hidden_layers: 12, num_attention_heads: 8 },
    ...{ max_position_embeddings: 77, hidden_act: "quick_gelu", layer_norm_eps: 1e-5, eos_token_id: 49407 },
  },
  siglip: {
    ...{ vocab_size: 32000, hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
    ...{ max_position_embeddings: 64, hidden_act: "gelu_pytorch_tanh", layer_norm_eps: 1e-6 },
  },
};

/** Texts that a tower takes: ids padded to `length`; CLIP pools the id `end`. */
export interface TextRules {
  readonly length: number;
  readonly end?: number;
}

/** Reads from a model's config what its texts are. @throws S2Error "text-side" for a model without a text tower. */
export function readTextRules(config: object): TextRules {
  const { type, text } = readText(config as Config);
  return { length: integer(text, "max_position_embeddings"), ...(type === "clip" && { end: number(text, "eos_token_id") }) };
}

/**
 * The tower from the config and weights of a whole model (`model_type` clip or siglip): `input_ids` [batch, length] to `text_embeds`
 * [batch, channels], in the space of `image_embeds`. Texts are padded to `length` on the right, as `readTextRules` has it.
 * @throws S2Error "text-side" for a model without a text tower, and as `buildModel`.
 */
export function buildTextTower(config: object, weights: WeightFiles): Uint8Array {
  const { type, text } = readText(config as Config);
  const tower = makeWeights(readTensors(weights), { prefix: "text_model", names });
  const [dim, heads] = [integer(text, "hidden_size"), integer(text, "num_attention_heads")];
  checkHeads(dim, heads);
  const [length, epsilon] = [integer(text, "max_position_embeddings"), number(text, "layer_norm_eps")];
  const settings = {
    ...{ dim, epsilon, layerScale: false },
    attention: { heads, projections: separate(true, true, true), bias: true },
    mlp: {
      ...{ kind: "plain" as const, bias: true },
      width: integer(text, "intermediate_size"),
      activation: activationOf(text.hidden_act),
    },
  };
  const graph = newGraph(opset);
  const ids = input(graph, "input_ids", "int64", ["batch", length]);
  const table = parameter(graph, tower.get("token_embedding", [integer(text, "vocab_size"), dim]), "token_embedding");
  const positions = parameter(graph, tower.get("position_embedding", [length, dim]), "position_embedding");
  const mask = type === "clip" ? constant(graph, "float32", [length, length], causal(length)) : undefined;
  let x = Transpose(Add(Gather(table, ids), positions), [1, 0, 2]);
  for (let i = 0; i < integer(text, "num_hidden_layers"); i++)
    x = scope(graph, `blocks.${i}`, () => block(x, settings, tower.under(`blocks.${i}`), { mask }));
  const tokens = layerNorm(Transpose(x, [1, 0, 2]), tower.under("norm"), epsilon);
  const embeds = type === "clip" ? projectEnd(tokens, ids, text, tower) : projectLast(tokens, tower);
  output(embeds, "text_embeds");
  tower.refuseIssues(unused);
  return writeOnnx(finishGraph(graph, "text-tower"));
}

function readText(config: Config): { type: "clip" | "siglip"; text: Config } {
  const { model_type: type } = config;
  // Old files have a second one that counts.
  const text = nested(config, config.text_config_dict ? "text_config_dict" : "text_config");
  if ((type === "clip" || type === "siglip") && config.text_config !== undefined)
    return { type, text: { ...defaults[type], ...text } };
  throw new S2Error(
    "text-side",
    `The model (model_type ${JSON.stringify(type ?? null)}) has no text tower, so no text can be compared with its images; expected a CLIP or a SigLIP ` +
      'with both towers (model_type "clip" or "siglip", with a text_config).',
  );
}

/** Tokens attend to those before them and to themselves. */
function causal(length: number): Float32Array {
  return Float32Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? -1e9 : 0));
}

/** CLIP: the first token that ends the text, projected. */
function projectEnd(tokens: ShapedValue, ids: ShapedValue, text: Config, weights: Weights): ShapedValue {
  const { graph } = tokens;
  const length = ids.dims[1] as number;
  const end = number(text, "eos_token_id");
  // Configs from before 2023 say 2, which transformers takes for the highest id.
  const last = end === 2 ? ReduceMax(ids, [1]) : scalar(ids, end);
  const ends = Cast(Equal(ids, last), "float32");
  const earlier = Float32Array.from({ length: length * length }, (_, i) => (Math.floor(i / length) < i % length ? 1 : 0));
  const before = MatMul(ends, constant(graph, "float32", [length, length], earlier));
  const first = Mul(ends, Cast(Equal(before, 0), "float32"));
  const pooled = Squeeze(MatMul(Unsqueeze(first, [1]), tokens), [1]);
  const channels = weights.dims("text_projection.weight")?.[0] ?? integer(text, "projection_dim", 512);
  return linear(pooled, weights.under("text_projection"), channels, { bias: false });
}

/** SigLIP: the last token, padding or not. */
function projectLast(tokens: ShapedValue, weights: Weights): ShapedValue {
  const channels = weights.dims("head.weight")?.[0] ?? (tokens.dims[2] as number);
  return linear(token(tokens, (tokens.dims[1] as number) - 1), weights.under("head"), channels, { bias: true });
}
