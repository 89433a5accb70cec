/** A LLaVA of a few thousand weights in the layout of the hub: a language model drawn from a formula, the golden CLIP as its eyes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  Add,
  Concat,
  constant,
  finishGraph,
  Gather,
  Gelu,
  Gemm,
  type Graph,
  inline,
  input,
  LayerNormalization,
  MatMul,
  Mul,
  newGraph,
  node,
  output,
  Reshape,
  readOnnx,
  Shape,
  type ShapedValue,
  Slice,
  Softmax,
  Squeeze,
  scalar,
  Transpose,
  Unsqueeze,
  Where,
  writeOnnx,
} from "../../src/onnx/index.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";
import { readBytes, readJson } from "../models/dynamic-s2.ts";

const words = [
  "<pad>",
  "<s>",
  "</s>",
  "<image>",
  "<unk>",
  ..."what is there in the image a red blue round square near far street sign".split(" "),
];
const [dim, heads, layers, longest] = [16, 2, 2, 160];

/** Numbers that only their names decide. */
function numbers(name: string, size: number, scale: number): Float32Array {
  let state = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 17);
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return Float32Array.from({ length: size }, () => next() * scale);
}

const table = (graph: Graph, name: string, dims: number[], scale = 0.5): ShapedValue =>
  constant(
    graph,
    "float32",
    dims,
    numbers(
      name,
      dims.reduce((a, b) => a * b, 1),
      scale,
    ),
    name,
  );

/** Weights of an mlp2x_gelu projector under transformers' names. */
export function projector(channels: number): Record<string, StoredTensor> {
  const tensor = (name: string, dims: number[]): StoredTensor => ({
    dtype: "F32",
    dims,
    data: numbers(
      name,
      dims.reduce((a, b) => a * b, 1),
      0.3,
    ),
  });
  return {
    "multi_modal_projector.linear_1.weight": tensor("p1", [dim, channels]),
    "multi_modal_projector.linear_1.bias": tensor("b1", [dim]),
    "multi_modal_projector.linear_2.weight": tensor("p2", [dim, dim]),
    "multi_modal_projector.linear_2.bias": tensor("b2", [dim]),
  };
}

/** The file of a language model: its eyes, its projector, and one tensor that is neither. */
export function weightsOf(projection: Record<string, StoredTensor>, tower = "clip-tiny.safetensors"): Uint8Array {
  const eyes = Object.entries(readSafetensors(readBytes(tower)).tensors).map(([name, tensor]) => [
    `model.vision_tower.${name}`,
    tensor,
  ]);
  const more = {
    "language_model.model.layers.0.mlp.down_proj.weight": { dtype: "F32", dims: [2], data: new Float32Array(2) } as const,
  };
  return writeSafetensors({ ...Object.fromEntries(eyes), ...projection, ...more });
}

export const config: Record<string, unknown> = {
  ...{ model_type: "llava", architectures: ["LlavaForConditionalGeneration"], image_token_index: 3 },
  ...{ vision_feature_layer: -2, vision_feature_select_strategy: "default", vision_config: readJson("clip-tiny.config.json") },
  text_config: {
    ...{ model_type: "llama", hidden_size: dim, num_hidden_layers: layers, vocab_size: words.length },
    ...{ num_attention_heads: heads, num_key_value_heads: heads },
  },
};

export const preprocessor = {
  ...{ image_processor_type: "CLIPImageProcessor", processor_class: "LlavaProcessor", do_resize: true, do_center_crop: true },
  ...{ size: { shortest_edge: 32 }, crop_size: { height: 32, width: 32 }, do_normalize: true, do_rescale: true, resample: 3 },
  ...{ image_mean: [0.48145466, 0.4578275, 0.40821073], image_std: [0.26862954, 0.26130258, 0.27577711] },
};

export const processor = {
  processor_class: "LlavaProcessor",
  image_token: "<image>",
  patch_size: 8,
  num_additional_image_tokens: 0,
};

/** Everything but the vision encoder and what depends on it. */
export function writeLanguageModel(folder: string): void {
  mkdirSync(join(folder, "onnx"), { recursive: true });
  const json = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  json("generation_config.json", { bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 });
  json("tokenizer_config.json", {
    tokenizer_class: "PreTrainedTokenizer",
    pad_token: "<pad>",
    eos_token: "</s>",
    padding_side: "left",
  });
  const special = ["<pad>", "<s>", "</s>", "<image>", "<unk>"];
  json("tokenizer.json", {
    ...{ version: "1.0", normalizer: null, pre_tokenizer: { type: "WhitespaceSplit" }, post_processor: null },
    added_tokens: special.map((content) => ({ id: words.indexOf(content), content, special: true, ...plainToken })),
    decoder: { type: "WordPiece", prefix: "##", cleanup: false },
    model: {
      type: "WordPiece",
      unk_token: "<unk>",
      continuing_subword_prefix: "##",
      vocab: Object.fromEntries(words.map((w, i) => [w, i])),
    },
  });
  writeFileSync(join(folder, "onnx/embed_tokens.onnx"), embeddings());
  writeFileSync(join(folder, "onnx/decoder_model_merged.onnx"), decoder());
}

