/** Data sets in memory, for tests: files by path, and pictures that are real enough to be read. */
import { readFileSync } from "node:fs";
import { encode } from "fast-png";
import { decodePngValues, type Folder, type PngValues } from "../../src/datasets/index.ts";

export type Files = Readonly<Record<string, Uint8Array | string>>;

export function folderOf(files: Files, name = "set"): Folder {
  return {
    name,
    list: async () => Object.keys(files).sort(),
    async read(path) {
      const content = files[path];
      if (content === undefined) throw new Error(`no ${path}`);
      return typeof content === "string" ? new TextEncoder().encode(content) : content;
    },
  };
}

/** A grey PNG; with `shade` no two are of the same bytes. */
export function photo(shade: number, width = 8, height = 6): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, (_, i) => (i === 0 ? shade >> 8 : shade & 255));
  return encode({ width, height, channels: 1, depth: 8, data });
}

/** Ids as an 8-bit PNG. */
export function mask(ids: readonly number[], width = 8, height = 6): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, (_, i) => ids[i % ids.length]);
  return encode({ width, height, channels: 1, depth: 8, data });
}

/** Numbers as a 16-bit PNG. */
export function depth(values: readonly number[], width = 8, height = 6): Uint8Array {
  const data = Uint16Array.from({ length: width * height }, (_, i) => values[i % values.length]);
  return encode({ width, height, channels: 1, depth: 16, data });
}

/** The numbers of a PNG on disk. */
export const readRaster = (path: string): Promise<PngValues> => decodePngValues(new Uint8Array(readFileSync(path)));
