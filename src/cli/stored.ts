/** Feature files: what is recorded in them, writing them whole, and whether one that is there still holds for its photo. */
import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { S2Error } from "../core/index.ts";
import { type Features, readSafetensors, toFloat16, writeNpy, writeSafetensors } from "../node.ts";
import { makeFolder } from "../runtimes/node/index.ts";

/** Strings, as safetensors wants its metadata; all but `s2_vision` are JSON. What `--resume` compares is in `model`, `photo` and `options`. */
export interface Metadata extends Record<string, string> {
  readonly plan: string;
  /** source, traits, and the file's bytes and time. */
  readonly model: string;
  /** source, width, height, and the file's bytes and time. */
  readonly photo: string;
  readonly options: string;
  readonly s2_vision: string;
}

/** Bytes and time of last change: what tells that a file is another one now. */
export function fileMark(path: string): { bytes: number; modified: string } | undefined {
  if (!existsSync(path)) return undefined;
  const { size, mtime } = statSync(path);
  return { bytes: size, modified: mtime.toISOString() };
}

/** Writes the features as one file, or for npy as the array and its metadata beside it; each is there whole or not at all. */
export async function writeFeatures(
  path: string,
  { dims, data }: Features,
  dtype: "float32" | "float16",
  metadata: Metadata,
): Promise<void> {
  makeFolder(dirname(path));
  const half = dtype === "float16" ? halfOf(data) : undefined;
  if (!path.endsWith(".npy")) {
    const features = half ? ({ dtype: "F16", dims, data: half } as const) : ({ dtype: "F32", dims, data } as const);
    return writeWhole(path, writeSafetensors({ features: features }, metadata));
  }
  await writeWhole(path, writeNpy(dims, half ?? data));
  // Last, so that metadata never speak of an array that is not there yet.
  await writeWhole(besideNpy(path), new TextEncoder().encode(`${JSON.stringify(metadata, null, 2)}\n`));
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

const besideNpy = (path: string) => path.replace(/npy$/, "json");

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Whether the file at `path` is complete and was made by this version with this model and these options from the photo as it is now. */
export async function stillHolds(
  path: string,
  photo: string,
  wanted: Pick<Metadata, "model" | "options" | "s2_vision">,
): Promise<boolean> {
  if (!existsSync(path)) return false;
  const metadata = await (path.endsWith(".npy") ? readNpyMetadata(path) : readSafetensorsMetadata(path)).catch(() => undefined);
  if (!metadata) return false;
  const { bytes, modified } = JSON.parse(metadata.photo ?? "{}");
  const now = fileMark(photo);
  const same = (["model", "options", "s2_vision"] as const).every((name) => metadata[name] === wanted[name]);
  return same && now?.bytes === bytes && now?.modified === modified;
}

async function readSafetensorsMetadata(path: string): Promise<Record<string, string>> {
  return readSafetensors(await readFile(path)).metadata; // checks that all of the data is there
}

/** Of the array only its size is looked at: NumPy's header says where the data start, the metadata how many numbers there are. */
async function readNpyMetadata(path: string): Promise<Record<string, string> | undefined> {
  const metadata = JSON.parse(await readFile(besideNpy(path), "utf8")) as Record<string, string>;
  const file = await readFile(path);
  const header = file.subarray(10, 10 + file.readUInt16LE(8)).toString("latin1");
  const [, bytes, shape] = /'descr': '<f([24])'.*'shape': \(([\d, ]+)\)/.exec(header) ?? [];
  if (!shape) return undefined;
  const numbers = shape.split(",").reduce((product, side) => product * Number(side || 1), 1);
  const whole = 10 + header.length + numbers * Number(bytes) === (await stat(path)).size;
  return whole ? metadata : undefined;
}
