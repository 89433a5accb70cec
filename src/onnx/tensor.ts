/** Tensors of a graph: element types, their values as typed arrays, and back. */
import { S2Error } from "../core/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import type { TensorProto } from "./proto.ts";
import { unpackInts } from "./wire.ts";

/** Element types in the order of ONNX's numbers for them (TensorProto.DataType), from 1 on. */
const typeNames = [
  ...(["float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64"] as const),
  ...(["uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2"] as const),
  ...(["float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2"] as const),
];

/** The type of a tensor's elements, by the names of ONNX's Python tools in NumPy's spelling. */
export type ElementType = (typeof typeNames)[number];

/** ONNX's numbers of the element types. */
export const elementTypes = Object.fromEntries(typeNames.map((name, i) => [name, i + 1])) as Record<ElementType, number>;

/** The typed array of an element type; float16 and bfloat16 are held as bits. */
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

type IntegerArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
export type TensorData = Float32Array | Float64Array | IntegerArray | BigInt64Array | BigUint64Array;

/** The element type of ONNX's number; an unlisted one is called "type 99". */
export function elementType(number: number | bigint | undefined): ElementType {
  return typeNames[Number(number) - 1] ?? (`type ${number}` as ElementType);
}

/** Bytes of one element; undefined for types whose values are not read: strings, complex numbers, floats of 8 bits, anything of 4 or 2 bits. */
export function elementBytes(type: ElementType): number | undefined {
  return arrays[type as NumberType]?.BYTES_PER_ELEMENT;
}

/** The number of elements of a tensor with these dims. */
export function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function tensorDims(tensor: TensorProto): number[] {
  return (tensor.dims ?? []).map(Number);
}

/**
 * The values of an initializer: a view on the file where that is aligned, else a copy.
 * @throws S2Error "onnx-file" for strings, for values in another file that was not given, and for more or fewer values than `dims` require.
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

/** Reads the format's typed lists; half floats and small integers are in int32_data. */
function listed(tensor: TensorProto, type: ElementType, List: (typeof arrays)[NumberType]): TensorData {
  if (type === "float32") return viewOf(joinArrays(Uint8Array, tensor.floatData ?? []), List);
  if (type === "float64") return viewOf(joinArrays(Uint8Array, tensor.doubleData ?? []), List);
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
