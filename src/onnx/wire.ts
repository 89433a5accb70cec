/** Reads and writes protobuf's wire format by a schema: messages are objects, bytes are views, unknown fields survive. */
import { S2Error } from "../core/index.ts";

/** Whole numbers beyond 2^53 (the ONNX idiom for "to the end" is 2^63 - 1) come as bigints, all others as numbers. */
export type Int = number | bigint;

/**
 * The kind of a field's value; a function returns the schema of a message. "int32" (enums too) keeps the low 32 bits, as protobuf's
 * readers do. "varints", "floats" and "doubles" are the pieces of a packed list, checked but undecoded: such lists are too long for objects.
 */
type Kind = "int" | "int32" | "float" | "string" | "bytes" | PackedKind | (() => Schema);
type PackedKind = "varints" | "floats" | "doubles";

/** Field number -> [name in the object, kind, "many" for a list or "either" for a field of a oneof, of which the last one counts]. */
export type Schema = Readonly<Record<number, readonly [name: string, kind: Kind, times?: "many" | "either"]>>;

/** A decoded message: its fields by name, and the bytes of fields that the schema does not know, tags included. */
interface Message {
  unknown?: readonly Uint8Array[];
  [name: string]: unknown;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** The wire type of one value of a packed list. */
const packedWire = { varints: VARINT, floats: FIXED32, doubles: FIXED64 } as const;

const isPacked = (kind: Kind): kind is PackedKind => Object.hasOwn(packedWire, kind as string);

/** The limit of protobuf's own readers: deeper nesting is an attack or damage, not a model. */
const deepest = 100;

/**
 * Reads one message; byte fields are views on `bytes`.
 * @throws S2Error "onnx-file" when the bytes end early or are no such message.
 */
export function readMessage<T extends object>(bytes: Uint8Array, schema: Schema, what: string): T {
  return readFields(readerOf(bytes), bytes.length, schema, what, 0) as T;
}

const readerOf = (bytes: Uint8Array): Reader => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  at: 0,
});

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

function readFields(reader: Reader, end: number, schema: Schema, what: string, depth: number): Message {
  if (depth > deepest) refuse(`${what} is nested more than ${deepest} deep`);
  const message: Message = {};
  let unknown: Uint8Array[] | undefined;
  while (reader.at < end) {
    const start = reader.at;
    const tag = Number(readVarint(reader, end, what));
    const field = schema[tag >>> 3];
    const wire = tag & 7;
    if (tag < 8 || tag > 0xffffffff || reader.at - start > 5)
      refuse(`a field of ${what} at byte ${start} has the number ${Math.floor(tag / 8)}`);
    if (field === undefined) {
      skip(reader, wire, end, what);
      unknown ??= [];
      unknown.push(reader.bytes.subarray(start, reader.at));
      continue;
    }
    const [name, kind, times] = field;
    if (isPacked(kind)) {
      ((message[name] ??= []) as Uint8Array[]).push(readPiece(reader, end, kind, wire, `${what}.${name}`));
    } else if (times === "many") {
      const list = (message[name] ??= []) as unknown[];
      if (wire === LENGTH && (kind === "int" || kind === "float")) readPacked(reader, end, kind, list, what);
      else list.push(readValue(reader, end, kind, wire, `${what}.${name}`, depth));
    } else {
      // Protobuf would merge the two; no writer of ONNX files does that.
      if (typeof kind === "function" && message[name] !== undefined) refuse(`${what} has two fields ${name}`);
      if (times === "either") for (const [other, , also] of Object.values(schema)) if (also === "either") delete message[other];
      message[name] = readValue(reader, end, kind, wire, `${what}.${name}`, depth);
    }
  }
  if (unknown) message.unknown = unknown;
  return message;
}

