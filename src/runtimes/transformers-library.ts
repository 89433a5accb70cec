/** The shapes of transformers.js's objects, as far as they matter here, and its own tensors. Nothing of the library is imported. */
import { S2Error, type Tensor } from "../core/index.ts";
import { type OrtTensor, toFloat32 } from "./ort.ts";

/** What `AutoModel.from_pretrained(...)` gives, as far as it matters here. */
export interface TransformersModel {
  readonly config: object;
  readonly sessions: object;
  // biome-ignore lint/suspicious/noExplicitAny: the library declares its call as taking and giving anything.
  (inputs: any): Promise<any>;
}

/** What `AutoProcessor.from_pretrained(...)` or `AutoImageProcessor.from_pretrained(...)` gives. */
export interface TransformersProcessor {
  readonly config?: object;
  readonly image_processor?: object;
}

export type TensorClass = new (type: "float32", data: Float32Array, dims: number[]) => object;

/**
 * The model takes tensors of the library's own class only. Its image processors make one: asked to change nothing, from one pixel.
 * @throws S2Error "transformers-tensor" when there is no processor, or it is not of the kind that is known (4.x).
 */
export async function tensorClassOf(imageProcessor: object | undefined): Promise<TensorClass> {
  const give =
    "Give the library's own: fromTransformers(model, processor, { Tensor }), with Tensor imported from @huggingface/transformers";
  if (!imageProcessor)
    throw new S2Error("transformers-tensor", `No processor was given from which to learn the library's Tensor. ${give}.`);
  const steps = [
    "crop_margin",
    "convert_rgb",
    "resize",
    "thumbnail",
    "center_crop",
    "rescale",
    "normalize",
    "pad",
    "flip_channel_order",
  ];
  const idle = Object.fromEntries(steps.map((step) => [`do_${step}`, { value: false }]));
  const pixel = { width: 1, height: 1, channels: 3, size: [1, 1], data: new Uint8Array(3) };
  try {
    const { pixel_values } = await Object.create(imageProcessor, idle).preprocess(pixel);
    return pixel_values.constructor;
  } catch (error) {
    throw new S2Error("transformers-tensor", `The processor does not show the library's Tensor. ${give}.`, { cause: error });
  }
}

/** A float output by its name. */
export function pick(results: Record<string, OrtTensor | undefined>, name: string): Tensor {
  const result = results[name];
  if (result?.type === "float32" || result?.type === "float16") return toFloat32(result);
  const got = result ? `is of type ${result.type}` : `is not among the results: ${Object.keys(results).join(", ")}`;
  throw new S2Error(
    "output",
    `The output "${name}" ${got}; expected floats. Give output: another, or load the model with AutoModel.`,
  );
}
