/** Feature files: what is recorded in them, writing them whole, and whether one that is there still holds for its image. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { record, string } from "valibot";
import { S2Error } from "../core/index.ts";
import { type Features, writeNpy } from "../node.ts";
import { writeWhole } from "../runtimes/node/index.ts";
import { changedParts, type Fingerprint } from "../store/index.ts";
import { toFloat16 } from "../tensors/float16.ts";
import { readChecked, sha256, writeChecked } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";

/** Strings, as safetensors wants its metadata; all but `s2_vision` and `picture` are JSON. */
export interface Metadata extends Record<string, string> {
  readonly plan: string;
  /** source, traits. */
  readonly model: string;
  /** source, width, height. */
  readonly image: string;
  readonly options: string;
  /** The fingerprint that `--resume` compares. */
  readonly fingerprint: string;
  readonly s2_vision: string;
}

/** Writes the features as one file, or for npy as the array and its metadata beside it; each is there whole or not at all. */
export async function writeFeatures(
  path: string,
  { dims, data }: Features,
  dtype: "float32" | "float16",
  metadata: Metadata,
): Promise<void> {
  const half = dtype === "float16" ? halfOf(data) : undefined;
  if (!path.endsWith(".npy")) {
    const features = half ? ({ dtype: "F16", dims, data: half } as const) : ({ dtype: "F32", dims, data } as const);
    return writeWhole(path, await writeChecked({ features }, metadata));
  }
  const array = writeNpy(dims, half ?? data);
  // First, so that every .npy of ours has our .json; the hash tells that the array beside it is of another run.
  const json = { ...metadata, sha256: await sha256(array) };
  await writeWhole(besideNpy(path), new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
  await writeWhole(path, array);
}

/** float16 ends at 65,504: beyond it infinity would be written. */
function halfOf(data: Float32Array): Uint16Array {
  const half = toFloat16(data);
  const at = half.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at < 0) return half;
  throw new S2Error(
    "not-finite",
    `The features hold ${data[at]}, which is too large for float16; write them with --dtype float32.`,
  );
}

/** The metadata of an .npy file. */
export const besideNpy = (path: string) => path.replace(/npy$/, "json");

/** The state of a file for `--resume`: features to keep, none, those of something else, or a damaged file. */
export type State = "holds" | "missing" | "stale" | "damaged";

/** Looks whether the file at `path` is undamaged and has this fingerprint, and so has the picture, where one is wanted. */
export async function stateOf(path: string, fingerprint: Fingerprint, picture?: string): Promise<State> {
  if (!existsSync(path) || (path.endsWith(".npy") && !existsSync(besideNpy(path)))) return "missing";
  try {
    const metadata = await (path.endsWith(".npy") ? readNpyMetadata(path) : readMetadata(path));
    if (!metadata) return "stale";
    if (changedParts(JSON.parse(metadata.fingerprint), fingerprint).length > 0) return "stale";
    if (!picture) return "holds";
    if (!existsSync(picture)) return "missing";
    return metadata.picture === (await hashOf(picture)) ? "holds" : "stale";
  } catch {
    return "damaged";
  }
}

const hashOf = async (path: string) => sha256(new Uint8Array(await readFile(path)));
const source = (name: string) => ({ code: "safetensors" as const, name, advice: "Extract the features again." });

async function readMetadata(path: string): Promise<Record<string, string>> {
  return (await readChecked(await readFile(path), source(path))).metadata;
}

/** undefined when the array is not the one that the metadata describe. */
async function readNpyMetadata(path: string): Promise<Record<string, string> | undefined> {
  const json = besideNpy(path);
  const metadata = parseJson(record(string(), string()), await readFile(json), source(json));
  return metadata.sha256 === (await hashOf(path)) ? metadata : undefined;
}
