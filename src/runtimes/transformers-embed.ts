/** The two sides of a CLIP-like transformers.js model: images and texts as vectors of one space, for finding images by words. */
import { checkFinite, S2Error, type Tensor } from "../core/index.ts";
import { type Preprocessing, readPreprocessing } from "../images/index.ts";
import type { JsonObject, Size } from "./hub-config.ts";
import {
  graphOf,
  listNames,
  pick,
  readLibraryConfigs,
  type TransformersModel,
  type TransformersProcessor,
  tensorMaker,
} from "./transformers-library.ts";

/** The result of `AutoTokenizer.from_pretrained(...)`, as far as it is used. */
// biome-ignore lint/suspicious/noExplicitAny: the library declares its call as taking and giving anything.
export type TextTokenizer = (texts: any, options: any) => any;

/** Returns one vector for each text. */
export type TextEmbedder = (texts: readonly string[]) => Promise<Float32Array[]>;

/** Returns one vector for each image of [b, c, h, w]. */
export interface ImageEmbedder {
  (images: Tensor): Promise<Float32Array[]>;
  readonly imageSize?: Size;
  readonly preprocessing?: Preprocessing;
}

/**
 * Makes the text side: `textEmbedder(await CLIPTextModelWithProjection.from_pretrained(id), await AutoTokenizer.from_pretrained(id))`.
 * @throws S2Error "text-side" for a model that has none.
 */
export function textEmbedder(model: TransformersModel, tokenizer: TextTokenizer): TextEmbedder {
  const output = embeddingOf(model, "input_ids", "text_embeds");
  const { inputNames } = graphOf(model);
  // SigLIP was trained on texts padded to the maximum length (its model card).
  const padding = familyOf(model).startsWith("siglip") ? "max_length" : true;
  return async (texts) => {
    const tokens = tokenizer([...texts], { padding, truncation: true });
    const feeds = Object.fromEntries(inputNames.filter((name) => name in tokens).map((name) => [name, tokens[name]]));
    return rows(pick(await model(feeds), output));
  };
}

/**
 * Makes the image side: `imageEmbedder(await CLIPVisionModelWithProjection.from_pretrained(id), await AutoProcessor.from_pretrained(id))`.
 * Its images come from `prepareImage(image, imageSize, preprocessing)`.
 * @throws S2Error "text-side" for a model without an embedding in a space that it shares with texts.
 */
export function imageEmbedder(model: TransformersModel, processor: TransformersProcessor): ImageEmbedder {
  const output = embeddingOf(model, "pixel_values", "image_embeds");
  const { imageProcessor, preprocessor, config, hints } = readLibraryConfigs(model, processor);
  const preprocessing = readPreprocessing({ preprocessor, config });
  const makeTensor = tensorMaker(imageProcessor);
  const embed = async (images: Tensor) => rows(pick(await model({ pixel_values: await makeTensor(images) }), output));
  const { imageSize } = hints;
  return Object.assign(embed, { ...(imageSize && { imageSize }), ...(preprocessing && { preprocessing }) });
}

/** Returns the output that is the embedding of one side. */
function embeddingOf(model: TransformersModel, input: "input_ids" | "pixel_values", embedding: string): string {
  const { count, inputNames, outputNames } = graphOf(model);
  const family = familyOf(model);
  // Only SigLIP's pooled output is the shared space; a ViT's or BERT's of the same name is its own.
  const names = family.startsWith("siglip") ? [embedding, "pooler_output"] : [embedding];
  const output = names.find((name) => outputNames.includes(name));
  const isOneSide = inputNames.includes(input) && !(inputNames.includes("input_ids") && inputNames.includes("pixel_values"));
  if (count === 1 && isOneSide && output) return output;
  const [side, classes] =
    input === "input_ids"
      ? ["text", "CLIPTextModelWithProjection or SiglipTextModel"]
      : ["image", "CLIPVisionModelWithProjection or SiglipVisionModel"];
  throw new S2Error(
    "text-side",
    `This model${family && ` (${family})`} takes ${listNames(inputNames)} and gives ${listNames(outputNames)}; ` +
      `expected the ${side} side of a model of images and texts, which takes ${input} and gives ${embedding}: load it with ${classes}.`,
  );
}

const familyOf = ({ config }: TransformersModel): string => String((config as JsonObject).model_type ?? "");

/** Splits [b, c] into b vectors. @throws S2Error "not-finite". */
function rows({ dims, data }: Tensor): Float32Array[] {
  const [count, channels] = dims;
  checkFinite(data, "The embedding");
  return Array.from({ length: count }, (_, i) => data.slice(i * channels, (i + 1) * channels));
}
