/** Files written whole or not at all: under a temporary name beside the final one, then renamed onto it. */
import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";
import type { Pieces } from "../../onnx/index.ts";
import { makeFolder } from "./make-folder.ts";

export interface WriteOptions {
  /**
   * Waits until the bytes are on the disk before the file gets its name, so that a power cut leaves the old file or the new one. Files
   * that are checked when they are read and made again when damaged can do without.
   */
  readonly durable?: boolean;
}

/** Writes a file, making its folder. @throws S2Error "write"; nothing half-written is left. */
export async function writeWhole(path: string, bytes: Uint8Array, { durable = false }: WriteOptions = {}): Promise<void> {
  const unfinished = unfinishedName(path);
  try {
    makeFolder(dirname(path));
    sweep(dirname(path));
    const file = await open(unfinished, "wx");
    try {
      await file.writeFile(bytes);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw refusal(path, cause);
  }
}

/** Writes several files that belong together: none gets its name before all are whole and on the disk. @throws S2Error "write". */
export function writeTogether(files: readonly { readonly path: string; readonly pieces: Pieces }[]): void {
  const all = files.map(({ path, pieces }) => ({ path, pieces, unfinished: unfinishedName(path) }));
  let current = all[0]?.path;
  try {
    for (const { path, pieces, unfinished } of all) {
      current = path;
      makeFolder(dirname(path));
      sweep(dirname(path));
      writePieces(unfinished, pieces);
    }
    for (const { path, unfinished } of all) {
      current = path;
      renameSync(unfinished, path);
    }
  } catch (cause) {
    for (const { unfinished } of all) rmSync(unfinished, { force: true });
    throw refusal(current, cause);
  }
}

function writePieces(path: string, { parts }: Pieces): void {
  const file = openSync(path, "wx");
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length; ) at += writeSync(file, part, at, Math.min(part.length - at, 2 ** 30));
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const unfinishedName = (path: string) => `${path}.${randomUUID()}.part`;
const unfinishedFile = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;
/** Milliseconds. No file takes a day to write. */
const abandonedAfter = 24 * 60 * 60 * 1000;
const swept = new Set<string>();

/**
 * Removes what killed processes left in a folder. They are told by age: process ids mean nothing between containers that share a folder.
 * Each folder is looked at once.
 */
function sweep(folder: string): void {
  const key = resolve(folder);
  if (swept.has(key)) return;
  swept.add(key);
  for (const name of readdirSync(folder)) {
    if (!unfinishedFile.test(name)) continue;
    const path = join(folder, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (modified < Date.now() - abandonedAfter) rmSync(path, { force: true });
  }
}

function refusal(path: string, cause: unknown): S2Error {
  if (cause instanceof S2Error) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const advice =
    code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG"
      ? "Make room on the disk, or choose another place."
      : "Check that the folder may be written, or choose another place.";
  return new S2Error("write", `${path} cannot be written (${message.split("\n")[0]}). ${advice}`, { cause });
}
