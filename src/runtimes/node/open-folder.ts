/** `openFolder`: a folder on disk, for data sets. */
import { existsSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";

/** Opens a folder: lists the files below it, following links and skipping hidden ones, and reads them. @throws S2Error "data-set" without a folder. */
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
      const files = await glob("**/*", { cwd: path, expandDirectories: false });
      // tinyglobby leaves out links whose target is missing (git-annex, moved disks); listed, they fail when read instead of being absent.
      const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []); // without a folder that may not be read
      const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ parentPath, name }) => join(parentPath, name));
      const dead = links
        .filter((link) => !existsSync(link))
        .map((link) => relative(path, link).replaceAll("\\", "/"))
        .filter((link) => !/(^|\/)\./.test(link));
      return [...files, ...dead].sort();
    },
    read: async (file) => new Uint8Array(await readFile(join(path, file))),
  };
}
