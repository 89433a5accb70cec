/** One file of the hub onto the disk: it goes on where it stopped, is checked as it lies there, and appears whole. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { S2Error } from "../../core/index.ts";
import { type HubFile, refuseWebPage } from "../hub-files.ts";
import { chunksOf, isWebPage, shownAddress } from "../receive.ts";
import { releasePart, takePart } from "./hub-parts.ts";
import { discard, type HubRequest } from "./hub-request.ts";
import { makeFolder } from "./write-whole.ts";

/** Bytes of `file` that are on disk, of as many. */
export type OnProgress = (done: { file: string; bytes: number; of: number }) => void;

export interface FetchWays {
  readonly request: HubRequest;
  readonly idleLimit: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A server that cuts the connection more often than this would never come to an end. */
const MAX_CUTS = 100;

/**
 * Downloads `file` to `target`, unless it is there and right. The bytes go to a part that no other process writes to, and the part is renamed
 * once its size and checksum on the disk are the hub's. A part of a connection that failed is kept for the next call, any other is deleted.
 */
export async function fetchFile(address: string, file: HubFile, target: string, ways: FetchWays): Promise<void> {
  if (await isWhole(target, file)) return;
  makeFolder(dirname(target));
  const part = await takePart(target, file.size);
  try {
    const earlier = await receiveAll(address, file, part, ways);
    if (earlier > 0 && (await checksumOf(part, file)) !== expectedChecksum(file)) {
      await rm(part); // what an earlier call left was damaged
      await receiveAll(address, file, part, ways);
    }
    const got = await checksumOf(part, file);
    if (got !== expectedChecksum(file)) throw refuseChecksum(file, got);
    await rename(part, target);
  } catch (error) {
    const mayContinue = !isDiskError(error) && (error as Partial<S2Error>).code !== "hub-checksum";
    await (mayContinue ? releasePart(part) : rm(part, { force: true }));
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

/** SHA-256 for large files, git's hash of a blob for small ones. */
async function checksumOf(path: string, file: HubFile): Promise<string> {
  const hash = file.sha256 ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

const expectedChecksum = (file: HubFile) => file.sha256 ?? file.oid;

/** Receives until all bytes are in `part`, continuing after a cut connection; returns how many were there before. */
async function receiveAll(address: string, file: HubFile, part: string, ways: FetchWays): Promise<number> {
  const output = await open(part, "a");
  try {
    const earlier = (await output.stat()).size;
    let bytes = earlier;
    const report = () => ways.onProgress?.({ file: file.path, bytes, of: file.size });
    report();
    for (let cuts = 0; bytes < file.size; cuts++) {
      const before = bytes;
      const cut = await receive(address, before, ways, async (chunk) => {
        if (bytes + chunk.length > file.size) throw refuseLength(address, file);
        await output.appendFile(chunk);
        bytes += chunk.length;
        report();
      });
      const isSilent = cut instanceof Error && !(cut instanceof TypeError);
      if (bytes < file.size && (bytes === before || isSilent || cuts === MAX_CUTS)) throw refuseCut(file, bytes, cut);
    }
    await output.sync(); // a name must not outlive a power failure that its bytes did not
    return earlier;
  } finally {
    await output.close();
  }
}

/** Sends one request for the bytes from `from` on and gives each chunk to `take`; returns what cut it off, if anything did. */
async function receive(address: string, from: number, ways: FetchWays, take: (chunk: Uint8Array) => Promise<void>) {
  const headers = { "Accept-Encoding": "identity" };
  let answer = await ways.request(address, from > 0 ? { ...headers, Range: `bytes=${from}-` } : headers);
  const continues = answer.status === 206 && answer.headers.get("content-range")?.startsWith(`bytes ${from}-`);
  if (answer.status !== 200 && !continues) {
    await discard(answer); // another range than asked for, or 416: once more from the start
    answer = await ways.request(address, headers);
  }
  if (isWebPage(answer)) {
    await discard(answer);
    throw refuseWebPage(address);
  }
  let skip = continues ? 0 : from; // a server without ranges sends it all again
  const chunks = chunksOf(answer, ways.idleLimit);
  let cut: unknown;
  const next = () =>
    chunks.next().catch((error) => {
      if (ways.signal?.aborted) throw error;
      cut = error; // "terminated": a TypeError of undici's; or silence
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

function refuseChecksum(file: HubFile, got: string): S2Error {
  return new S2Error(
    "hub-checksum",
    `${file.path} arrived with the checksum ${got}; the hub lists ${expectedChecksum(file)}. The part was deleted: call again to download it anew.`,
  );
}

function refuseLength(address: string, file: HubFile): S2Error {
  return new S2Error(
    "hub-checksum",
    `${shownAddress(address)} sent more than the ${file.size} bytes that the hub lists. The part was deleted: call again to download it anew.`,
  );
}

function refuseCut(file: HubFile, bytes: number, cause: unknown): S2Error {
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  return new S2Error(
    "hub-network",
    `The connection broke off at ${bytes} of ${file.size} bytes of ${file.path}${reason}. They are kept: call again to continue from there.`,
    { cause },
  );
}
