/** Fetches one file of a model from the network or the cache: checked, with progress, and again when the server has a newer one. */
import { S2Error } from "../../core/index.ts";
import { type HubFile, webPageError } from "../hub-files.ts";
import type { ModelOptions } from "../model.ts";
import { beginsAsWebPage, fetchWithin, isWebPage, readAll } from "../receive.ts";
import { shownAddress } from "../shown-address.ts";
import { digest, type Kept, type ModelCache, validatorsOf } from "./model-cache.ts";

/** A file to fetch. */
export interface Wanted {
  readonly address: string;
  /** For progress and messages. */
  readonly name: string;
  /** The entry of a hub's list; such a file never changes under its address. */
  readonly listed?: HubFile;
  /** True makes HTML in place of the file an error; otherwise HTML means that there is no such file. */
  readonly expected?: boolean;
}

/** Options of fetching. */
export interface FetchOptions extends Pick<ModelOptions, "offline" | "onProgress"> {
  readonly cache?: ModelCache;
  /** Milliseconds that a server may send nothing. Default 60,000. */
  readonly idleLimit?: number;
}

/** Bytes beyond which a file is no config, or too large a model for a page. */
const MAX_BYTES = { json: 32 << 20, other: 4 * 2 ** 30 };

/**
 * Returns the file's bytes; undefined when the server has no such file. Where the network fails, a kept copy is used.
 * @throws S2Error "offline", "model-network", "hub-network" or "hub-checksum".
 */
export async function fetchFile(wanted: Wanted, options: FetchOptions): Promise<Uint8Array | undefined> {
  const { address, name, listed } = wanted;
  const kept = await options.cache?.read(address);
  if (kept && (listed || options.offline || (await isFresh(address, kept, options)))) {
    options.onProgress?.({ file: name, bytes: kept.bytes.length, of: kept.bytes.length });
    return kept.bytes;
  }
  if (options.offline) throw offlineError(address);
  const response = await fetchWithin(address, {}, options.idleLimit).catch((error) => error as Error);
  if (response instanceof Error) throw networkError(wanted, response.message);
  if (response.ok && isWebPage(response)) return refusePage(wanted);
  if (isMissing(response) && !listed) return undefined;
  if (!response.ok) throw networkError(wanted, `${response.status} ${response.statusText}`.trim());
  const bytes = await receive(response, wanted, options);
  if (!listed && beginsAsWebPage(bytes)) return refusePage(wanted);
  if (listed && bytes.length !== listed.size) throw listedError(listed, `${bytes.length} bytes`, `${listed.size}`);
  if (!globalThis.isSecureContext) return bytes; // nor are there checksums
  const sha256 = await digest("SHA-256", bytes);
  if (listed) await checkListed(bytes, sha256, listed);
  await options.cache?.write(address, { bytes, sha256, ...validatorsOf(response) });
  return bytes;
}

/** Asks the server without fetching. An answer without validators counts as changed, silence as unchanged. */
async function isFresh(address: string, { etag, lastModified }: Kept, { idleLimit }: FetchOptions): Promise<boolean> {
  const response = await fetchWithin(address, { method: "HEAD" }, idleLimit).catch(() => undefined);
  if (!response) return true;
  if (!response.ok || isMissing(response)) return false;
  const now = validatorsOf(response);
  return etag || now.etag ? etag === now.etag : lastModified !== undefined && lastModified === now.lastModified;
}

/** Handles HTML in place of a file, with which servers of single-page applications answer where it is not there. */
function refusePage({ address, expected, listed }: Wanted): undefined {
  if (listed) throw webPageError(address);
  if (!expected) return undefined;
  throw new S2Error(
    "model-not-found",
    `${shownAddress(address)} answered with a web page instead of an .onnx file. Servers of web applications do so where a file is not there: check the address.`,
  );
}

function isMissing(response: Response): boolean {
  return response.status === 404 || response.status === 410 || (response.status < 500 && isWebPage(response));
}

async function receive(response: Response, wanted: Wanted, { onProgress, idleLimit }: FetchOptions) {
  // A compressed answer's length is not the file's.
  const said = response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length") ?? 0);
  const of = wanted.listed?.size ?? said;
  const most = wanted.name.endsWith(".json") ? MAX_BYTES.json : MAX_BYTES.other;
  const limit = Math.min(wanted.listed?.size ?? most, most);
  let received = 0;
  const count = (bytes: number) => {
    received = bytes;
    onProgress?.({ file: wanted.name, bytes, of });
  };
  return readAll(response, { limit, idleLimit }, count).catch((error) => {
    throw networkError(wanted, `after ${received} bytes: ${(error as Error).message}`);
  });
}

/** Large files are listed by their SHA-256, small ones by git's hash of a blob. */
async function checkListed(bytes: Uint8Array<ArrayBuffer>, sha256: string, listed: HubFile): Promise<void> {
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const got = listed.sha256 ? sha256 : await digest("SHA-1", new Uint8Array([...head, ...bytes]));
  const expected = listed.sha256 ?? listed.oid;
  if (got !== expected) throw listedError(listed, `the checksum ${got}`, expected);
}

function listedError({ path }: HubFile, got: string, expected: string): S2Error {
  return new S2Error(
    "hub-checksum",
    `${path} arrived with ${got}; the hub lists ${expected}. Nothing was kept: load the model again.`,
  );
}

export function offlineError(address: string): S2Error {
  return new S2Error(
    "offline",
    `${shownAddress(address)} is not in the browser's cache and offline is set, so it is not fetched. Load it once with a network and without offline.`,
  );
}

function networkError({ address }: Wanted, reason: string): S2Error {
  const advice = "Check the address and the network; a server of another origin must allow this page by CORS";
  return new S2Error("model-network", `${shownAddress(address)} could not be fetched (${reason}). ${advice}.`);
}
