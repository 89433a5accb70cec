/** `loadClip`: both towers of a CLIP-like model, images and texts as vectors of one space, to search photos by words. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkFinite, S2Error, type Tensor } from "../../core/index.ts";
import { readPreprocessing } from "../../images/index.ts";
import { buildModel, buildTextTower, readTextRules, type TextRules } from "../../models/index.ts";
import type { OpenedGraph } from "../../onnx/index.ts";
import { unit } from "../../retrieval/index.ts";
import { readHints } from "../hub-config.ts";
import type { Model } from "../model.ts";
import { type LocateOptions, locateFolder } from "./locate.ts";
import { hasWeights, readFolderConfigs, readIfThere, readJson, readWeights } from "./model-folder.ts";
import { openGraph } from "./open-graph.ts";
import { readWhole } from "./read-file.ts";

/** A loaded model of images and texts. */
export interface ClipModel {
  /** Gives one token for each tile, its `image_embeds` of length 1: S² at 1x gives the model's own embedding, at more scales the mean of its tiles'. */
  readonly images: Model;
  /** Fit of the model's own processor, which makes images square. */
  readonly fit: "crop" | "squash";
  /** Returns the vector of a text, of length 1. @throws S2Error "text-side" for an empty one. */
  embedText(text: string): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Loads a folder or hub name with the two towers: `onnx/text_model.onnx` and `onnx/vision_model.onnx` as transformers.js has them, else
 * `model.safetensors` of transformers' CLIP or SigLIP; `tokenizer.json` is read by @huggingface/tokenizers.
 * @throws S2Error "text-side" for a model without a text tower, "tokenizers-missing", and as `loadModel`.
 */
export async function loadClip(
  source: string | undefined,
  options: LocateOptions & { readonly threads?: number } = {},
): Promise<ClipModel> {
  const folder = await locateFolder(source, options);
  const { config, preprocessor } = readFolderConfigs(folder);
  const rules = readTextRules(config ?? {});
  const encode = await openTokenizer(folder, rules);
  const [text, vision] = ["text_model", "vision_model"].map((name) => join(folder, "onnx", `${name}.onnx`));
  const asGraphs = existsSync(text) && existsSync(vision);
  if (!asGraphs && !hasWeights(folder))
    throw new S2Error(
      "text-side",
      `${folder} has neither onnx/text_model.onnx and onnx/vision_model.onnx nor model.safetensors; expected both towers of the model. Download these files too.`,
    );
  const weights = asGraphs ? [] : readWeights(folder);
  const opened: OpenedGraph[] = [];
  const open = async (file: Uint8Array) => {
    opened.push(await openGraph(file, options.threads === undefined ? {} : { threads: options.threads }));
    return opened.at(-1)!;
  };
  const dispose = async () => void (await Promise.all(opened.map((graph) => graph.close())));
  try {
    const texts = await open(asGraphs ? readWhole(text) : buildTextTower(config!, weights));
    const images = await open(asGraphs ? readWhole(vision) : buildModel(config!, weights, { outputs: ["image_embeds"] }));
    const imageSize = readHints(config, preprocessor).imageSize ?? ([224, 224] as const);
    const preprocessing = readPreprocessing({ config, preprocessor });
    const embedImages = async (pixels: Tensor): Promise<Tensor> => {
      const dims = [...pixels.dims];
      const rows = embeddings(await images.run({ pixel_values: { dims, data: pixels.data } }), "image_embeds");
      return { dims: [dims[0], 1, rows.data.length / dims[0]], data: rows.data };
    };
    return {
      images: Object.assign(embedImages, {
        traits: { imageSize, patchSize: imageSize[0], prefixTokens: 0, layout: "bnc" as const, dynamicSize: false },
        outputs: ["image_embeds"],
        source: asGraphs ? vision : folder,
        run: async (pixels: Tensor) => ({ image_embeds: await embedImages(pixels) }),
        dispose,
        ...(preprocessing && { preprocessing }),
      }),
      fit: rules.end === undefined ? "squash" : "crop",
      async embedText(words) {
        const ids = encode(words);
        const feeds = { input_ids: { dims: [1, ids.length], data: BigInt64Array.from(ids, BigInt) } };
        return embeddings(await texts.run(feeds), "text_embeds").data;
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Returns a graph's embeddings, each scaled to length 1; SigLIP's graphs of transformers.js call them `pooler_output`. */
function embeddings(
  outputs: Readonly<Record<string, Tensor | { dims: readonly number[]; data: unknown }>>,
  name: string,
): Tensor {
  const found = outputs[name] ?? outputs.pooler_output;
  if (found?.dims.length !== 2 || !(found.data instanceof Float32Array))
    throw new S2Error(
      "text-side",
      `The graph gives ${Object.keys(outputs).join(", ")}; expected ${name}, one vector each. Give the files of a CLIP or SigLIP model.`,
    );
  const [count, channels] = found.dims;
  const data = found.data.slice();
  checkFinite(data, "The embedding");
  for (let row = 0; row < count; row++) unit(data.subarray(row * channels, (row + 1) * channels));
  return { dims: [count, channels], data };
}

/** Returns a function from a text to its ids, padded or cut to the model's length. */
async function openTokenizer(folder: string, { length, end }: TextRules): Promise<(text: string) => number[]> {
  const path = join(folder, "tokenizer.json");
  if (!existsSync(path))
    throw new S2Error("text-side", `${folder} has no tokenizer.json, which splits texts into tokens; download it too.`);
  const { Tokenizer } = await import("@huggingface/tokenizers").catch((cause) => {
    const message =
      "Texts are split by @huggingface/tokenizers, which is not installed; run npm install @huggingface/tokenizers.";
    throw new S2Error("tokenizers-missing", message, { cause });
  });
  const config = readIfThere(join(folder, "tokenizer_config.json")) ?? {};
  const tokenizer = new Tokenizer(readJson(path), config);
  const padding = typeof config.pad_token === "object" ? (config.pad_token as { content?: unknown })?.content : config.pad_token;
  const pad = tokenizer.token_to_id(String(padding)) ?? end ?? 0;
  return (text) => {
    if (text.trim() === "") throw new S2Error("text-side", "The text is empty; give some words.");
    const { ids } = tokenizer.encode(text);
    if (ids.length <= length) return [...ids, ...new Array<number>(length - ids.length).fill(pad)];
    return [...ids.slice(0, length - 1), end ?? ids.at(-1)!]; // the end stays
  };
}
