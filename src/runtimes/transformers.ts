/** A transformers.js model as a model for S². Knows the library by the shape of its objects only: nothing of it is imported. */

import { checkNames, commonPrefixes, S2Error, type Tensor, type Traits, type VisionModel } from "../core/index.ts";
import { type Preprocessing, readPreprocessing } from "../images/index.ts";
import { checkImages, type ImageRules, pickOutput, type ValueInfo } from "./graph.ts";
import { type ConfigHints, type JsonObject, readHints, type Size } from "./hub-config.ts";
import { readTokens } from "./tokens.ts";
import {
  pick,
  type TensorClass,
  type TransformersModel,
  type TransformersProcessor,
  tensorClassOf,
} from "./transformers-library.ts";

export { imageEmbedder, type TextTokenizer, textEmbedder } from "./transformers-embed.ts";
export type { TransformersModel, TransformersProcessor };

// biome-ignore lint/suspicious/noExplicitAny: the library's constructor has overloads that are none of our business.
type LibraryArguments = any[];

/** What the objects do not say themselves. */
export interface FromTransformersOptions {
  /** The library's `Tensor`; needed only when there is no processor to learn it from. */
  Tensor?: new (
    ...args: LibraryArguments
  ) => object;
  /** Which output is the features; default `last_hidden_state`, or the only one that can be. */
  output?: string;
  prefixTokens?: number;
  patchSize?: number;
}

/** A transformers.js model that `s2` and `extract` take. */
export interface FromTransformers extends VisionModel {
  (images: Tensor): Promise<Tensor>;
  readonly traits: Traits;
  /** Known when the processor was given. */
  readonly preprocessing?: Preprocessing;
  readonly outputs: readonly string[];
}

/**
 * Makes a transformers.js model usable with S²:
 * `const model = fromTransformers(await AutoModel.from_pretrained(id), await AutoProcessor.from_pretrained(id));`
 * @throws S2Error "model-file", "output" or "prefix-tokens" when the model cannot be used or more must be said.
 */
export function fromTransformers(
  model: TransformersModel,
  processor?: TransformersProcessor,
  options: FromTransformersOptions = {},
): FromTransformers {
  checkNames(options, ["Tensor", "output", "prefixTokens", "patchSize"]);
  const session = sessionOf(model);
  const imageProcessor = processor?.image_processor ?? processor;
  const processorConfig = (imageProcessor as { config?: JsonObject } | undefined)?.config;
  const config = model.config as JsonObject;
  const inputShape = session.inputMetadata?.find(({ name }) => name === session.input)?.shape ?? [];
  const main = mainOutput(session, options.output);
  const traits = readTraits(inputShape, main, readHints(config, processorConfig), options);
  const rules: ImageRules = {
    channels: numberOf(inputShape[1]),
    maxBatch: traits.maxBatch,
    ...(traits.dynamicSize === false && { size: traits.imageSize }),
  };
  const preprocessing = readPreprocessing({ preprocessor: processorConfig, config });

  let tensorClass: Promise<TensorClass> | undefined;
  const features = async (images: Tensor): Promise<Tensor> => {
    checkImages(images, rules);
    tensorClass ??= options.Tensor ? Promise.resolve(options.Tensor as TensorClass) : tensorClassOf(imageProcessor);
    // A copy: the library hands the buffer to its own thread where it has one.
    const tensor = new (await tensorClass)("float32", new Float32Array(images.data), [...images.dims]);
    return pick(await model({ [session.input]: tensor }), main.name);
  };
  return Object.assign(features, { traits, outputs: session.outputNames, ...(preprocessing && { preprocessing }) });
}

interface OrtSession {
  readonly input: string;
  readonly outputNames: readonly string[];
  /** Newer ONNX Runtimes only. */
  readonly inputMetadata?: readonly ValueInfo[];
  readonly outputMetadata?: readonly ValueInfo[];
}

function sessionOf({ sessions }: TransformersModel): OrtSession {
  const [session, ...more] = Object.values(sessions ?? {}) as (Omit<OrtSession, "input"> & { inputNames: readonly string[] })[];
  const inputs = session?.inputNames ?? [];
  if (more.length === 0 && inputs.length === 1) {
    const { outputNames, inputMetadata, outputMetadata } = session;
    return { input: inputs[0], outputNames, inputMetadata, outputMetadata };
  }
  const got =
    more.length > 0
      ? `The model has ${more.length + 1} graphs`
      : `The model takes ${inputs.join(", ") || "nothing that is known"}`;
  const advice = "load it with AutoModel, or for CLIP and SigLIP with CLIPVisionModelWithProjection or SiglipVisionModel";
  throw new S2Error("model-file", `${got}; expected one graph that takes images alone: ${advice}.`);
}

/** Its shape is known where ONNX Runtime tells it. */
function mainOutput({ outputNames, outputMetadata }: OrtSession, wish?: string): ValueInfo {
  if (outputMetadata) return pickOutput(outputMetadata, { output: wish });
  const name =
    wish ?? (outputNames.includes("last_hidden_state") || outputNames.length > 1 ? "last_hidden_state" : outputNames[0]);
  if (outputNames.includes(name)) return { name, type: "float32", shape: [] };
  throw new S2Error("output", `The model has no output "${name}". Give output: one of ${outputNames.join(", ")}.`);
}

/** From the graph's dimensions where they are fixed, else from config.json: a function that answers at once cannot run the model to see. */
function readTraits(inputShape: ValueInfo["shape"], main: ValueInfo, hints: ConfigHints, given: FromTransformersOptions): Traits {
  const [batch, , height, width] = inputShape.map(numberOf);
  const fixed: Size | undefined = height && width ? [height, width] : undefined;
  const imageSize = fixed ?? hints.imageSize;
  const rank = main.shape.length;
  return {
    ...(imageSize && { imageSize }),
    // Symbolic height and width are a promise that not every export keeps; a run that breaks it says so.
    ...(inputShape.length === 4 && { dynamicSize: fixed === undefined }),
    ...(batch && { maxBatch: batch }),
    ...(rank === 4 ? mapTraits(main, fixed, given) : tokenTraits(main, imageSize, hints, given)),
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
    `How many tokens ${family} puts before its grid is not known. Give prefixTokens: ${commonPrefixes}.`,
  );
}

const numberOf = (side: number | string | undefined): number | undefined => (typeof side === "number" ? side : undefined);
