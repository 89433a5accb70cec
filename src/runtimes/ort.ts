/** The part of ONNX Runtime's API that its packages for Node and for the web share, by shape: nothing of them is imported here. */
import type { Tensor } from "../core/index.ts";
import type { GraphTensor } from "../onnx/index.ts";
import { fromFloat16 } from "../tensors/float16.ts";
import type { ValueInfo } from "./graph.ts";

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Throws for a tensor on a device. */
  readonly data: unknown;
  /** "gpu-buffer" for one in the memory of a graphics card. */
  readonly location?: string;
  /** Frees the memory on a device. */
  dispose?(): void;
  /** Copies the data from a device (in a browser; onnxruntime-node ends the process). */
  getData?(): Promise<unknown>;
}

export interface OrtSession {
  readonly inputMetadata: readonly OrtValue[];
  readonly outputMetadata: readonly OrtValue[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  /** Returns the named outputs, or those that are given with a tensor on the device to write to, or null for a new one. */
  run(
    feeds: Record<string, OrtTensor>,
    outputs: readonly string[] | Record<string, OrtTensor | null>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export type OrtValue =
  | { readonly name: string; readonly isTensor: true; readonly type: string; readonly shape: readonly (number | string)[] }
  | { readonly name: string; readonly isTensor: false };

type ElementType = "float32" | "float16" | "int64" | "int32" | "uint8";
export type TensorClass = new (type: ElementType, data: GraphTensor["data"], dims: readonly number[]) => OrtTensor;

/** Makes a tensor of the library's own class, which it insists on. */
export type MakeTensor = (tensor: GraphTensor) => OrtTensor;

export const tensorMaker =
  (Tensor: TensorClass): MakeTensor =>
  ({ dims, data }) =>
    new Tensor(typeOf(data), data, dims);

/** Returns ONNX Runtime's name of an array's element type. */
function typeOf(data: GraphTensor["data"]): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint16Array) return "float16";
  return data instanceof Int32Array ? "int32" : "uint8";
}

/** Converts an output to float32. Float16 data are read as bits everywhere, for they come so where there is no Float16Array (Node 20). */
export function toFloat32({ type, dims, data }: OrtTensor): Tensor {
  if (type === "float32") return { dims, data: data as Float32Array };
  const { buffer, byteOffset, length } = data as Uint16Array;
  return { dims, data: fromFloat16(new Uint16Array(buffer, byteOffset, length)) };
}

export function valueInfo(value: OrtValue): ValueInfo {
  const { name } = value;
  return value.isTensor ? { name, type: value.type, shape: value.shape } : { name, type: "not a tensor", shape: [] };
}

/** Returns true for the devices that are the machine's processor. */
export const isProcessor = (device: string): boolean => device === "cpu" || device === "wasm";

/** Returns an error message of ONNX Runtime without source lines, the C++ condition that failed and the full stop. */
export function reasonOf({ message }: { readonly message: string }): string {
  const reason = message.replace(/\/\S+\.(cc|h):\d+ .*? was (false|true)\. /gs, "");
  return reason.trim().split("\n")[0].trim().replace(/\.$/, "");
}
