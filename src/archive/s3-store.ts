/** An archive's files, and sources, in an S3-compatible bucket: a file is committed by a put that fails where the key exists. */
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S2Error } from "../core/index.ts";
import type { ArchiveStore, OpenedFile } from "./store.ts";

/** Splits s3://BUCKET/KEY. @throws S2Error "option". */
function parse(address: string): { Bucket: string; Key: string } {
  const [, Bucket, Key = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(address) ?? [];
  if (Bucket) return { Bucket, Key };
  throw new S2Error("option", `"${address}" is no address of a bucket; expected s3://BUCKET/PREFIX.`);
}

async function loadSdk() {
  try {
    return await import("@aws-sdk/client-s3");
  } catch (cause) {
    const install = "npm install @aws-sdk/client-s3";
    throw new S2Error("option", `Addresses s3:// need the AWS SDK, which is not installed; run ${install}.`, { cause });
  }
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
let shared: { sdk: Sdk; client: InstanceType<Sdk["S3Client"]> } | undefined;

/** Opens the client once: region, keys and endpoint come from the environment (AWS_REGION, AWS_ENDPOINT_URL_S3 ...), as for every tool. */
async function connect() {
  if (shared) return shared;
  const sdk = await loadSdk();
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  // Stores other than Amazon's want the bucket in the path, and know no checksums that are sent after the body.
  const client = new sdk.S3Client({
    ...(endpoint && { endpoint, forcePathStyle: true }),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  shared = { sdk, client };
  return shared;
}

const statusOf = (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;

/** Passes on a missing object as undefined. */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error) => (statusOf(error) === 404 ? undefined : Promise.reject(error)));
}

async function get(address: string, Range?: string): Promise<Uint8Array> {
  const { sdk, client } = await connect();
  const { Body } = await client.send(new sdk.GetObjectCommand({ ...parse(address), Range }));
  return Body!.transformToByteArray();
}

/** Reads an object whole. @throws S2Error "image-not-found" without one. */
export async function readObject(address: string): Promise<Uint8Array> {
  const bytes = await unlessMissing(get(address));
  if (bytes) return bytes;
  throw new S2Error("image-not-found", `There is no object ${address}. Check the bucket and the key.`);
}

/** Opens an object to read parts of it. */
export async function openObject(address: string): Promise<OpenedFile> {
  const { sdk, client } = await connect();
  const head = await unlessMissing(client.send(new sdk.HeadObjectCommand(parse(address))));
  if (!head) throw new S2Error("image-not-found", `There is no object ${address}. Check the bucket and the key.`);
  const read = (begin: number, end: number) =>
    end > begin ? get(address, `bytes=${begin}-${end - 1}`) : Promise.resolve(new Uint8Array());
  return { size: head.ContentLength ?? 0, read, close: async () => {} };
}

/** Lists the addresses that begin with an address, sorted as the bucket sorts them. */
export async function listBucket(address: string): Promise<string[]> {
  const { sdk, client } = await connect();
  const { Bucket, Key: Prefix } = parse(address);
  const found: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    for (const { Key } of page.Contents ?? []) if (Key && !Key.endsWith("/")) found.push(`s3://${Bucket}/${Key}`);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return found;
}

/** A file that is sent as a stream: a buffer holds at most 2 GiB, one put 5 GiB. */
interface FileBody {
  readonly path: string;
  readonly size: number;
}

/** Attempts to send a file, as many as the client makes for what it has in memory. */
const ATTEMPTS = 3;

/** Returns true for an error of the network or of the server, which may be over at the next attempt. */
const isPassing = (error: unknown): boolean => (statusOf(error) ?? 500) >= 500;

/** Opens a bucket, or a prefix of one, as an archive's store. It has no claims: use a queue or fixed parts for many workers. */
export function openS3Store(location: string): ArchiveStore {
  const root = location.replace(/\/+$/, "");
  const at = (name: string) => `${root}/${name}`;
  let tmp: string | undefined;

  /** `If-None-Match: *` fails with 412 where the key exists; a store that ignores it overwrites a file with the same content. */
  async function put(name: string, body: Uint8Array | FileBody, attempt = 1): Promise<boolean> {
    const { sdk, client } = await connect();
    const content = body instanceof Uint8Array ? { Body: body } : { Body: createReadStream(body.path), ContentLength: body.size };
    try {
      await client.send(new sdk.PutObjectCommand({ ...parse(at(name)), ...content, IfNoneMatch: "*" }));
      return true;
    } catch (error) {
      if (statusOf(error) === 412 || statusOf(error) === 409) return false; // 409: another put of the key is under way
      // The client repeats what it sends from memory, but cannot begin a stream again.
      if (!(body instanceof Uint8Array) && isPassing(error) && attempt < ATTEMPTS) return put(name, body, attempt + 1);
      throw new S2Error("write", `${at(name)} cannot be written (${(error as Error).message}). Check the keys and the bucket.`, {
        cause: error,
      });
    }
  }

  return {
    location,
    get tmp() {
      if (tmp) return tmp;
      const folder = mkdtempSync(join(tmpdir(), "s2-archive-"));
      process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
      tmp = folder;
      return tmp;
    },
    async list(folder, start = "") {
      const prefix = at(`${folder}/`);
      return (await listBucket(`${prefix}${start}`)).map((address) => address.slice(prefix.length)).sort();
    },
    read: (name) => unlessMissing(get(at(name))),
    open: (name) => openObject(at(name)),
    async exists(name) {
      const { sdk, client } = await connect();
      return (await unlessMissing(client.send(new sdk.HeadObjectCommand(parse(at(name)))))) !== undefined;
    },
    create: put,
    commit: async (path, name) => put(name, { path, size: (await stat(path)).size }),
    async remove(name) {
      const { sdk, client } = await connect();
      await client.send(new sdk.DeleteObjectCommand(parse(at(name))));
    },
  };
}
