/** What a file made by this package says of itself in its metadata: `s2.traits` and `s2.preprocessing`; and reading it without the weights. */
import { metadataSchema } from "./proto.ts";
import { readMessage } from "./wire.ts";

/** What is checked here; a value of another kind is left out. */
export interface EmbeddedTraits {
  readonly imageSize?: readonly [height: number, width: number];
  readonly patchSize?: number;
  readonly prefixTokens?: number;
  readonly layout?: "bnc" | "bchw";
  readonly multiplyAdds?: number;
  /** The output that these are of. */
  readonly output?: string;
}

/** `s2.traits` of a file's metadata; empty when there is none, or none that can be read. */
export function embeddedTraits(metadata: Readonly<Record<string, string>>): EmbeddedTraits {
  const { imageSize, patchSize, prefixTokens, layout, multiplyAdds, output } = parsed(metadata["s2.traits"]) ?? {};
  const isCount = (value: unknown, least: number) => Number.isInteger(value) && (value as number) >= least;
  const isSize = Array.isArray(imageSize) && imageSize.length === 2 && imageSize.every((side) => isCount(side, 1));
  return {
    ...(isSize && { imageSize: imageSize as unknown as [number, number] }),
    ...(isCount(patchSize, 1) && { patchSize: patchSize as number }),
    ...(isCount(prefixTokens, 0) && { prefixTokens: prefixTokens as number }),
    ...((layout === "bnc" || layout === "bchw") && { layout }),
    ...(isCount(multiplyAdds, 1) && { multiplyAdds: multiplyAdds as number }),
    ...(typeof output === "string" && { output }),
  };
}

/** `s2.preprocessing`, unchecked: a JSON object or nothing. */
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

/** Gives bytes of the file from `at` on: `length` of them, or fewer at its end. */
export type ReadAt = (at: number, length: number) => Uint8Array;

/** A model's message has few fields; a file of something else may look like thousands. */
const mostFields = 10_000;
/** A longer entry is none of ours. */
const longestEntry = 2 ** 20;
const metadataProps = 14;

/**
 * The metadata of an ONNX file of `size` bytes. The graph with its weights is one field: it is stepped over by its length, unread, and
 * the entries may lie behind it. What is no ONNX file has none: whoever runs it will say so.
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

/** Where the fields of a message lie whose bytes are read piece by piece; ends at the first that is no field. */
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

/** Inexact beyond 2^53, which no length is. */
function smallVarint(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = at; i < Math.min(bytes.length, at + 10); i++) {
    value += (bytes[i] & 0x7f) * 2 ** (7 * (i - at));
    if (bytes[i] < 0x80) return { value, end: i + 1 };
  }
  return undefined;
}