function readValue(reader: Reader, end: number, kind: Kind, wire: number, what: string, depth: number): unknown {
  if (kind === "int" && wire === VARINT) return readVarint(reader, end, what);
  if (kind === "int32" && wire === VARINT) return Number(BigInt.asIntN(32, BigInt(readVarint(reader, end, what))));
  if (kind === "float" && wire === FIXED32) {
    need(reader, 4, end, what);
    reader.at += 4;
    return reader.view.getFloat32(reader.at - 4, true);
  }
  if (kind === "int" || kind === "int32" || kind === "float" || wire !== LENGTH)
    refuse(`${what} at byte ${reader.at} has the wire type ${wire}`);
  if (typeof kind === "function") {
    const length = readLength(reader, end, what);
    return readFields(reader, reader.at + length, kind(), what, depth + 1);
  }
  const piece = readBytes(reader, end, what);
  return kind === "string" ? readText(piece, what) : piece;
}

function readPacked(reader: Reader, end: number, kind: "int" | "float", list: unknown[], what: string): void {
  const last = readLength(reader, end, what) + reader.at;
  const wire = kind === "int" ? VARINT : FIXED32;
  while (reader.at < last) list.push(readValue(reader, last, kind, wire, what, 0));
}

/** Reads a packed list, or one value of a list that was not packed. */
function readPiece(reader: Reader, end: number, kind: PackedKind, wire: number, what: string): Uint8Array {
  const start = reader.at;
  if (wire !== LENGTH) {
    if (wire !== packedWire[kind]) refuse(`${what} at byte ${start} has the wire type ${wire}`);
    skip(reader, wire, end, what);
    return reader.bytes.subarray(start, reader.at);
  }
  const piece = readBytes(reader, end, what);
  if (kind === "varints") checkVarints(piece, what);
  else if (piece.length % (kind === "floats" ? 4 : 8) !== 0) refuse(`${what} at byte ${start} ends within a number`);
  return piece;
}

/** Refuses numbers of more than ten bytes and a last one that is cut short. */
function checkVarints(bytes: Uint8Array, what: string): void {
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    length = bytes[i] < 0x80 ? 0 : length + 1;
    if (length === 10) refuse(`${what} has a number of more than ten bytes`);
  }
  if (length > 0) refuse(`${what} ends within a number`);
}

function readLength(reader: Reader, end: number, what: string): number {
  const length = Number(readVarint(reader, end, what));
  if (length < 0) refuse(`${what} at byte ${reader.at} has the length ${length}`);
  need(reader, length, end, what);
  return length;
}

function readBytes(reader: Reader, end: number, what: string): Uint8Array {
  const length = readLength(reader, end, what);
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}

/** Reads a signed 64-bit number, low seven bits first. */
function readVarint(reader: Reader, end: number, what: string): Int {
  let low = 0; // bits 0 to 27
  let middle = 0; // 28 to 55
  let high = 0; // 56 to 63
  for (let i = 0; i < 10; i++) {
    if (reader.at >= end) refuse(`${what} ends within a number at byte ${reader.at}`);
    const byte = reader.bytes[reader.at++];
    const seven = byte & 0x7f;
    if (i < 4) low |= seven << (7 * i);
    else if (i < 8) middle |= seven << (7 * (i - 4));
    else high |= seven << (7 * (i - 8));
    if (byte < 0x80) {
      if (high === 0 && middle < 1 << 25) return middle * 2 ** 28 + low;
      const all = (BigInt(high & 0xff) << 56n) | (BigInt(middle) << 28n) | BigInt(low);
      const value = BigInt.asIntN(64, all);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
  }
  return refuse(`${what} has a number of more than ten bytes at byte ${reader.at}`);
}

/** Decodes packed varints (`int64_data`, `int32_data`). */
export function unpackInts(pieces: readonly Uint8Array[]): Int[] {
  return pieces.flatMap((bytes) => {
    const reader = readerOf(bytes);
    const list: Int[] = [];
    while (reader.at < bytes.length) list.push(readVarint(reader, bytes.length, "packed numbers"));
    return list;
  });
}

function skip(reader: Reader, wire: number, end: number, what: string): void {
  if (wire === VARINT) readVarint(reader, end, what);
  else if (wire === LENGTH) readBytes(reader, end, what);
  else if (wire === FIXED32 || wire === FIXED64) {
    const length = wire === FIXED32 ? 4 : 8;
    need(reader, length, end, what);
    reader.at += length;
  } else refuse(`a field of ${what} at byte ${reader.at} has the wire type ${wire}`);
}

function need(reader: Reader, length: number, end: number, what: string): void {
  if (reader.at + length > end)
    refuse(`${what} at byte ${reader.at} should have ${length} bytes, but ${end - reader.at} are left`);
}

// ignoreBOM keeps a byte order mark, so that the text is written as it was read.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(bytes: Uint8Array, what: string): string {
  try {
    return strict.decode(bytes);
  } catch {
    return refuse(`${what} is not text (UTF-8)`);
  }
}

