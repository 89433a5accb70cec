/** The mark by which this package knows its own files: a field of JSON, a text chunk of a PNG. */
import { S2Error } from "../core/index.ts";

/** Bytes of signature and IHDR, which comes first (PNG specification, 5.6). */
const HEAD = 33;
const KEYWORD = "tEXtSoftware\0s2-vision"; // 11.3.3.2 of the specification
/** Length, type, text and CRC-32 of the chunk. */
const TAG = Uint8Array.of(0, 0, 0, KEYWORD.length - 4, ...new TextEncoder().encode(KEYWORD), 0xb8, 0x33, 0x5f, 0x40);

/** Puts the tag into a PNG, as its first chunk after the header. */
export function tagPng(png: Uint8Array): Uint8Array {
  const tagged = new Uint8Array(png.length + TAG.length);
  tagged.set(png.subarray(0, HEAD));
  tagged.set(TAG, HEAD);
  tagged.set(png.subarray(HEAD), HEAD + TAG.length);
  return tagged;
}

/** Returns true if `start`, the first bytes of a file, has the tag. */
export function isTaggedPng(start: Uint8Array): boolean {
  return TAG.every((byte, i) => start[HEAD + i] === byte);
}

/** Returns true for JSON with this package's mark: a head has it among the fields that describe its features. */
export function isOwnJson(text: string, key?: string): boolean {
  try {
    const value = key === undefined ? JSON.parse(text) : JSON.parse(text)[key];
    return "s2_vision" in value || "s2_vision" in (value.features ?? {});
  } catch {
    return false;
  }
}

/** Returns the S2Error "write" for a file of someone else. */
export const foreignFile = (path: string): S2Error =>
  new S2Error(
    "write",
    `${path} exists, and s2 did not write it (or it is damaged); it is not overwritten. Choose another path, or move the file away.`,
  );
