/** `openStore`: a folder as a place where results are kept by name, safe against a process that is killed at any moment. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type WriteOptions, writeWhole } from "./write-whole.ts";

/** Files in a folder; each is there whole or not at all. @throws S2Error "write" when one cannot be written. */
export function openStore(
  folder: string,
  options: WriteOptions = {},
): {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
} {
  return {
    async read(name) {
      const path = join(folder, name);
      return existsSync(path) ? new Uint8Array(await readFile(path)) : undefined;
    },
    write: (name, bytes) => writeWhole(join(folder, name), bytes, options),
  };
}
