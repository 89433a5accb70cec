/** The part of ONNX Runtime's API that its packages for Node and for the web share, by shape: nothing of them is imported here. */
import type { GraphTensor } from "../onnx/index.ts";
import type { ValueInfo } from "./graph.ts";

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export interface OrtSession {
  readonly inputMetadata: readonly OrtValue[];
  readonly outputMetadata: readonly OrtValue[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  run(feeds: Record<string, OrtTensor>, outputs: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export type OrtValue =
  | { readonly name: string; readonly isTensor: true; readonly type: string; readonly shape: readonly (number | string)[] }
  | { readonly name: string; readonly isTensor: false };

type TensorClass = new (
  type: "float32" | "float16" | "int64" | "int32" | "uint8",
  data: GraphTensor["data"],
  dims: readonly number[],
) => OrtTensor;

/** Plain tensors as the library's own, whose class it insists on. */
export type MakeTensor = (tensor: GraphTensor) => OrtTensor;

export const tensorMaker =
  (Tensor: TensorClass): MakeTensor =>
  ({ dims, data }) =>
    new Tensor(typeOf(data), data, dims);

/** The element type of an array, as ONNX Runtime calls it. */
function typeOf(data: GraphTensor["data"]): "float32" | "float16" | "int64" | "int32" | "uint8" {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint16Array) return "float16";
  return data instanceof Int32Array ? "int32" : "uint8";
}

export function valueInfo(value: OrtValue): ValueInfo {
  const { name } = value;
  return value.isTensor ? { name, type: value.type, shape: value.shape } : { name, type: "not a tensor", shape: [] };
}

/** ONNX Runtime's words without its source lines and the C++ condition that failed; no full stop. */
export function reasonOf({ message }: { readonly message: string }): string {
  const said = message.replace(/\/\S+\.(cc|h):\d+ .*? was (false|true)\. /gs, "");
  return said.trim().split("\n")[0].trim().replace(/\.$/, "");
}
