/** A transformers.js model as a model for S². The library is known by the shape of its objects only: nothing of it is imported. */
import { checkNames, commonPrefixes, S2Error, type Tensor, type Traits, type VisionModel } from "../core/index.ts";
import { type Preprocessing, readPreprocessing } from "../images/index.ts";
import { checkImages, pickOutput, type ValueInfo } from "./graph.ts";
import type { ConfigHints, Size } from "./hub-config.ts";
import { readTokens } from "./tokens.ts";
import {
  type Graph,
  graphOf,
  listNames,
  pick,
  readLibraryConfigs,
  type TensorClass,
  type TransformersModel,
  type TransformersProcessor,
  tensorMaker,
} from "./transformers-library.ts";

export { imageEmbedder, textEmbedder } from "./transformers-embed.ts";

// biome-ignore lint/suspicious/noExplicitAny: the library's constructor has several overloads.
type LibraryArguments = any[];

/** Facts that the library's objects do not have. */
export interface FromTransformersOptions {
  /** The library's `Tensor`; needed only when there is no processor to learn it from. */
  Tensor?: new (
    ...args: LibraryArguments
  ) => object;
  /** Name of the output with the features; default `last_hidden_state`, or the only one that can be. */
  output?: string;
  /** Number of tokens before the grid ([CLS], registers). */
  prefixTokens?: number;
  /** Side of a token in pixels. */
  patchSize?: number;
}

/** A transformers.js model that `s2` and `extract` take. */
export interface FromTransformers extends VisionModel {
  (images: Tensor): Promise<Tensor>;
  readonly traits: Traits;
  /** Known when the processor was given. */
  readonly preprocessing?: Preprocessing;
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
}

/**
 * Makes a transformers.js model usable with S²:
 * `const model = fromTransformers(await AutoModel.from_pretrained(id), await AutoProcessor.from_pretrained(id));`
 * @throws S2Error "model-file", "output" or "prefix-tokens" when the model cannot be used or an option is needed.
 */
export function fromTransformers(
  model: TransformersModel,
  processor?: TransformersProcessor,
  options: FromTransformersOptions = {},
): FromTransformers {
  checkNames(options, ["Tensor", "output", "prefixTokens", "patchSize"]);
  const graph = graphOf(model);
  const input = imageInput(graph);
  const { imageProcessor, preprocessor, config, hints } = readLibraryConfigs(model, processor);
  const inputShape = graph.inputMetadata?.find(({ name }) => name === input)?.shape ?? [];
  const main = mainOutput(graph, options.output);
  const traits = readTraits(inputShape, main, hints, options);
  const { maxBatch, dynamicSize, imageSize } = traits;
  const rules = { channels: numberOf(inputShape[1]), maxBatch, ...(dynamicSize === false && { size: imageSize }) };
  const preprocessing = readPreprocessing({ preprocessor, config });
  const makeTensor = tensorMaker(imageProcessor, options.Tensor as TensorClass | undefined);
  const features = async (images: Tensor): Promise<Tensor> => {
    checkImages(images, rules);
    return pick(await model({ [input]: await makeTensor(images) }), main.name);
  };
  return Object.assign(features, { traits, outputs: graph.outputNames, ...(preprocessing && { preprocessing }) });
}

function imageInput({ count, inputNames }: Graph): string {
  if (count === 1 && inputNames.length === 1) return inputNames[0];
  const got = count > 1 ? `The model has ${count} graphs` : `The model takes ${listNames(inputNames)}`;
  const advice = "load it with AutoModel, or for CLIP and SigLIP with CLIPVisionModelWithProjection or SiglipVisionModel";
  throw new S2Error("model-file", `${got}; expected one graph that takes images alone: ${advice}.`);
}

/** Finds the output with the features; its shape is known with newer ONNX Runtimes. */
function mainOutput({ outputNames, outputMetadata }: Graph, wanted?: string): ValueInfo {
  if (outputMetadata) return pickOutput(outputMetadata, { output: wanted });
  const name = wanted ?? (outputNames.length === 1 ? outputNames[0] : "last_hidden_state");
  if (outputNames.includes(name)) return { name, type: "float32", shape: [] };
  throw new S2Error("output", `The model has no output "${name}". Give output: one of ${outputNames.join(", ")}.`);
}

/** Reads traits from the graph's fixed dimensions, else from config.json: without a wait, the model cannot be run for them. */
function readTraits(inputShape: ValueInfo["shape"], main: ValueInfo, hints: ConfigHints, given: FromTransformersOptions): Traits {
  const [batch, , height, width] = inputShape.map(numberOf);
  const fixed: Size | undefined = height && width ? [height, width] : undefined;
  const imageSize = fixed ?? hints.imageSize;
  return {
    ...(imageSize && { imageSize }),
    // Symbolic height and width are a promise that not every export keeps; a run that breaks it fails with a message.
    ...(inputShape.length === 4 && { dynamicSize: fixed === undefined }),
    ...(batch && { maxBatch: batch }),
    ...(main.shape.length === 4 ? mapTraits(main, fixed, given) : tokenTraits(main, imageSize, hints, given)),
  };
}

function mapTraits({ shape }: ValueInfo, size: Size | undefined, { patchSize }: FromTransformersOptions): Traits {
  const [, channels, rows] = shape.map(numberOf);
  const stride = patchSize ?? (size && rows ? Math.round(size[0] / rows) : undefined);
  return { layout: "bchw", prefixTokens: 0, ...(stride && { patchSize: stride }), ...(channels && { channels }) };
}

function tokenTraits({ shape }: ValueInfo, size: Size | undefined, hints: ConfigHints, given: FromTransformersOptions): Traits {
  const [, tokens, channels] = shape.map(numberOf);
  const patchSize = given.patchSize ?? hints.patchSize;
  const common = { layout: "bnc", ...(channels && { channels }) } as const;
  if (tokens && size) {
    const { family, prefixTokens: familyPrefixes } = hints;
    const { grid, ...read } = readTokens({ tokens, size, patchSize, prefixTokens: given.prefixTokens, family, familyPrefixes });
    return { ...common, ...read };
  }
  const prefixTokens = given.prefixTokens ?? (hints.prefixTokens?.length === 1 ? hints.prefixTokens[0] : undefined);
  if (prefixTokens !== undefined) return { ...common, prefixTokens, ...(patchSize && { patchSize }) };
  const family = hints.family ? `a ${hints.family}` : "this model";
  throw new S2Error(
    "prefix-tokens",
    `The number of tokens that ${family} puts before its grid is not known. Give prefixTokens: ${commonPrefixes}.`,
  );
}

const numberOf = (side: number | string | undefined): number | undefined => (typeof side === "number" ? side : undefined);
