/** Files written whole or not at all: under a temporary name in the same folder, then renamed. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";
import type { Pieces } from "../../onnx/index.ts";

export interface WriteOptions {
  /**
   * Waits until the bytes are on the disk before the file gets its name, so that a power cut leaves the old file or the new one.
   * Not needed for files that are checked when they are read and made again when damaged.
   */
  readonly durable?: boolean;
}

/** Writes a file, making its folder. @throws S2Error "write"; nothing half-written is left. */
export async function writeWhole(path: string, bytes: Uint8Array, { durable = false }: WriteOptions = {}): Promise<void> {
  writeTogether([{ path, pieces: { length: bytes.length, parts: [bytes] } }], durable);
}

/** Writes several files that belong together: none gets its name before all are written. @throws S2Error "write". */
export function writeTogether(files: readonly { readonly path: string; readonly pieces: Pieces }[], durable = true): void {
  const all = files.map(({ path, pieces }) => ({ path, pieces, unfinished: unfinishedName(path) }));
  let current = all[0]?.path;
  try {
    for (const { path, pieces, unfinished } of all) {
      current = path;
      makeFolder(dirname(path));
      sweep(dirname(path));
      writePieces(unfinished, pieces, durable);
    }
    for (const { path, unfinished } of all) {
      current = path;
      renameSync(unfinished, path);
    }
  } catch (cause) {
    for (const { unfinished } of all) if (existsSync(unfinished)) rmSync(unfinished); // rmSync throws below a file
    throw writeError(current, cause);
  }
}

function writePieces(path: string, { parts }: Pieces, durable: boolean): void {
  const file = openSync(path, "wx");
  try {
    for (const bytes of parts) {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30));
    }
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A temporary name beside `path` that no other process has. */
export const unfinishedName = (path: string): string => `${path}.${randomBytes(6).toString("hex")}.part`;
const UNFINISHED = /\.[0-9a-f]{12}\.part$/;

/** Milliseconds. No file takes a day to write. */
const ABANDONED_AFTER = 24 * 60 * 60 * 1000;
const sweptFolders = new Set<string>();

/**
 * Removes the unfinished files of killed processes from a folder, once per process. Age identifies them: process ids mean nothing between
 * containers with a common folder.
 */
function sweep(folder: string): void {
  const key = resolve(folder);
  if (sweptFolders.has(key)) return;
  sweptFolders.add(key);
  for (const name of readdirSync(folder).filter((each) => UNFINISHED.test(each))) {
    const path = join(folder, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (modified < Date.now() - ABANDONED_AFTER) rmSync(path, { force: true });
  }
}

/** Returns the S2Error "write" for a file that cannot be written; an S2Error stays as it is. */
export function writeError(path: string, cause: unknown): S2Error {
  if (cause instanceof S2Error) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const isFull = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
  const advice = isFull ? "Make room on the disk" : "Check that the folder may be written";
  return new S2Error("write", `${path} cannot be written (${message.split("\n")[0]}). ${advice}, or choose another place.`, {
    cause,
  });
}

/** Makes a folder and those above it, one by one: mkdir's `recursive` never ends below /proc. @throws S2Error "write". */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const above = dirname(resolve(folder));
  if (above !== resolve(folder)) makeFolder(above);
  try {
    mkdirSync(folder);
  } catch (cause) {
    if (isFolder(folder)) return; // another process was faster
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "EEXIST" ? "it is a file or a link to nothing" : code;
    throw new S2Error("write", `The folder "${folder}" cannot be made (${reason}). Choose another place.`, { cause });
  }
}

/** Returns true for an existing folder; false also where the path cannot be read. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Opens a folder as a store of files by name. @throws S2Error "write" when a file cannot be written. */
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
