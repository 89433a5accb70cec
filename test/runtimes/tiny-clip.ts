/** A CLIP of a few kB in the hub's layout: images by their mean color, texts by their words' colors, both through one random matrix. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as onnx from "../../src/onnx/index.ts";
import { noise } from "../heads/vectors.ts";

export const words = {
  "[UNK]": [0, 0, 0],
  "[PAD]": [0, 0, 0],
  a: [0, 0, 0],
  image: [0, 0, 0],
  red: [1, 0, 0],
  green: [0, 1, 0],
  blue: [0, 0, 1],
};
const channels = 16;

/** Writes the folder; `from_pretrained` of transformers.js loads its two sides. */
export function writeTinyClip(folder: string): void {
  mkdirSync(join(folder, "onnx"), { recursive: true });
  const json = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  json("config.json", {
    model_type: "clip",
    text_config: { model_type: "clip_text_model" },
    vision_config: { image_size: 8, patch_size: 8 },
  });
  json("preprocessor_config.json", {
    image_processor_type: "CLIPFeatureExtractor",
    ...{ do_resize: true, size: { shortest_edge: 8 }, do_center_crop: true, crop_size: { height: 8, width: 8 }, resample: 3 },
    ...{ do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, image_mean: [0, 0, 0], image_std: [1, 1, 1] },
  });
  json("tokenizer_config.json", {
    tokenizer_class: "PreTrainedTokenizer",
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    model_max_length: 8,
  });
  json("tokenizer.json", {
    version: "1.0",
    added_tokens: [],
    normalizer: { type: "Lowercase" },
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: {
      ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(Object.keys(words).map((word, i) => [word, i])),
    },
  });
  writeFileSync(join(folder, "onnx/vision_model.onnx"), visionGraph());
  writeFileSync(join(folder, "onnx/text_model.onnx"), textGraph());
}

const projection = noise(3 * channels, 1);

function visionGraph(): Uint8Array {
  const graph = onnx.newGraph(17);
  const pixels = onnx.input(graph, "pixel_values", "float32", ["b", 3, 8, 8]);
  const color = onnx.ReduceMean(pixels, [2, 3], { keepdims: 0 });
  return finish(graph, onnx.MatMul(color, onnx.constant(graph, "float32", [3, channels], projection)), "image_embeds");
}

function textGraph(): Uint8Array {
  const graph = onnx.newGraph(17);
  const ids = onnx.input(graph, "input_ids", "int64", ["b", "n"]);
  const table = onnx.constant(graph, "float32", [Object.keys(words).length, 3], Float32Array.from(Object.values(words).flat()));
  const color = onnx.ReduceMean(onnx.Gather(table, ids), [1], { keepdims: 0 });
  return finish(graph, onnx.MatMul(color, onnx.constant(graph, "float32", [3, channels], projection)), "text_embeds");
}

function finish(graph: onnx.Graph, value: onnx.Value, name: string): Uint8Array {
  onnx.output(value, name);
  return onnx.writeOnnx(onnx.finishGraph(graph, "tiny-clip"));
}
