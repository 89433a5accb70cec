/** The two sides of a CLIP-like transformers.js model, images and texts as vectors of one space: what finds images by words. */
import { checkFinite, S2Error, type Tensor } from "../core/index.ts";
import { type Preprocessing, readPreprocessing } from "../images/index.ts";
import { type JsonObject, readHints, type Size } from "./hub-config.ts";
import { pick, type TransformersModel, type TransformersProcessor, tensorClassOf } from "./transformers-library.ts";

/** What `AutoTokenizer.from_pretrained(...)` gives, as far as it matters here. */
// biome-ignore lint/suspicious/noExplicitAny: the library declares its call as taking and giving anything.
export type TextTokenizer = (texts: any, options: any) => any;

/** One vector for each text. */
export type TextEmbedder = (texts: readonly string[]) => Promise<Float32Array[]>;

/** One vector for each image of [b, c, h, w]. */
export interface ImageEmbedder {
  (images: Tensor): Promise<Float32Array[]>;
  readonly imageSize?: Size;
  readonly preprocessing?: Preprocessing;
}

/**
 * The text side: `textEmbedder(await CLIPTextModelWithProjection.from_pretrained(id), await AutoTokenizer.from_pretrained(id))`.
 * @throws S2Error "text-side" for a model that has none.
 */
export function textEmbedder(model: TransformersModel, tokenizer: TextTokenizer): TextEmbedder {
  const { inputs, output } = sideOf(model, "input_ids", ["text_embeds", "pooler_output"]);
  // SigLIP was trained on texts filled up to its longest (its model card).
  const padding = (model.config as JsonObject).model_type?.toString().startsWith("siglip") ? "max_length" : true;
  return async (texts) => {
    const tokens = tokenizer([...texts], { padding, truncation: true });
    const given = Object.fromEntries(inputs.filter((name) => name in tokens).map((name) => [name, tokens[name]]));
    return rows(pick(await model(given), output));
  };
}

/**
 * The image side: `imageEmbedder(await CLIPVisionModelWithProjection.from_pretrained(id), await AutoProcessor.from_pretrained(id))`.
 * Its images come from `prepareImage(image, imageSize, preprocessing)`.
 * @throws S2Error "text-side" for a model that gives no embedding which a text side shares.
 */
export function imageEmbedder(model: TransformersModel, processor: TransformersProcessor): ImageEmbedder {
  const { output } = sideOf(model, "pixel_values", ["image_embeds", "pooler_output"]);
  const imageProcessor = processor.image_processor ?? processor;
  const processorConfig = (imageProcessor as { config?: JsonObject }).config;
  const config = model.config as JsonObject;
  const { imageSize } = readHints(config, processorConfig);
  const preprocessing = readPreprocessing({ preprocessor: processorConfig, config });
  const embed = async (images: Tensor) => {
    const tensor = new (await tensorClassOf(imageProcessor))("float32", new Float32Array(images.data), [...images.dims]);
    return rows(pick(await model({ pixel_values: tensor }), output));
  };
  return Object.assign(embed, { ...(imageSize && { imageSize }), ...(preprocessing && { preprocessing }) });
}

/** Which inputs one side takes, and which output is its embedding. */
function sideOf(
  model: TransformersModel,
  needed: string,
  embeddings: readonly string[],
): { inputs: readonly string[]; output: string } {
  const [session, ...more] = Object.values(model.sessions ?? {}) as {
    inputNames: readonly string[];
    outputNames: readonly string[];
  }[];
  const [inputs, outputs] = [session?.inputNames ?? [], session?.outputNames ?? []];
  const family = String((model.config as JsonObject).model_type ?? "");
  // Only SigLIP's pooled output is the shared space; a ViT's or BERT's of the same name is its own.
  const output = embeddings.find((name) => outputs.includes(name) && (name !== "pooler_output" || family.startsWith("siglip")));
  const alone = inputs.includes(needed) && !(inputs.includes("input_ids") && inputs.includes("pixel_values"));
  if (more.length === 0 && alone && output) return { inputs, output };
  const [side, classes] =
    needed === "input_ids"
      ? ["text", "CLIPTextModelWithProjection or SiglipTextModel"]
      : ["image", "CLIPVisionModelWithProjection or SiglipVisionModel"];
  throw new S2Error(
    "text-side",
    `This model${family && ` (${family})`} takes ${inputs.join(", ") || "nothing that is known"} and gives ${outputs.join(", ") || "nothing that is known"}; ` +
      `expected the ${side} side of a model of images and texts, which takes ${needed} and gives ${embeddings[0]}: load it with ${classes}.`,
  );
}

/** [b, c] into b vectors. @throws S2Error "not-finite". */
function rows({ dims, data }: Tensor): Float32Array[] {
  const [count, channels] = dims;
  checkFinite(data, "The embedding");
  return Array.from({ length: count }, (_, i) => data.slice(i * channels, (i + 1) * channels));
}
