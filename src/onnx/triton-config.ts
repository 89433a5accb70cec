/** `config.pbtxt` of NVIDIA Triton's ONNX Runtime backend: a `ModelConfig` (model_config.proto of triton-inference-server/common) in protobuf's text format. */
import { S2Error } from "../core/index.ts";
import { declaredShape, inputsOf } from "./file.ts";
import type { ModelProto, ValueInfoProto } from "./proto.ts";
import { elementType } from "./tensor.ts";

/** ONNX's element types by Triton's names. */
const dataTypes: Readonly<Record<string, string>> = {
  ...{ float32: "TYPE_FP32", float16: "TYPE_FP16", float64: "TYPE_FP64", uint8: "TYPE_UINT8", int8: "TYPE_INT8" },
  ...{ int32: "TYPE_INT32", int64: "TYPE_INT64", bool: "TYPE_BOOL" },
};

/**
 * Describes a model for Triton. Where all inputs and outputs have the batch as their first axis, Triton joins requests to batches of at most
 * `maxBatch`, and shapes are those of one image; else the shapes are complete and `max_batch_size` is 0.
 * @throws S2Error "onnx-file" for an element type that Triton does not have.
 */
export function tritonConfig(
  { graph = {} }: ModelProto,
  { name, maxBatch }: { readonly name: string; readonly maxBatch: number },
): string {
  const [inputs, outputs] = [inputsOf(graph), graph.output ?? []];
  const isBatched = [...inputs, ...outputs].every((value) => typeof declaredShape(value)[0] === "string");
  const describe = (value: ValueInfoProto) => {
    const dims = declaredShape(value).slice(isBatched ? 1 : 0);
    const sizes = dims.map((dim) => (typeof dim === "number" ? dim : -1)).join(", ");
    return `  {\n    name: ${quoted(value.name ?? "")}\n    data_type: ${dataTypeOf(value)}\n    dims: [ ${sizes} ]\n  }`;
  };
  const list = (field: string, values: readonly ValueInfoProto[]) => `${field} [\n${values.map(describe).join(",\n")}\n]`;
  return [
    `name: ${quoted(name)}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${isBatched ? maxBatch : 0}`,
    list("input", inputs),
    list("output", outputs),
    ...(isBatched ? ["dynamic_batching {\n}"] : []),
    "",
  ].join("\n");
}

function dataTypeOf({ name, type }: ValueInfoProto): string {
  const element = elementType(type?.tensorType?.elemType ?? 0);
  const found = dataTypes[element];
  if (found) return found;
  throw new S2Error(
    "onnx-file",
    `"${name}" is of type ${element}, which Triton does not have; export the model with float32 inputs and outputs.`,
  );
}

/** A string of the text format. */
const quoted = (text: string) => JSON.stringify(text);
