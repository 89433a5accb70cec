/** Reads the metadata of files made by this package, `s2.traits` and `s2.preprocessing`, without reading their weights. */
import { metadataSchema } from "./proto.ts";
import { readMessage } from "./wire.ts";

/** Properties of a model that its file declares; values of other types are ignored. */
export interface EmbeddedTraits {
  readonly imageSize?: readonly [height: number, width: number];
  readonly patchSize?: number;
  readonly prefixTokens?: number;
  readonly layout?: "bnc" | "bchw";
  readonly multiplyAdds?: number;
  /** The output that they describe. */
  readonly output?: string;
}

/** Reads `s2.traits` of a file's metadata; empty when there are none that can be read. */
export function embeddedTraits(metadata: Readonly<Record<string, string>>): EmbeddedTraits {
  const traits = parsed(metadata["s2.traits"]) ?? {};
  const isCount = (value: unknown, least = 1) => Number.isInteger(value) && (value as number) >= least;
  const checks: Record<keyof EmbeddedTraits, (value: unknown) => boolean> = {
    imageSize: (size) => Array.isArray(size) && size.length === 2 && size.every((side) => isCount(side)),
    patchSize: (side) => isCount(side),
    prefixTokens: (tokens) => isCount(tokens, 0),
    layout: (layout) => layout === "bnc" || layout === "bchw",
    multiplyAdds: (count) => isCount(count),
    output: (name) => typeof name === "string",
  };
  return Object.fromEntries(Object.entries(checks).flatMap(([name, fits]) => (fits(traits[name]) ? [[name, traits[name]]] : [])));
}

/** Reads `s2.preprocessing`, unchecked; undefined when it is no JSON object. */
export function embeddedPreprocessing(metadata: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> | undefined {
  return parsed(metadata["s2.preprocessing"]);
}

function parsed(json: string | undefined): Record<string, unknown> | undefined {
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `length` bytes of the file from `at` on, or fewer at its end. */
type ReadAt = (at: number, length: number) => Uint8Array;

/** A model's message has few fields; a file of something else may look like thousands. */
const mostFields = 10_000;
/** Longer entries are not written by this package. */
const longestEntry = 2 ** 20;
const metadataProps = 14;

/**
 * Reads the metadata of an ONNX file of `size` bytes. The graph with its weights is one field, which is skipped by its length; entries
 * may follow it. Any other file has no metadata: the runtime that opens it reports it.
 */
export function readMetadata(read: ReadAt, size: number): Record<string, string> {
  const metadata: Record<string, string> = {};
  let fields = 0;
  for (const { field, at, length } of topFields(read, size)) {
    if (++fields > mostFields) return {};
    if (field !== metadataProps || length > longestEntry) continue;
    const { key = "", value = "" } = readMessage<{ key?: string; value?: string }>(read(at, length), metadataSchema, "metadata");
    metadata[key] = value;
  }
  return metadata;
}

/** Lists the positions of a message's fields, reading only their heads; stops at the first bytes that are no field. */
function* topFields(read: ReadAt, size: number): Generator<{ field: number; at: number; length: number }> {
  const head = 20; // a tag and a length are at most ten bytes each; wire types: 0 a number, 1 eight bytes, 2 a length, 5 four bytes
  for (let at = 0; at < size; ) {
    const bytes = read(at, Math.min(head, size - at));
    const tag = smallVarint(bytes, 0);
    const wire = (tag?.value ?? 0) & 7;
    const fixed = wire === 1 ? 8 : 4;
    const number = wire === 1 || wire === 5 ? { value: 0, end: tag!.end } : tag && smallVarint(bytes, tag.end);
    if (!tag || !number || tag.value < 8 || ![0, 1, 2, 5].includes(wire)) return;
    const length = wire === 2 ? number.value : wire === 0 ? 0 : fixed;
    if (at + number.end + length > size) return;
    yield { field: Math.floor(tag.value / 8), at: at + number.end, length };
    at += number.end + length;
  }
}

/** Decodes a varint; inexact beyond 2^53, which no length reaches. */
function smallVarint(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = at; i < Math.min(bytes.length, at + 10); i++) {
    value += (bytes[i] & 0x7f) * 2 ** (7 * (i - at));
    if (bytes[i] < 0x80) return { value, end: i + 1 };
  }
  return undefined;
}
