/** `openFolder`: a folder on disk as a value, for data sets. */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";

/** Files below a folder, links followed, hidden ones passed over. @throws S2Error "data-set" when it is no folder. */
export function openFolder(path: string): {
  readonly name: string;
  list(): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
} {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new S2Error(
      "data-set",
      `There is no folder "${path}" (seen from ${process.cwd()}); expected one with a data set. Check the path.`,
    );
  }
  return {
    name: basename(resolve(path)),
    async list() {
      const { glob } = await import("tinyglobby");
      return (await glob("**/*", { cwd: path, expandDirectories: false })).sort();
    },
    read: async (file) => new Uint8Array(await readFile(join(path, file))),
  };
}
