/** Model files kept in the browser's Cache Storage: each with its SHA-256, which is checked whenever it is read. */
import { shownAddress } from "../shown-address.ts";
import type { OnNotice } from "./start-worker.ts";

const NAME = "s2-vision";
const SHA256 = "x-s2-sha256";

/** The version of a file, from the server's headers. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export function validatorsOf({ headers }: Response): Validators {
  const [etag, lastModified] = ["etag", "last-modified"].map((name) => headers.get(name) ?? undefined);
  return { etag, lastModified };
}

/** A file in the cache. */
export interface Kept extends Validators {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

export interface ModelCache {
  /** Returns undefined for a missing file and for a damaged one, which is deleted with a notice. */
  read(address: string): Promise<Kept | undefined>;
  write(address: string, file: Kept): Promise<void>;
  remove(address: string): Promise<void>;
}

/** Returns undefined, with a notice, in pages without https (but localhost) and where the user has forbidden storage. */
export async function openModelCache(notice: OnNotice): Promise<ModelCache | undefined> {
  const keepsNothing = (why: string) => {
    notice({ code: "not-cached", message: `Models are not kept for the next visit: ${why}` });
    return undefined;
  };
  if (!globalThis.isSecureContext) return keepsNothing("this page is not served by https");
  let cache: Cache;
  try {
    cache = await caches.open(NAME);
  } catch (error) {
    return keepsNothing(`the browser refuses to (${(error as Error).message})`);
  }
  return {
    read: (address) => read(cache, address, notice),
    async write(address, { bytes, sha256, etag, lastModified }) {
      const headers = { [SHA256]: sha256, ...(etag && { etag }), ...(lastModified && { "last-modified": lastModified }) };
      try {
        await cache.put(address, new Response(bytes, { headers }));
      } catch (error) {
        keepsNothing(`${shownAddress(address)} does not fit the browser's storage (${(error as Error).message})`);
      }
    },
    remove: async (address) => void (await cache.delete(address)),
  };
}

async function read(cache: Cache, address: string, notice: OnNotice): Promise<Kept | undefined> {
  const response = await cache.match(address).catch(() => undefined);
  if (!response) return undefined;
  // A browser whose storage is damaged rejects.
  const bytes = new Uint8Array(await response.arrayBuffer().catch(() => new ArrayBuffer(0)));
  const sha256 = await digest("SHA-256", bytes);
  if (sha256 === response.headers.get(SHA256)) return { bytes, sha256, ...validatorsOf(response) };
  await cache.delete(address);
  notice({ code: "cache-damaged", message: `The kept copy of ${shownAddress(address)} is damaged; it was deleted` });
  return undefined;
}

/** Returns the hash in hexadecimal digits. */
export async function digest(algorithm: "SHA-256" | "SHA-1", bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
