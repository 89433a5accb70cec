/** Shapes of transformers.js's objects, as far as they are used, and its own tensors. Nothing of the library is imported. */
import { S2Error, type Tensor } from "../core/index.ts";
import type { ValueInfo } from "./graph.ts";
import { type JsonObject, readHints } from "./hub-config.ts";
import { type OrtTensor, toFloat32 } from "./ort.ts";

/** The result of `AutoModel.from_pretrained(...)`, as far as it is used. */
export interface TransformersModel {
  readonly config: object;
  readonly sessions: object;
  // biome-ignore lint/suspicious/noExplicitAny: the library declares its call as taking and giving anything.
  (inputs: any): Promise<any>;
}

/** The result of `AutoProcessor.from_pretrained(...)` or `AutoImageProcessor.from_pretrained(...)`. */
export interface TransformersProcessor {
  readonly config?: object;
  readonly image_processor?: object;
}

/** The graph of a model; `count` is its number of graphs. */
export interface Graph {
  readonly count: number;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Newer ONNX Runtimes only. */
  readonly inputMetadata?: readonly ValueInfo[];
  readonly outputMetadata?: readonly ValueInfo[];
}

export function graphOf({ sessions }: TransformersModel): Graph {
  const all = Object.values(sessions ?? {}) as Partial<Graph>[];
  const { inputNames = [], outputNames = [], inputMetadata, outputMetadata } = all[0] ?? {};
  return { count: all.length, inputNames, outputNames, inputMetadata, outputMetadata };
}

/** Lists names of inputs or outputs for errors. */
export const listNames = (names: readonly string[]): string => names.join(", ") || "nothing that is known";

/** Reads the configs of model and processor. */
export function readLibraryConfigs(model: TransformersModel, processor?: TransformersProcessor) {
  const imageProcessor = processor?.image_processor ?? processor;
  const preprocessor = (imageProcessor as { config?: JsonObject } | undefined)?.config;
  const config = model.config as JsonObject;
  return { imageProcessor, preprocessor, config, hints: readHints(config, preprocessor) };
}

export type TensorClass = new (type: "float32", data: Float32Array, dims: number[]) => object;

/** Steps of the library's image processors. */
const STEPS = "crop_margin convert_rgb resize thumbnail center_crop rescale normalize pad flip_channel_order".split(" ");

/**
 * Returns a function that makes the library's own tensors, the only ones that a model takes. An image processor shows their class: it makes
 * one from a single pixel with all its steps switched off.
 * @throws S2Error "transformers-tensor" on the first call without a processor, or with one of an unknown kind (known is 4.x).
 */
export function tensorMaker(imageProcessor: object | undefined, given?: TensorClass): (images: Tensor) => Promise<object> {
  const advice =
    "Give the library's own: fromTransformers(model, processor, { Tensor }), with Tensor imported from @huggingface/transformers";
  const find = async (): Promise<TensorClass> => {
    if (!imageProcessor)
      throw new S2Error("transformers-tensor", `No processor was given from which to learn the library's Tensor. ${advice}.`);
    const off = Object.fromEntries(STEPS.map((step) => [`do_${step}`, { value: false }]));
    const pixel = { width: 1, height: 1, channels: 3, size: [1, 1], data: new Uint8Array(3) };
    try {
      return (await Object.create(imageProcessor, off).preprocess(pixel)).pixel_values.constructor;
    } catch (cause) {
      throw new S2Error("transformers-tensor", `The processor does not show the library's Tensor. ${advice}.`, { cause });
    }
  };
  let found: Promise<TensorClass> | undefined;
  return async ({ data, dims }) => {
    found ??= given ? Promise.resolve(given) : find();
    return new (await found)("float32", new Float32Array(data), [...dims]); // a copy: the library may transfer the buffer to its thread
  };
}

/** Returns a float output by its name. @throws S2Error "output". */
export function pick(results: Record<string, OrtTensor | undefined>, name: string): Tensor {
  const result = results[name];
  if (result?.type === "float32" || result?.type === "float16") return toFloat32(result);
  const got = result ? `is of type ${result.type}` : `is not among the results: ${Object.keys(results).join(", ")}`;
  throw new S2Error(
    "output",
    `The output "${name}" ${got}; expected floats. Give output: another, or load the model with AutoModel.`,
  );
}
