/** Files of masks: their paths, their pixels as palette PNGs, and the names of their classes. */
import { S2Error } from "../core/index.ts";
import { decodePngValues } from "../datasets/index.ts";
import { classColor } from "../features/index.ts";
import type { Mask } from "../heads/index.ts";

/** Returns the path of each image's mask: that of the list, else its name in masks/, with its extension where two images have one name. */
export function maskPaths(images: readonly string[], listed: ReadonlyMap<string, string>): (path: string) => string {
  const stem = (path: string) => path.replace(/\.[^./]+$/, "");
  const key = (path: string) => stem(path).normalize("NFC").toLowerCase();
  const counts = new Map<string, number>();
  for (const path of images) counts.set(key(path), (counts.get(key(path)) ?? 0) + 1);
  return (path) => listed.get(path) ?? `masks/${(counts.get(key(path)) ?? 0) > 1 ? path : stem(path)}.png`;
}

/** Reads names of classes, one per line. @throws S2Error "data-set" for other files of names, which cannot be appended to. */
export function namesIn(file: string, text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const withIds = lines.length > 0 && lines.every(hasId);
  if (!withIds && !lines.includes("") && new Set(lines).size === lines.length) return lines;
  const found = withIds ? "ids" : "empty or equal lines";
  throw new S2Error("data-set", `${file} has ${found}; expected one name of a class per line. Move it away, or correct it.`);
}

/** Returns true for "3 road", which files of names take for an id and a name. */
const hasId = (name: string): boolean => /^\d+[\s:,;=]/.test(name);

/** @throws S2Error "labels" for a name that files of names cannot hold. */
export function checkName(name: string): void {
  if (!hasId(name.trim())) return;
  throw new S2Error(
    "labels",
    `The class "${name}" begins with a number, which files of names take for an id. Begin with a word.`,
  );
}

/** Reads a mask that was saved. @throws S2Error "data-set" for a damaged one. */
export async function decodeMask(bytes: Uint8Array, path: string): Promise<Mask> {
  try {
    const { width, height, data } = await decodePngValues(bytes);
    return { width, height, data: Uint8Array.from(data) };
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new S2Error("data-set", `The mask ${path} cannot be read (${reason}). Remove it to make it again.`, { cause });
  }
}

/** Encodes a mask as a PNG whose values are the ids of the classes, in the colors of the classes. */
export async function encodeMask({ width, height, data }: Mask, classes: number): Promise<Uint8Array> {
  const { encode } = await import("fast-png");
  const palette = Array.from({ length: classes }, (_, id) => classColor(id));
  return encode({ width, height, data, channels: 1, depth: 8, palette });
}
