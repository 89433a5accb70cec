/** The safetensors format, written and read: tensors by name, with strings about them. */
import { S2Error, type S2ErrorCode } from "../core/index.ts";
import { type Dtype, dtypeBits, METADATA, readHeader, readHeaderLength, writeHeader } from "./safetensors-header.ts";

export type { Dtype } from "./safetensors-header.ts";

/** What each dtype's numbers are held in. */
interface Arrays {
  F64: Float64Array;
  F32: Float32Array;
  /** Bits of half-precision floats (`toFloat16`); BF16 likewise. */
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U64: BigUint64Array;
  U32: Uint32Array;
  U16: Uint16Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

const arrays: { readonly [D in keyof Arrays]: { new (...given: never[]): Arrays[D]; readonly BYTES_PER_ELEMENT: number } } = {
  ...{ F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array },
  ...{ I64: BigInt64Array, I32: Int32Array, I16: Int16Array, I8: Int8Array },
  ...{ U64: BigUint64Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array, BOOL: Uint8Array },
};

/** One tensor of a safetensors file; F16 and BF16 data are bits, and those of dtypes that are not read here (F8, F4, complex) are bytes. */
export interface StoredTensor<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly dims: readonly number[];
  readonly data: D extends keyof Arrays ? Arrays[D] : Uint8Array;
}

/**
 * A safetensors file (github.com/huggingface/safetensors, "Format"): header length, JSON header, data without gaps.
 * The order is the reference writer's, wider types first and then by name, so that every tensor is aligned for its type.
 */
export function writeSafetensors(tensors: Record<string, StoredTensor>, metadata?: Record<string, string>): Uint8Array {
  const sorted = Object.entries(tensors).sort(([a, s], [b, t]) => dtypeBits[t.dtype] - dtypeBits[s.dtype] || (a < b ? -1 : 1));
  let end = 0;
  const entries = sorted.map(([name, tensor]) => {
    checkTensor(name, tensor);
    const { dtype, dims, data } = tensor;
    return { name, dtype, dims, begin: end, end: (end += data.byteLength) };
  });
  const header = writeHeader(entries, metadata);
  const file = new Uint8Array(header.length + end);
  file.set(header);
  for (const [i, { begin }] of entries.entries()) file.set(rawBytes(sorted[i][1].data), header.length + begin);
  return file;
}

/**
 * The tensors of a safetensors file, as views on `bytes` where these are aligned; a damaged file is refused, never guessed at.
 * @param name names the file in refusals.
 */
export function readSafetensors(
  bytes: Uint8Array,
  name?: string,
): { tensors: Record<string, StoredTensor>; metadata: Record<string, string> } {
  const start = 8 + readHeaderLength(bytes.subarray(0, 48), bytes.length, name);
  const { entries, metadata } = readHeader(bytes.subarray(8, start), bytes.length - start, name);
  const tensors = entries.map(({ name: tensor, dtype, dims, begin, end }) => {
    const data = viewOf(bytes.subarray(start + begin, start + end), dtype);
    return [tensor, { dtype, dims, data } as StoredTensor] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function checkTensor(name: string, { dtype, dims, data }: StoredTensor): void {
  if (name === METADATA)
    throw new S2Error("safetensors", `A tensor cannot be named "${METADATA}", the format keeps that name; rename it.`);
  checkDims("safetensors", `tensor "${name}"`, dims, data.length);
  if (isHeld(dtype) && data instanceof arrays[dtype]) return;
  throw new S2Error(
    "safetensors",
    `Tensor "${name}" is ${dtype} but its data is a ${data.constructor.name}; F32 takes a Float32Array, F16 a Uint16Array of bits (toFloat16).`,
  );
}

const isHeld = (dtype: Dtype): dtype is keyof Arrays => Object.hasOwn(arrays, dtype);

function viewOf(part: Uint8Array, dtype: Dtype): StoredTensor["data"] {
  const List = (isHeld(dtype) ? arrays[dtype] : Uint8Array) as Uint16ArrayConstructor;
  const size = List.BYTES_PER_ELEMENT;
  // Not .slice(): that of a Node Buffer does not copy.
  const { buffer, byteOffset, length } = part.byteOffset % size === 0 ? part : new Uint8Array(part);
  return new List(buffer as ArrayBuffer, byteOffset, length / size);
}

/** Refuses data that dims do not describe. */
export function checkDims(code: S2ErrorCode, what: string, dims: readonly number[], length: number): void {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && size === length) return;
  throw new S2Error(
    code,
    `Got ${length} numbers for ${what} of dims [${dims.join(", ")}]; dims are whole and their product is the count.`,
  );
}

/** Both formats are little-endian, as is every machine that runs this. */
export function rawBytes(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
