/** Features kept from one run to the next: one file per image, with a checksum and a fingerprint that says what it was made from. */
import { array, integer, minValue, number, object, optional, pipe, tuple } from "valibot";
import { S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { readChecked, type StoredTensor, writeChecked } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
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
    return { tokens: tokensOf(tensors.features, metadata.tokens, name) };
  } catch {
    return { stale: ["file"] }; // a cache: what is wrong with the file does not matter, it is made again
  }
}

const whole = pipe(number(), integer(), minValue(0));
const side = pipe(number(), integer(), minValue(1));
const box = object({ left: number(), top: number(), width: number(), height: number() });
const stored = object({
  prefix: whole,
  grid: object({ rows: side, cols: side }),
  widths: array(side),
  size: tuple([side, side]),
  place: optional(object({ region: box, token: tuple([number(), number()]) })),
});

/** Tokens from a file; all that the metadata say agrees with the tensor. */
function tokensOf(features: StoredTensor | undefined, json: string, name: string): PhotoTokens {
  const known = parseJson(stored, json, { code: "safetensors", name, advice: "" });
  const { prefix, grid, widths } = known;
  const channels = widths.reduce((sum, width) => sum + width, 0);
  const dims = [prefix + grid.rows * grid.cols, channels];
  if (features?.dtype !== "F32" || String(features.dims) !== String(dims))
    throw new S2Error("safetensors", `${name} does not hold features [${dims.join(", ")}].`);
  return { ...known, channels, data: features.data as Float32Array };
}

/** Keeps an image's features under a name. */
export async function keepFeatures(store: Store, name: string, tokens: PhotoTokens, fingerprint: Fingerprint): Promise<void> {
  const { data, channels, ...rest } = tokens;
  const dims = [data.length / channels, channels];
  const metadata = { fingerprint: JSON.stringify(fingerprint), tokens: JSON.stringify(rest) };
  await store.write(name, await writeChecked({ features: { dtype: "F32", dims, data } }, metadata));
}
