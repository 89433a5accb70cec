/** Downloads one file of the hub: continues where an earlier download stopped, checks the file on the disk, and renames it when it is whole. */
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { type HubFile, webPageError } from "../hub-files.ts";
import { chunksOf, isWebPage } from "../receive.ts";
import { shownAddress } from "../shown-address.ts";
import { discard, type HubRequest } from "./hub-request.ts";
import { makeFolder, unfinishedName } from "./write-whole.ts";

export interface FetchOptions {
  readonly request: HubRequest;
  readonly idleLimit?: number;
  /** Called with the bytes of `file` that are on the disk and their total `of`. */
  readonly onProgress?: (done: { file: string; bytes: number; of: number }) => void;
  readonly signal?: AbortSignal;
}

/** A server that cuts the connection more often than this would never come to an end. */
const MAX_CUTS = 100;

/**
 * Downloads `file` to `target`, unless it is there and right. The bytes go to a partial file that no other process writes to. It is renamed
 * once its size and checksum on the disk are the hub's, kept for the next call where the connection failed, and deleted otherwise.
 */
export async function fetchFile(address: string, file: HubFile, target: string, options: FetchOptions): Promise<void> {
  if (await isWhole(target, file)) return;
  makeFolder(dirname(target));
  const partial = await takePartial(target, file.size);
  try {
    const earlier = await receiveAll(address, file, partial, options);
    if (earlier > 0 && (await checksumOf(partial, file)) !== expectedChecksum(file)) {
      await rm(partial); // an earlier call left damaged bytes
      await receiveAll(address, file, partial, options);
    }
    const got = await checksumOf(partial, file);
    if (got !== expectedChecksum(file))
      throw checksumError(`${file.path} arrived with the checksum ${got}; the hub lists ${expectedChecksum(file)}`);
    await rename(partial, target);
  } catch (error) {
    const mayContinue = !isDiskError(error) && (error as Partial<S2Error>).code !== "hub-checksum";
    await (mayContinue ? releasePartial(partial) : rm(partial, { force: true }));
    if (!(isDiskError(error) && (await isWhole(target, file)))) throw error; // another process was first
  }
}

/** Returns true for a file on the disk with the hub's size and checksum. */
export async function isWhole(path: string, file: HubFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.size === file.size && found.isFile() && (await checksumOf(path, file).catch(() => "")) === expectedChecksum(file);
}

/** Returns true for errors of the file system, false for those of the network. */
export function isDiskError(error: unknown): error is Error {
  return error instanceof S2Error ? error.code === "write" : error instanceof Error && "syscall" in error;
}

