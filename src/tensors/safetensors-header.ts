/** The header of a safetensors file, checked by the rules of the reference reader (huggingface/safetensors, `Metadata::validate`). */
import { S2Error } from "../core/index.ts";
import { isLfsPointer, lfsPointerReason } from "./git-lfs.ts";

/** Bits of one element. */
export const dtypeBits = {
  ...{ F64: 64, F32: 32, F16: 16, BF16: 16, I64: 64, I32: 32, I16: 16, I8: 8, U64: 64, U32: 32, U16: 16, U8: 8, BOOL: 8 },
  ...{ C64: 64, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4 },
} as const;

export type Dtype = keyof typeof dtypeBits;

/** A tensor's place: `begin` and `end` count from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the header's order. */
  readonly entries: readonly Entry[];
  readonly metadata: Record<string, string>;
}

/** The format keeps this name for strings about the file. */
export const METADATA = "__metadata__";
/** The reference reader's limit. */
const longest = 100_000_000;

/**
 * Reads the length of the header.
 * @param head the first bytes of the file: 8, and up to 48 to recognize a Git LFS pointer.
 * @param size bytes of the whole file.
 * @param name names the file in refusals.
 */
export function readHeaderLength(head: Uint8Array, size: number, name?: string): number {
  if (isLfsPointer(head)) throw new S2Error("safetensors", `${lfsPointerReason(name ?? "The safetensors file")}.`);
  if (head.length < 8) refuse(`it has ${size} bytes, and the header's length alone takes 8.`, name);
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(size - 8))
    refuse(`its header should have ${length} bytes, but ${size - 8} follow; it is cut short or another format.`, name);
  if (length > BigInt(longest)) refuse(`its header has ${length} bytes, and at most ${longest} are read.`, name);
  return Number(length);
}

/** Reads the header; `size` is the number of bytes that follow it. */
export function readHeader(json: Uint8Array, size: number, name?: string): Header {
  let header: unknown;
  try {
    // ignoreBOM: a byte order mark is not JSON, and the reference refuses it.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
    header = JSON.parse(text);
    if (isRecord(header)) refuseDuplicates(text, header, name);
  } catch (cause) {
    if (cause instanceof S2Error) throw cause;
    refuse(`its header is not JSON (${cause instanceof Error ? cause.message : cause}).`, name, cause);
  }
  if (!isRecord(header)) refuse("its header is JSON but not an object.", name);
  const { [METADATA]: metadata, ...tensors } = header;
  const entries = Object.entries(tensors).map(([tensor, entry]) => readEntry(tensor, entry, size, name));
  checkSpans(entries, size, name);
  return { entries, metadata: readMetadata(metadata, name) };
}

/** The header's bytes, its length in front, filled up with spaces so that the data begin at a multiple of 8. */
export function writeHeader(entries: readonly Entry[], metadata?: Record<string, string>): Uint8Array {
  const fields: [string, unknown][] = metadata && Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  for (const { name, dtype, dims, begin, end } of entries)
    fields.push([name, { dtype, shape: dims, data_offsets: [begin, end] }]);
  // fromEntries defines properties, so that a tensor named "__proto__" is a tensor too.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  header.set(json, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  return header;
}

/** JSON.parse takes the last of two fields of one name; counting the keys of the text shows that there were two. */
function refuseDuplicates(text: string, header: object, name?: string): void {
  let written = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon) written++;
  if (written !== countKeys(header)) refuse("a name stands twice in its header.", name);
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value).reduce((sum: number, each) => sum + countKeys(each), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

function readEntry(tensor: string, entry: unknown, size: number, name?: string): Entry {
  if (!isRecord(entry)) refuse(`tensor "${tensor}" has no dtype, shape and data_offsets.`, name);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype))
    refuse(`tensor "${tensor}" is ${JSON.stringify(dtype)}; expected one of ${Object.keys(dtypeBits).join(", ")}.`, name);
  if (!isSizes(shape)) refuse(`the shape of tensor "${tensor}" is not a list of whole numbers.`, name);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0])
    refuse(`the data_offsets of tensor "${tensor}" are not [begin, end].`, name);
  const [begin, end] = offsets;
  const expected = shape.reduce((product, dim) => product * dim, dtypeBits[dtype]) / 8;
  if (end - begin !== expected)
    refuse(
      `tensor "${tensor}" of shape [${shape.join(", ")}] takes ${expected} bytes, but its data_offsets span ${end - begin}.`,
      name,
    );
  if (end > size)
    refuse(`tensor "${tensor}" ends at byte ${end} of the data, but the file has ${size}; it is cut short or damaged.`, name);
  return { name: tensor, dtype, dims: shape, begin, end };
}

/** The format wants the tensors to fill the data exactly: bytes used twice or not at all hide something. */
function checkSpans(entries: readonly Entry[], size: number, file?: string): void {
  let filled = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < filled)
      refuse(`tensor "${name}" begins at byte ${begin} and overlaps the one before, which ends at ${filled}.`, file);
    if (begin > filled) refuse(`bytes ${filled} to ${begin}, before tensor "${name}", belong to no tensor.`, file);
    filled = end;
  }
  if (filled < size) refuse(`the last ${size - filled} bytes belong to no tensor.`, file);
}

function readMetadata(metadata: unknown, name?: string): Record<string, string> {
  if (metadata === undefined || metadata === null) return {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string"))
    refuse(`its ${METADATA} are not strings.`, name);
  return metadata as Record<string, string>;
}

function refuse(sentence: string, name?: string, cause?: unknown): never {
  const file = name === undefined ? "" : `${name}: `;
  throw new S2Error("safetensors", `Not a safetensors file that can be read: ${file}${sentence}`, { cause });
}

const isDtype = (dtype: unknown): dtype is Dtype => typeof dtype === "string" && Object.hasOwn(dtypeBits, dtype);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
