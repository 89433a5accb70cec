/** Feature files: their metadata, how they are written, and whether one that is there still matches its image. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { record, string } from "valibot";
import { S2Error } from "../../core/index.ts";
import type { Features } from "../../features/index.ts";
import { changedParts, type Fingerprint } from "../../store/index.ts";
import { toFloat16 } from "../../tensors/float16.ts";
import { readChecked, sha256, writeChecked, writeNpy } from "../../tensors/index.ts";
import { parseJson } from "../../tensors/json.ts";
import { writeWhole } from "./write-whole.ts";

/** Metadata of a feature file. safetensors stores strings: all but `s2_vision` and `picture` are JSON. */
export interface FeatureMetadata extends Record<string, string> {
  readonly plan: string;
  /** { source, traits } */
  readonly model: string;
  /** { source, width, height } */
  readonly image: string;
  readonly options: string;
  readonly fingerprint: string;
  readonly s2_vision: string;
}

/** Writes features as one .safetensors file, or as an .npy file with its metadata beside it in .json. @throws S2Error "write" or "not-finite". */
export async function writeFeatureFile(
  path: string,
  { dims, data }: Features,
  dtype: "float32" | "float16",
  metadata: FeatureMetadata,
): Promise<void> {
  const half = dtype === "float16" ? halfOf(data) : undefined;
  if (!path.endsWith(".npy")) {
    const features = half ? ({ dtype: "F16", dims, data: half } as const) : ({ dtype: "F32", dims, data } as const);
    return writeWhole(path, await writeChecked({ features }, metadata));
  }
  const array = writeNpy(dims, half ?? data);
  // The .json is written first, so that each .npy of ours has one; its hash shows when the array beside it is of another run.
  const json = { ...metadata, sha256: await sha256(array) };
  await writeWhole(besideNpy(path), new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
  await writeWhole(path, array);
}

/** float16 ends at 65,504: larger numbers would be written as infinity. */
export function halfOf(data: Float32Array): Uint16Array {
  const half = toFloat16(data);
  const at = half.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at < 0) return half;
  throw new S2Error("not-finite", `The features hold ${data[at]}, which is too large for float16; write them as float32.`);
}

/** Path of the metadata of an .npy file. */
export const besideNpy = (path: string): string => path.replace(/npy$/, "json");

/** Compares the file at `path`, and its picture where one is wanted, with a fingerprint; "stale" is of another image, model or options. */
export async function stateOf(
  path: string,
  fingerprint: Fingerprint,
  picture?: string,
): Promise<"current" | "missing" | "stale" | "damaged"> {
  if (!existsSync(path) || (path.endsWith(".npy") && !existsSync(besideNpy(path)))) return "missing";
  try {
    const metadata = path.endsWith(".npy")
      ? await readNpyMetadata(path)
      : (await readChecked(await readFile(path), source(path))).metadata;
    if (!metadata || changedParts(JSON.parse(metadata.fingerprint), fingerprint).length > 0) return "stale";
    if (!picture) return "current";
    if (!existsSync(picture)) return "missing";
    return metadata.picture === (await hashOf(picture)) ? "current" : "stale";
  } catch {
    return "damaged";
  }
}

const hashOf = async (path: string) => sha256(new Uint8Array(await readFile(path)));
const source = (name: string) => ({ code: "safetensors" as const, name, advice: "Extract the features again." });

/** Returns undefined when the array is not the one that the metadata describe. */
async function readNpyMetadata(path: string): Promise<Record<string, string> | undefined> {
  const json = besideNpy(path);
  const metadata = parseJson(record(string(), string()), await readFile(json), source(json));
  return metadata.sha256 === (await hashOf(path)) ? metadata : undefined;
}