const plainToken = { single_word: false, lstrip: false, rstrip: false, normalized: false };

function embeddings(): Uint8Array {
  const graph = newGraph(20);
  const ids = input(graph, "input_ids", "int64", ["batch_size", "sequence_length"]);
  output(Gather(table(graph, "embed", [words.length, dim]), ids), "inputs_embeds");
  return writeOnnx(finishGraph(graph, "embed_tokens"));
}

/** A decoder with a cache: learned positions, two blocks of causal attention and an MLP. */
function decoder(): Uint8Array {
  const graph = newGraph(20);
  const embedded = input(graph, "inputs_embeds", "float32", ["batch_size", "sequence_length", dim]);
  const mask = input(graph, "attention_mask", "int64", ["batch_size", "total_sequence_length"]);
  const positions = input(graph, "position_ids", "int64", ["batch_size", "sequence_length"]);
  const total = Squeeze(Slice(Shape(mask), 1, 2, 0), [0]);
  const [keys] = node("Range", [scalar(positions, 0), total, scalar(positions, 1)]);
  const [seen] = node("GreaterOrEqual", [Unsqueeze(positions, [2]), keys]);
  const allowed = Unsqueeze(seen, [1]); // [b, 1, sequence, total]
  let x = Add(embedded, Gather(table(graph, "positions", [longest, dim]), positions));
  for (let i = 0; i < layers; i++) x = block(x, allowed, i);
  output(MatMul(norm(x, "last"), table(graph, "head", [dim, words.length])), "logits");
  return writeOnnx(finishGraph(graph, "decoder"));
}

const norm = (x: ShapedValue, name: string) =>
  LayerNormalization(x, constant(x.graph, "float32", [dim], new Float32Array(dim).fill(1), `${name}.norm`));

function block(x: ShapedValue, allowed: ShapedValue, i: number): ShapedValue {
  const { graph } = x;
  const [batch, sequence] = x.dims;
  const normed = norm(x, `${i}.a`);
  const inHeads = (name: string) =>
    Transpose(
      Reshape(MatMul(normed, table(graph, `${i}.${name}`, [dim, dim])), [batch, sequence, heads, dim / heads]),
      [0, 2, 1, 3],
    );
  const grown = (name: "key" | "value") => {
    const dims = ["batch_size", heads, "past_sequence_length", dim / heads];
    const all = Concat([input(graph, `past_key_values.${i}.${name}`, "float32", dims), inHeads(name)], 2);
    output(all, `present.${i}.${name}`);
    return all;
  };
  const [query, key, value] = [inHeads("query"), grown("key"), grown("value")];
  const scores = Mul(MatMul(query, Transpose(key, [0, 1, 3, 2])), 1 / Math.sqrt(dim / heads));
  const attended = MatMul(Softmax(Where(allowed, scores, scalar(scores, -1e9))), value);
  const joined = Reshape(Transpose(attended, [0, 2, 1, 3]), [batch, sequence, dim]);
  const y = Add(x, MatMul(joined, table(graph, `${i}.out`, [dim, dim])));
  const inner = Gelu(MatMul(norm(y, `${i}.m`), table(graph, `${i}.up`, [dim, 2 * dim])));
  return Add(y, MatMul(inner, table(graph, `${i}.down`, [2 * dim, dim])));
}

/** The vision encoder as an export without S² has it: tower, [CLS] off, two layers; made here by hand. */
export function plainEncoder(tower: Uint8Array, projection: Record<string, StoredTensor>): Uint8Array {
  const graph = newGraph(20);
  const images = input(graph, "pixel_values", "float32", ["batch", 3, 32, 32]);
  const model = readOnnx(tower);
  const name = inline(graph, model, "tower")({ pixel_values: images }).get(model.graph.output![0].name!)!;
  const all = { graph, name, type: "float32", dims: ["batch", 17, 24] } as ShapedValue;
  const layer = (x: ShapedValue, n: number) => {
    const [weight, bias] = ["weight", "bias"].map((part) => projection[`multi_modal_projector.linear_${n}.${part}`]);
    const rows = Reshape(x, [-1, weight.dims[1]]);
    const matrix = constant(graph, "float32", weight.dims, weight.data as Float32Array);
    const product = Gemm(rows, matrix, constant(graph, "float32", [dim], bias.data as Float32Array), { transB: 1 });
    return { ...Reshape(product, [-1, 16, dim]), dims: ["batch", 16, dim] };
  };
  output(layer(Gelu(layer(Slice(all, 1, Number.POSITIVE_INFINITY, 1), 1)), 2), "image_features");
  return writeOnnx(finishGraph(graph, "plain"));
}