/** Computes the SHA-256 of large files, git's hash of a blob for small ones. */
async function checksumOf(path: string, file: HubFile): Promise<string> {
  const hash = file.sha256 ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

const expectedChecksum = (file: HubFile) => file.sha256 ?? file.oid;

const checksumError = (issue: string) =>
  new S2Error("hub-checksum", `${issue}. The partial file was deleted: call again to download it anew.`);

/** Receives until all bytes are in `partial`, continuing after a cut connection; returns the number of bytes that were there before. */
async function receiveAll(address: string, file: HubFile, partial: string, options: FetchOptions): Promise<number> {
  const output = await open(partial, "a");
  try {
    const earlier = (await output.stat()).size;
    let bytes = earlier;
    const report = () => options.onProgress?.({ file: file.path, bytes, of: file.size });
    report();
    for (let cuts = 0; bytes < file.size; cuts++) {
      const before = bytes;
      const cut = await receive(address, before, options, async (chunk) => {
        if (bytes + chunk.length > file.size)
          throw checksumError(`${shownAddress(address)} sent more than the ${file.size} bytes that the hub lists`);
        await output.appendFile(chunk);
        bytes += chunk.length;
        report();
      });
      const isSilent = cut instanceof Error && !(cut instanceof TypeError);
      if (bytes < file.size && (bytes === before || isSilent || cuts === MAX_CUTS)) throw cutError(file, bytes, cut);
    }
    await output.sync(); // a name must not outlive a power failure that its bytes did not
    return earlier;
  } finally {
    await output.close();
  }
}

/** Sends one request for the bytes from `from` on and gives each chunk to `take`; returns the error that cut it off, if any. */
async function receive(address: string, from: number, options: FetchOptions, take: (chunk: Uint8Array) => Promise<void>) {
  const headers = { "Accept-Encoding": "identity" };
  let answer = await options.request(address, from > 0 ? { ...headers, Range: `bytes=${from}-` } : headers);
  const continues = answer.status === 206 && answer.headers.get("content-range")?.startsWith(`bytes ${from}-`);
  if (answer.status !== 200 && !continues) {
    await discard(answer); // another range than requested, or 416: once more from the start
    answer = await options.request(address, headers);
  }
  if (isWebPage(answer)) {
    await discard(answer);
    throw webPageError(address);
  }
  let skip = continues ? 0 : from; // a server without ranges sends it all again
  const chunks = chunksOf(answer, options.idleLimit);
  let cut: unknown;
  const next = () =>
    chunks.next().catch((error) => {
      if (options.signal?.aborted) throw error;
      cut = error; // "terminated", a TypeError of undici; or silence
      return { done: true, value: undefined } as const;
    });
  try {
    for (let step = await next(); !step.done; step = await next()) {
      if (step.value.length > skip) await take(step.value.subarray(skip));
      skip = Math.max(0, skip - step.value.length);
    }
  } finally {
    await chunks.return(undefined);
  }
  return cut;
}

function cutError(file: HubFile, bytes: number, cause: unknown): S2Error {
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  return new S2Error(
    "hub-network",
    `The connection broke off at ${bytes} of ${file.size} bytes of ${file.path}${reason}. They are kept: call again to continue from there.`,
    { cause },
  );
}

/** Milliseconds. A process that downloads writes every minute or gives up (IDLE_LIMIT), so a file untouched for longer has no owner. */
const ABANDONED_AFTER = 10 * 60_000;
const PARTIAL = /(\.[0-9a-f]{12})?\.part$/;

/**
 * Returns a new name for the partial file of `target`. The longest one that others left becomes its beginning: an abandoned one is renamed,
 * one that might still be written to is copied. The bytes are checked when the file is whole.
 */
async function takePartial(target: string, size: number): Promise<string> {
  const partial = unfinishedName(target);
  const others = (await findPartials(dirname(target))).filter(({ path }) => path.replace(PARTIAL, "") === target);
  for (const other of others.filter((other) => other.size <= size).sort((a, b) => b.size - a.size)) {
    try {
      if (other.isAbandoned) {
        await utimes(other.path, new Date(), new Date()); // first, so that nobody finds the new name abandoned
        await rename(other.path, partial);
      } else await copyFile(other.path, partial, constants.COPYFILE_FICLONE);
      return partial;
    } catch {
      await rm(partial, { force: true }); // the other is gone, or there is no room for a copy
    }
  }
  return partial;
}

/** Leaves a partial file to the next call, which may take it at once; deletes an empty one. */
async function releasePartial(partial: string): Promise<void> {
  const found = await stat(partial).catch(() => undefined);
  if (found?.size === 0) await rm(partial, { force: true });
  else if (found) await utimes(partial, 0, 0).catch(() => undefined);
}

/** Deletes the abandoned partial files in a folder and below it. */
export async function sweepPartials(folder: string): Promise<void> {
  const all = await findPartials(folder, true).catch(() => []);
  for (const { path, isAbandoned } of all) if (isAbandoned) await rm(path, { force: true }).catch(() => undefined); // a read-only cache
}

async function findPartials(folder: string, recursive = false) {
  const names = (await readdir(folder, { recursive })).filter((name) => PARTIAL.test(basename(name)));
  const found: { path: string; size: number; isAbandoned: boolean }[] = [];
  for (const path of names.map((name) => join(folder, name))) {
    const file = await stat(path).catch(() => undefined);
    if (file?.isFile()) found.push({ path, size: file.size, isAbandoned: Date.now() - file.mtimeMs > ABANDONED_AFTER });
  }
  return found;
}
