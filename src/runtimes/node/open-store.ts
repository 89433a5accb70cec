/** `openStore`: a folder as a place where results are kept by name, safe against a process that is killed at any moment. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "./make-folder.ts";

/** Files in a folder; each is written beside its name and then renamed onto it. What killed processes left half-written is swept away. */
export function openStore(folder: string): {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
} {
  makeFolder(folder);
  sweep(folder);
  return {
    async read(name) {
      const path = join(folder, name);
      return existsSync(path) ? new Uint8Array(await readFile(path)) : undefined;
    },
    async write(name, bytes) {
      const path = join(folder, name);
      const unfinished = `${path}.${process.pid}.part`;
      makeFolder(dirname(path));
      await writeFile(unfinished, bytes);
      await rename(unfinished, path);
    },
  };
}

function sweep(folder: string): void {
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const [, pid] = /\.(\d+)\.part$/.exec(path) ?? [];
    if (pid && !isAlive(Number(pid))) rmSync(join(folder, path), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid; // what this process left is from an earlier one of the same number
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