function refuse(reason: string): never {
  throw new S2Error(
    "onnx-file",
    `Not an ONNX file that can be read: ${reason}; it is cut short, damaged or another format. Download or export it again.`,
  );
}

/** Pieces of a file in order; long byte fields are the caller's arrays, not copies. */
export interface Pieces {
  readonly length: number;
  readonly parts: readonly Uint8Array[];
}

const encoder = new TextEncoder();

/** Writes one message as pieces, without absent fields and empty lists. */
export function writeMessage(message: object, schema: Schema): Pieces {
  const parts: Uint8Array[] = [];
  const fields = message as Message;
  for (const [number, [name, kind, times]] of Object.entries(schema)) {
    const value = fields[name];
    if (value === undefined) continue;
    const values = times === "many" || isPacked(kind) ? (value as readonly unknown[]) : [value];
    for (const one of values) writeValue(parts, Number(number), kind, one);
  }
  for (const field of fields.unknown ?? []) parts.push(field); // not spread: there may be more than a call takes arguments
  return { length: parts.reduce((sum, { length }) => sum + length, 0), parts };
}

function writeValue(parts: Uint8Array[], number: number, kind: Kind, value: unknown): void {
  if (kind === "int" || kind === "int32") {
    parts.push(varints(number * 8 + VARINT, value as Int));
  } else if (kind === "float") {
    const bytes = varints(number * 8 + FIXED32);
    const field = new Uint8Array(bytes.length + 4);
    field.set(bytes);
    new DataView(field.buffer).setFloat32(bytes.length, value as number, true);
    parts.push(field);
  } else {
    const { length, parts: inner } = payload(kind, value);
    parts.push(varints(number * 8 + LENGTH, length));
    for (const bytes of inner) if (bytes.length > 0) parts.push(bytes);
  }
}

function payload(kind: Exclude<Kind, "int" | "int32" | "float">, value: unknown): Pieces {
  if (typeof kind === "function") return writeMessage(value as object, kind());
  const bytes = kind === "string" ? encoder.encode(value as string) : (value as Uint8Array);
  return { length: bytes.length, parts: [bytes] };
}

const scratch = new Uint8Array(24);

/** Encodes one or two varints; negative numbers take ten bytes, as protobuf writes them. */
function varints(...values: Int[]): Uint8Array {
  let at = 0;
  for (const value of values) {
    if (typeof value === "number" && !Number.isInteger(value))
      throw new S2Error("graph", `A field of whole numbers holds ${value}; a file cannot be written with that.`);
    if (typeof value === "number" && value >= 0 && value < 2 ** 64) {
      let rest = value;
      for (; rest >= 0x80; rest = Math.floor(rest / 128)) scratch[at++] = (rest % 128) | 0x80;
      scratch[at++] = rest;
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 0x80n; rest >>= 7n) scratch[at++] = Number(rest & 0x7fn) | 0x80;
      scratch[at++] = Number(rest);
    }
  }
  return scratch.slice(0, at);
}
