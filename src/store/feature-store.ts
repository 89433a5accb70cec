/** Features kept between runs: one file per image, with a checksum and the fingerprint of its inputs. */
import { array, integer, minValue, number, object, optional, pipe, tuple } from "valibot";
import { S2Error } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { readChecked, type StoredTensor, writeChecked } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import { changedParts, type Fingerprint } from "./fingerprint.ts";

/** Files by name, each whole or absent; `openStore` of "s2-vision/node" opens a folder as one. */
export interface Store {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** Result of a lookup: the features, or why they must be extracted (again). */
export type StoredFeatures = { readonly tokens: ImageTokens } | { readonly missing: true } | { readonly stale: readonly Stale[] };

/** A changed entry of the fingerprint, or "file" for a damaged file. */
export type Stale = keyof Fingerprint | "file";

/** Looks up features with exactly this fingerprint. */
export async function readFeatures(store: Store, name: string, fingerprint: Fingerprint): Promise<StoredFeatures> {
  const bytes = await store.read(name);
  if (!bytes) return { missing: true };
  try {
    const { tensors, metadata } = await readChecked(bytes, { code: "safetensors", name, advice: "" });
    const stale = changedParts(JSON.parse(metadata.fingerprint), fingerprint);
    if (stale.length > 0) return { stale };
    return { tokens: tokensOf(tensors.features, metadata.tokens, name) };
  } catch {
    return { stale: ["file"] }; // a cache: a damaged file is made again, whatever its damage
  }
}

const count = pipe(number(), integer(), minValue(0));
const side = pipe(number(), integer(), minValue(1));
const box = object({ left: number(), top: number(), width: number(), height: number() });
const stored = object({
  prefix: count,
  grid: object({ rows: side, cols: side }),
  channelsPerScale: array(side),
  size: tuple([side, side]),
  gridGeometry: optional(object({ region: box, token: tuple([number(), number()]) })),
});

/** Reads tokens from a file whose metadata agree with its tensor. */
function tokensOf(features: StoredTensor | undefined, json: string, name: string): ImageTokens {
  const known = parseJson(stored, json, { code: "safetensors", name, advice: "" });
  const { prefix, grid, channelsPerScale } = known;
  const channels = channelsPerScale.reduce((sum, width) => sum + width, 0);
  const dims = [prefix + grid.rows * grid.cols, channels];
  if (features?.dtype !== "F32" || String(features.dims) !== String(dims))
    throw new S2Error("safetensors", `${name} does not hold features [${dims.join(", ")}].`);
  return { ...known, channels, data: features.data as Float32Array };
}

/** Writes an image's features under a name. */
export async function writeFeatures(store: Store, name: string, tokens: ImageTokens, fingerprint: Fingerprint): Promise<void> {
  const { data, channels, ...rest } = tokens;
  const dims = [data.length / channels, channels];
  const metadata = { fingerprint: JSON.stringify(fingerprint), tokens: JSON.stringify(rest) };
  await store.write(name, await writeChecked({ features: { dtype: "F32", dims, data } }, metadata));
}
