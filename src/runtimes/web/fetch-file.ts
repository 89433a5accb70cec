/** One file of a model over the network or out of the cache: with progress, checked, and again when the server has a newer one. */
import { S2Error } from "../../core/index.ts";
import type { HubFile } from "../hub-files.ts";
import type { ModelOptions } from "../model.ts";
import { digest, type Kept, type ModelCache, type Validators } from "./model-cache.ts";

export interface Wanted {
  readonly address: string;
  /** For progress and messages. */
  readonly name: string;
  /** What a hub lists: such a file never changes under its address. */
  readonly listed?: HubFile;
}

export interface Ways extends Pick<ModelOptions, "offline" | "onProgress"> {
  readonly cache?: ModelCache;
}

/**
 * The file's bytes; undefined when the server has no such file. Where the network fails, a kept copy will do.
 * @throws S2Error "offline", "model-network" or "hub-checksum".
 */
export async function fetchFile(wanted: Wanted, ways: Ways): Promise<Uint8Array | undefined> {
  const { address, name, listed } = wanted;
  const kept = await ways.cache?.read(address);
  if (kept && (listed || ways.offline || (await isFresh(address, kept)))) {
    ways.onProgress?.({ file: name, bytes: kept.bytes.length, of: kept.bytes.length });
    return kept.bytes;
  }
  if (ways.offline) throw refuseOffline(address);
  const response = await fetch(address).catch((error) => error as Error);
  if (response instanceof Error) throw refuseNetwork(wanted, response.message);
  if (isMissing(response)) return undefined;
  if (!response.ok) throw refuseNetwork(wanted, `${response.status} ${response.statusText}`);
  const bytes = await receive(response, wanted, ways);
  if (!globalThis.isSecureContext) return bytes; // nor are there checksums
  const sha256 = await digest("SHA-256", bytes);
  if (listed) await checkListed(bytes, sha256, listed);
  await ways.cache?.write(address, { bytes, sha256, ...validatorsOf(response) });
  return bytes;
}

/** Asks the server without fetching: what it cannot say is taken as changed, and silence as unchanged. */
async function isFresh(address: string, { etag, lastModified }: Kept): Promise<boolean> {
  const response = await fetch(address, { method: "HEAD" }).catch(() => undefined);
  if (!response) return true;
  if (!response.ok || isMissing(response)) return false;
  const now = validatorsOf(response);
  return etag || now.etag ? etag === now.etag : lastModified !== undefined && lastModified === now.lastModified;
}

function validatorsOf({ headers }: Response): Validators {
  const [etag, lastModified] = ["etag", "last-modified"].map((name) => headers.get(name) ?? undefined);
  return { etag, lastModified };
}

/** Servers of single-page applications answer with the page where a file is not there. */
function isMissing({ status, headers }: Response): boolean {
  return status === 404 || status === 410 || (headers.get("content-type") ?? "").startsWith("text/html");
}

async function receive(response: Response, wanted: Wanted, { onProgress }: Ways): Promise<Uint8Array<ArrayBuffer>> {
  // A compressed answer's length is not the file's.
  const said = response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length") ?? 0);
  const of = wanted.listed?.size ?? said;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body!.getReader();
  while (true) {
    const { done, value } = await reader.read().catch((error) => {
      throw refuseNetwork(wanted, `it broke off after ${bytes} bytes: ${(error as Error).message}`);
    });
    if (done) break;
    chunks.push(value);
    bytes += value.length;
    onProgress?.({ file: wanted.name, bytes, of });
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Large files are listed by their SHA-256, small ones by git's hash of a blob. */
async function checkListed(
  bytes: Uint8Array<ArrayBuffer>,
  sha256: string,
  { path, oid, sha256: expected }: HubFile,
): Promise<void> {
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const [got, want] = expected ? [sha256, expected] : [await digest("SHA-1", new Uint8Array([...head, ...bytes])), oid];
  if (got === want) return;
  throw new S2Error(
    "hub-checksum",
    `${path} arrived with the checksum ${got}; the hub lists ${want}. Nothing was kept: load the model again.`,
  );
}

export function refuseOffline(address: string): S2Error {
  return new S2Error(
    "offline",
    `${address} is not in the browser's cache and offline is set, so it is not fetched. Load it once with a network and without offline.`,
  );
}

function refuseNetwork({ address }: Wanted, reason: string): S2Error {
  const advice = "Check the address and the network; a server of another origin must allow this page by CORS";
  return new S2Error("model-network", `${address} could not be fetched (${reason}). ${advice}.`);
}
