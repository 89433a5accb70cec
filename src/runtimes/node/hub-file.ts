/** One file of the hub onto the disk: it goes on where it stopped, is checked by its checksum, and appears whole. */
import { createHash, type Hash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { S2Error } from "../../core/index.ts";
import type { HubFile } from "../hub-files.ts";

/** Bytes of `file` that are on disk, of as many. */
export type OnProgress = (done: { file: string; bytes: number; of: number }) => void;

interface Ways {
  fetch: typeof fetch;
  onProgress?: OnProgress;
}

/**
 * Downloads `file` to `target`, unless it is there. Bytes come by plain requests and not by the library's downloadFile: that asks once
 * more per file, and its blob (xet: false; with xet the bytes come in chunks by a protocol of its own) takes a server's 200 for the 206
 * it asked for, which would put the file's start behind a half file.
 */
export async function fetchFile(address: string, file: HubFile, target: string, ways: Ways): Promise<void> {
  if ((await sizeOf(target)) !== undefined) return; // renamed to this name only after its checksum was right
  await mkdir(dirname(target), { recursive: true });
  const part = `${target}.part`;
  const hash = await receiveAll(address, file, part, ways);
  const [expected, got] = [file.sha256 ?? file.oid, hash.digest("hex")];
  if (expected !== got) {
    await rm(part, { force: true });
    throw new S2Error(
      "hub-checksum",
      `${file.path} arrived with the checksum ${got}; the hub lists ${expected}. The part was deleted: call again to download it anew.`,
    );
  }
  await rename(part, target);
}

/** Receives until all bytes are in `part`, continuing after a cut connection as long as each try brought at least one byte. */
async function receiveAll(address: string, file: HubFile, part: string, { fetch, onProgress }: Ways): Promise<Hash> {
  if (((await sizeOf(part)) ?? 0) > file.size) await rm(part); // not of this file
  const hash = file.sha256 ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`);
  let bytes = 0;
  const count = (chunk: Uint8Array) => {
    hash.update(chunk);
    bytes += chunk.length;
  };
  const output = await open(part, "a+");
  try {
    for await (const chunk of output.createReadStream({ start: 0, autoClose: false })) count(chunk);
    onProgress?.({ file: file.path, bytes, of: file.size });
    while (bytes < file.size) {
      const before = bytes;
      const cut = await receive(fetch, address, before, async (chunk) => {
        await output.appendFile(chunk);
        count(chunk);
        onProgress?.({ file: file.path, bytes, of: file.size });
      });
      if (bytes === before) throw refuseCut(file, bytes, cut);
    }
  } finally {
    await output.close();
  }
  return hash;
}

/** One request for the bytes from `from` on, each chunk given to `take`; returns what cut it off, if anything did. */
async function receive(fetch: Ways["fetch"], address: string, from: number, take: (chunk: Uint8Array) => Promise<void>) {
  const range = from > 0 ? { Range: `bytes=${from}-` } : undefined;
  const answer = await fetch(address, { headers: { "Accept-Encoding": "identity", ...range } });
  let skip = answer.status === 206 ? 0 : from; // a server without ranges sends it all again
  const reader = answer.body!.getReader();
  while (true) {
    const step = await reader.read().catch((error) => {
      if (error instanceof TypeError) return { done: true, value: undefined, error }; // undici's "terminated"
      throw error; // cancelled
    });
    if (step.value === undefined) return "error" in step ? step.error : undefined;
    if (step.value.length > skip) await take(step.value.subarray(skip));
    skip = Math.max(0, skip - step.value.length);
  }
}

function refuseCut(file: HubFile, bytes: number, cause: unknown): S2Error {
  return new S2Error(
    "hub-network",
    `The connection broke off at ${bytes} of ${file.size} bytes of ${file.path}. They are kept: call again to continue from there.`,
    { cause },
  );
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
