/** Tensors of a graph: element types, their values as typed arrays, and back. */
import { S2Error } from "../core/index.ts";
import type { TensorProto } from "./proto.ts";
import { unpackInts } from "./wire.ts";

/** Element types by ONNX's numbers (TensorProto.DataType). */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
  float4e2m1: 23,
  float8e8m0: 24,
  uint2: 25,
  int2: 26,
} as const;

export type ElementType = keyof typeof elementTypes;

/** What holds the values; float16 and bfloat16 are bits. */
const arrays = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  float64: Float64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bfloat16: Uint16Array,
} as const;

type NumberType = keyof typeof arrays;

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const typeNames = new Map<number, ElementType>(
  Object.entries(elementTypes).map(([name, number]) => [number, name as ElementType]),
);

/** The element type of ONNX's number; one that is not listed is "type 99" and so on. */
export function elementType(number: number | bigint | undefined): ElementType {
  return typeNames.get(Number(number)) ?? (`type ${number}` as ElementType);
}

/** Bytes of one element; undefined for types whose values are not read here: strings, complex numbers, floats of 8 bits, anything of 4 or 2. */
export function elementBytes(type: ElementType): number | undefined {
  return arrays[type as NumberType]?.BYTES_PER_ELEMENT;
}

/** How many elements `dims` make. */
export function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function tensorDims(tensor: TensorProto): number[] {
  return (tensor.dims ?? []).map(Number);
}

/**
 * The values of an initializer: a view on the file where that is aligned, else a copy.
 * @throws S2Error "onnx-file" for strings, for values in another file that was not given, for more or fewer values than `dims` say.
 */
export function tensorData(tensor: TensorProto): TensorData {
  const type = elementType(tensor.dataType);
  const dims = tensorDims(tensor);
  if (tensor.dataLocation === 1)
    throw refusal(tensor, "are in another file, which was not given; give readOnnx the file's bytes through its second argument");
  const List = arrays[type as NumberType];
  if (!List) throw refusal(tensor, `are of ${type}, which is not read here`);
  const data = tensor.rawData ? viewOf(tensor.rawData, List) : listed(tensor, type, List);
  if (dims.some((dim) => dim < 0) || data.length !== count(dims) || (tensor.rawData && data.byteLength !== tensor.rawData.length))
    throw refusal(tensor, `are ${data.length}, but its dims [${dims.join(", ")}] make ${count(dims)}`);
  return data;
}

function viewOf(bytes: Uint8Array, List: (typeof arrays)[NumberType]): TensorData {
  const size = List.BYTES_PER_ELEMENT;
  // Not .slice(): that of a Node Buffer does not copy.
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new List(buffer as ArrayBuffer, byteOffset, Math.floor(bytes.length / size));
}

/** The typed lists of the format: half floats and small integers are in int32_data. */
function listed(tensor: TensorProto, type: ElementType, List: (typeof arrays)[NumberType]): TensorData {
  if (type === "float32") return viewOf(joined(tensor.floatData), List);
  if (type === "float64") return viewOf(joined(tensor.doubleData), List);
  const big = type === "int64" || type === "uint64";
  const values = unpackInts(
    (type === "int64" ? tensor.int64Data : big || type === "uint32" ? tensor.uint64Data : tensor.int32Data) ?? [],
  );
  return big
    ? new (List as BigInt64ArrayConstructor)(values.map(BigInt))
    : new (List as Int32ArrayConstructor)(
        values.map((value) => Number(typeof value === "bigint" ? BigInt.asIntN(32, value) : value)),
      );
}

function joined(pieces: readonly Uint8Array[] = []): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** An initializer whose raw data is a view on `data`. */
export function makeTensor(name: string, type: ElementType, dims: readonly number[], data: TensorData): TensorProto {
  if (count(dims) !== data.length)
    throw new S2Error(
      "graph",
      `The constant ${name} has ${data.length} values; its dims [${dims.join(", ")}] make ${count(dims)}.`,
    );
  const List = arrays[type as NumberType]?.name;
  // A Node Buffer is a Uint8Array too, by this tag.
  if (List !== data[Symbol.toStringTag])
    throw new S2Error(
      "graph",
      `The constant ${name} of ${type} was given a ${data[Symbol.toStringTag]}; expected ${List ?? "a type that numbers are read in"}.`,
    );
  return {
    dims: [...dims],
    dataType: elementTypes[type],
    name,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function refusal(tensor: TensorProto, what: string): S2Error {
  return new S2Error("onnx-file", `The values of ${tensor.name ? `the tensor "${tensor.name}"` : "a tensor"} ${what}.`);
}
