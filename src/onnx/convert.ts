/** Stores weights in half precision: half the file, computed in float32 as before or in float16 (float16.ts). */
import { S2Error } from "../core/index.ts";
import { toFloat16 } from "../tensors/index.ts";
import { writeAttributes } from "./attributes.ts";
import { readOnnx, writeOnnx } from "./file.ts";
import { computeInFloat16, type Float16Options } from "./float16.ts";
import type { ModelProto, NodeProto, TensorProto } from "./proto.ts";
import { elementTypes, makeTensor, tensorData, tensorDims } from "./tensor.ts";

/** Smaller tensors are not worth a node each. */
const smallest = 256;
const largestHalf = 65504;

/**
 * Stores the model's float32 weights as float16. They are cast back where they are used, which onnxruntime does once when it loads the
 * file, and all arithmetic stays float32; with `compute` it is float16 too, which GPUs do faster and CPUs slower, but for what float16 is
 * too small for, and for the operators and nodes named in `keepFloat32` (docs/decisions/0021). Inputs, outputs and weights beyond
 * float16's range stay float32.
 * @throws S2Error "onnx-file" for a file that cannot be read, "option" for another dtype.
 */
export function convertModel(
  file: Uint8Array,
  { dtype, ...options }: { readonly dtype: "float16"; readonly compute?: boolean; readonly keepFloat32?: readonly string[] },
): Uint8Array {
  if (dtype !== "float16") throw new S2Error("option", `dtype is "${dtype}"; expected "float16". For int8 see quantizeModel.`);
  return writeOnnx(convertProto(readOnnx(file), options));
}

/** Converts a file that has been read to float16. */
export function convertProto(
  model: ModelProto,
  { compute = false, ...options }: Float16Options & { readonly compute?: boolean } = {},
): ModelProto {
  if (compute) return computeInFloat16(model, options);
  const given = new Set((model.graph.input ?? []).map(({ name }) => name)); // may be fed, so their type stays
  const casts: NodeProto[] = [];
  const initializer = (model.graph.initializer ?? []).map((tensor) => {
    const half = given.has(tensor.name) ? undefined : inHalf(tensor);
    if (!half) return tensor;
    const attribute = writeAttributes({ to: elementTypes.float32 });
    casts.push({ opType: "Cast", name: `${tensor.name}/Cast`, input: [half.name!], output: [tensor.name!], attribute });
    return half;
  });
  const { graph } = model;
  return { ...model, graph: { ...graph, initializer, node: [...casts, ...(graph.node ?? [])] } };
}

function inHalf(tensor: TensorProto): TensorProto | undefined {
  const dims = tensorDims(tensor);
  if (Number(tensor.dataType) !== elementTypes.float32 || dims.reduce((a, b) => a * b, 1) < smallest) return undefined;
  const data = tensorData(tensor) as Float32Array;
  if (!data.every((value) => Math.abs(value) <= largestHalf)) return undefined;
  return makeTensor(`${tensor.name}/float16`, "float16", dims, toFloat16(data));
}
