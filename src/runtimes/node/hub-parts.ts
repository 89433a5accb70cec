/** Unfinished downloads: each process writes to a file of its own, and goes on from what an earlier one left. */
import { constants } from "node:fs";
import { copyFile, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unfinishedName } from "./write-whole.ts";

/** A process that downloads writes every minute or gives up (IDLE_LIMIT), so a part untouched for this long has no owner. */
const ABANDONED = 10 * 60_000;
const PART = /(\.[0-9a-f]{12})?\.part$/;

/**
 * Returns a private name for the part of `target`. The longest part that others left becomes its beginning: an abandoned one is renamed, one
 * that might still be written to is copied. The bytes are checked when the file is whole.
 */
export async function takePart(target: string, size: number): Promise<string> {
  const part = unfinishedName(target);
  const others = (await findParts(dirname(target))).filter(({ path }) => path.replace(PART, "") === target);
  for (const other of others.filter((other) => other.size <= size).sort((a, b) => b.size - a.size)) {
    try {
      if (isAbandoned(other)) {
        await utimes(other.path, new Date(), new Date()); // first, so that nobody finds the new name abandoned
        await rename(other.path, part);
      } else await copyFile(other.path, part, constants.COPYFILE_FICLONE);
      return part;
    } catch {
      await rm(part, { force: true }); // the other is gone, or there is no room for a copy
    }
  }
  return part;
}

/** Gives a part up, for the next call to take at once; an empty one is deleted. */
export async function releasePart(part: string): Promise<void> {
  const found = await stat(part).catch(() => undefined);
  if (found?.size === 0) await rm(part, { force: true });
  else if (found) await utimes(part, 0, 0).catch(() => undefined);
}

/** Deletes the abandoned parts in a folder and below it. */
export async function sweepParts(folder: string): Promise<void> {
  const parts = await findParts(folder, true).catch(() => []);
  for (const part of parts.filter(isAbandoned)) await rm(part.path, { force: true }).catch(() => undefined); // a read-only cache
}

interface Part {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

const isAbandoned = ({ mtimeMs }: Part) => Date.now() - mtimeMs > ABANDONED;

async function findParts(folder: string, recursive = false): Promise<Part[]> {
  const names = (await readdir(folder, { recursive })).filter((name) => PART.test(basename(name)));
  const parts: Part[] = [];
  for (const path of names.map((name) => join(folder, name))) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) parts.push({ path, size: found.size, mtimeMs: found.mtimeMs });
  }
  return parts;
}
