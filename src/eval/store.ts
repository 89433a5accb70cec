/** Features kept from one run to the next: one file a photo, with a fingerprint that says what it was made from. */
import type { S2Plan } from "../core/index.ts";
import type { PhotoTokens } from "../heads/index.ts";
import { readSafetensors, writeSafetensors } from "../tensors/index.ts";

/** Where files are kept by name; `openStore` of "s2-vision/node" is a folder. A file is there whole or not at all. */
export interface Store {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** What decides the numbers, each part as a string that changes with it. */
export interface Fingerprint {
  /** The model's file, by its SHA-256. */
  readonly model: string;
  /** The plan of this photo, without what changes time alone, and how its pixels are prepared. */
  readonly plan: string;
  /** The photo's file, by its SHA-256. */
  readonly photo: string;
  /** The version of this package. */
  readonly version: string;
}

/** What was found under a name: the features, or why they must be made (again). */
export type Found = { readonly tokens: PhotoTokens } | { readonly missing: true } | { readonly stale: readonly string[] };

/** Looks for features of exactly this fingerprint; `stale` names what is another now ("photo", "plan", "model", "version", or "file" for a broken one). */
export async function findFeatures(store: Store, name: string, fingerprint: Fingerprint): Promise<Found> {
  const bytes = await store.read(name);
  if (!bytes) return { missing: true };
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    const made = JSON.parse(metadata.fingerprint) as Fingerprint;
    const changed = (Object.keys(fingerprint) as (keyof Fingerprint)[]).filter((part) => made[part] !== fingerprint[part]);
    if (changed.length > 0) return { stale: changed };
    const { dims, data } = tensors.features;
    return { tokens: { ...JSON.parse(metadata.tokens), channels: dims[1], data: data as Float32Array } };
  } catch {
    return { stale: ["file"] };
  }
}

/** Keeps a photo's features under a name. */
export async function keepFeatures(store: Store, name: string, tokens: PhotoTokens, fingerprint: Fingerprint): Promise<void> {
  const { data, channels, ...rest } = tokens;
  const dims = [data.length / channels, channels];
  const metadata = { fingerprint: JSON.stringify(fingerprint), tokens: JSON.stringify(rest) };
  await store.write(name, writeSafetensors({ features: { dtype: "F32", dims, data } }, metadata));
}

/** The part of a plan that decides numbers. */
export function planMark({ splitForward, warnings, multiplyAdds, ...deciding }: S2Plan): string {
  return JSON.stringify(deciding);
}

/** SHA-256 in hexadecimal. */
export async function hash(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
