/** The safetensors format, written and read: tensors by name, with strings about them. */
import { S2Error } from "../core/index.ts";

const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array, // bits of half-precision floats (`toFloat16`); BF16 likewise
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

export type Dtype = keyof typeof arrays;

/** What each dtype's numbers are held in. */
interface Arrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** One tensor of a safetensors file; F16 and BF16 data are bits. */
export interface StoredTensor<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly dims: readonly number[];
  readonly data: Arrays[D];
}

const METADATA = "__metadata__";

/**
 * A safetensors file (github.com/huggingface/safetensors, "Format"): header length, JSON header, data without gaps.
 * The order is the reference writer's, wider types first and then by name, so that every tensor is aligned for its type.
 */
export function writeSafetensors(tensors: Record<string, StoredTensor>, metadata?: Record<string, string>): Uint8Array {
  const entries = Object.entries(tensors).sort(([a, s], [b, t]) => bytesOf(t) - bytesOf(s) || (a < b ? -1 : 1));
  const header: [string, unknown][] = metadata && Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let end = 0;
  for (const [name, tensor] of entries) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: tensor.dtype, shape: tensor.dims, data_offsets: [begin, end] }]);
  }
  // fromEntries defines properties, so that a tensor named "__proto__" is a tensor too.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + end);
  file.fill(0x20, 8 + json.length, start);
  file.set(json, 8);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  let at = start;
  for (const [, { data }] of entries) {
    file.set(rawBytes(data), at);
    at += data.byteLength;
  }
  return file;
}

/** The tensors of a safetensors file, as views on `bytes` where these are aligned; a damaged file is refused, never guessed at. */
export function readSafetensors(bytes: Uint8Array): { tensors: Record<string, StoredTensor>; metadata: Record<string, string> } {
  const { header, start } = readHeader(bytes);
  const size = bytes.length - start;
  const spans: [name: string, begin: number, end: number][] = [];
  const tensors: [string, StoredTensor][] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) continue;
    const { dtype, dims, begin, end } = readEntry(name, entry);
    if (end > size)
      refuse(`tensor "${name}" ends at byte ${end} of the data, but the file has ${size}; it is cut short or damaged.`);
    spans.push([name, begin, end]);
    tensors.push([name, { dtype, dims, data: viewOf(bytes, start + begin, end - begin, dtype) }]);
  }
  checkSpans(spans, size);
  return { tensors: Object.fromEntries(tensors), metadata: readMetadata(header[METADATA]) };
}

function refuse(sentence: string, cause?: unknown): never {
  throw new S2Error("safetensors", `Not a safetensors file that can be read: ${sentence}`, { cause });
}

function bytesOf({ dtype }: { dtype: Dtype }): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

function checkTensor(name: string, { dtype, dims, data }: StoredTensor): void {
  if (name === METADATA)
    throw new S2Error("safetensors", `A tensor cannot be named "${METADATA}", the format keeps that name; rename it.`);
  checkDims("safetensors", `tensor "${name}"`, dims, data.length);
  if (isDtype(dtype) && data instanceof arrays[dtype]) return;
  throw new S2Error(
    "safetensors",
    `Tensor "${name}" is ${dtype} but its data is a ${data.constructor.name}; F32 takes a Float32Array, F16 a Uint16Array of bits (toFloat16).`,
  );
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) refuse(`it has ${bytes.length} bytes, and the header's length alone takes 8.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8))
    refuse(`its header should have ${length} bytes, but ${bytes.length - 8} follow; it is cut short or another format.`);
  const start = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    refuse(`its header is not JSON (${cause instanceof Error ? cause.message : cause}).`, cause);
  }
  if (!isRecord(header)) refuse("its header is JSON but not an object.");
  return { header, start };
}

function readEntry(name: string, entry: unknown): { dtype: Dtype; dims: number[]; begin: number; end: number } {
  if (!isRecord(entry)) refuse(`tensor "${name}" has no dtype, shape and data_offsets.`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) refuse(`tensor "${name}" is ${dtype}; expected one of ${Object.keys(arrays).join(", ")}.`);
  if (!isSizes(shape)) refuse(`the shape of tensor "${name}" is not a list of whole numbers.`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0])
    refuse(`the data_offsets of tensor "${name}" are not [begin, end].`);
  const expected = shape.reduce((product, dim) => product * dim, bytesOf({ dtype }));
  if (offsets[1] - offsets[0] !== expected)
    refuse(
      `tensor "${name}" of shape [${shape.join(", ")}] takes ${expected} bytes, but its data_offsets span ${offsets[1] - offsets[0]}.`,
    );
  return { dtype, dims: shape, begin: offsets[0], end: offsets[1] };
}

/** The format wants the tensors to fill the data exactly: bytes used twice or not at all hide something. */
function checkSpans(spans: [name: string, begin: number, end: number][], size: number): void {
  spans.sort((a, b) => a[1] - b[1] || a[2] - b[2]);
  let filled = 0;
  for (const [name, begin, end] of spans) {
    if (begin < filled) refuse(`tensor "${name}" begins at byte ${begin} and overlaps the one before, which ends at ${filled}.`);
    if (begin > filled) refuse(`bytes ${filled} to ${begin}, before tensor "${name}", belong to no tensor.`);
    filled = end;
  }
  if (filled < size) refuse(`the last ${size - filled} bytes belong to no tensor.`);
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string"))
    refuse(`its ${METADATA} are not strings.`);
  return metadata as Record<string, string>;
}

function viewOf(bytes: Uint8Array, at: number, length: number, dtype: Dtype): StoredTensor["data"] {
  const size = bytesOf({ dtype });
  const part = bytes.subarray(at, at + length);
  // Not .slice(): that of a Node Buffer does not copy.
  const { buffer, byteOffset } = part.byteOffset % size === 0 ? part : new Uint8Array(part);
  return new arrays[dtype](buffer as ArrayBuffer, byteOffset, length / size);
}

function isDtype(dtype: unknown): dtype is Dtype {
  return typeof dtype === "string" && Object.hasOwn(arrays, dtype);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** Refuses data that dims do not describe. */
export function checkDims(code: string, what: string, dims: readonly number[], length: number): void {
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
