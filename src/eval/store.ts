/** Features kept from one run to the next: one file per image, with a checksum and a fingerprint that says what it was made from. */
import type { PhotoTokens } from "../heads/index.ts";
import { readChecked, sha256, writeChecked } from "../tensors/index.ts";
import { changedParts, type Fingerprint } from "./fingerprint.ts";

/** Where files are kept by name; `openStore` of "s2-vision/node" is a folder. A file is there whole or not at all. */
export interface Store {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** What was found under a name: the features, or why they must be made (again). */
export type Found = { readonly tokens: PhotoTokens } | { readonly missing: true } | { readonly stale: readonly Stale[] };

/** A part of the fingerprint that has changed, or "file" for a damaged file. */
export type Stale = keyof Fingerprint | "file";

/** Looks for features of exactly this fingerprint. */
export async function findFeatures(store: Store, name: string, fingerprint: Fingerprint): Promise<Found> {
  const bytes = await store.read(name);
  if (!bytes) return { missing: true };
  try {
    const { tensors, metadata } = await readChecked(bytes, { code: "safetensors", name, advice: "" });
    const stale = changedParts(JSON.parse(metadata.fingerprint), fingerprint);
    if (stale.length > 0) return { stale };
    const { dims, data } = tensors.features;
    return { tokens: { ...JSON.parse(metadata.tokens), channels: dims[1], data: data as Float32Array } };
  } catch {
    return { stale: ["file"] }; // a cache: what is wrong with the file does not matter, it is made again
  }
}

/** Keeps an image's features under a name. */
export async function keepFeatures(store: Store, name: string, tokens: PhotoTokens, fingerprint: Fingerprint): Promise<void> {
  const { data, channels, ...rest } = tokens;
  const dims = [data.length / channels, channels];
  const metadata = { fingerprint: JSON.stringify(fingerprint), tokens: JSON.stringify(rest) };
  await store.write(name, await writeChecked({ features: { dtype: "F32", dims, data } }, metadata));
}

export { sha256 as hash };
