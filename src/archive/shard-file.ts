/** Files of shards: a row for each image in the list's order, written as the model runs, with a checksum; and how they are read again. */
import { createHash } from "node:crypto";
import { S2Error } from "../core/index.ts";
import { type ImageTokens, imageVector, type Pooling } from "../features/index.ts";
import { toFloat16 } from "../tensors/index.ts";
import type { OpenedFile } from "./store.ts";

/** Description of an image in a shard; `error` is the reason why it has no features. */
export interface ShardImage {
  readonly image: string;
  /** SHA-256 of the image's file. */
  readonly hash?: string;
  readonly size?: readonly [height: number, width: number];
  readonly prefix?: number;
  readonly grid?: { readonly rows: number; readonly cols: number };
  readonly channelsPerScale?: readonly number[];
  readonly gridGeometry?: ImageTokens["gridGeometry"];
  readonly error?: string;
}

/** An image of a shard with its numbers as float16 bits; both are missing where the image failed. */
export interface ShardRow {
  readonly about: ShardImage;
  /** [prefix + rows * cols, channels]; left out where vectors alone are kept. */
  readonly features?: Uint16Array;
  readonly dims?: readonly [tokens: number, channels: number];
  readonly vector?: Uint16Array;
}

/** A shard's file under way. */
export interface ShardWriter {
  add(row: ShardRow): Promise<void>;
  /** Writes what is left and waits until all is on the disk. */
  finish(): Promise<void>;
  /** Frees the file, finished or not. */
  close(): Promise<void>;
}

/** A shard that is read. */
export interface Shard {
  readonly metadata: Readonly<Record<string, string>>;
  images(): Promise<ShardImage[]>;
  /** Vectors of the images that have one, in their order, as float16 bits [count, channels]. */
  vectors(): Promise<{ readonly data: Uint16Array; readonly channels: number }>;
  /** Reads the features of one image by its position in `images`. */
  features(at: number): Promise<{ readonly data: Uint16Array; readonly dims: readonly number[] } | undefined>;
  /** Bytes over which the checksum runs. */
  readonly checked: readonly [begin: number, end: number];
}

/** Metadata entries of a shard: strings, as both formats have them. */
export interface ShardMetadata extends Record<string, string> {
  readonly s2_vision: string;
  readonly shard: string;
  readonly fingerprint: string;
}

/** Makes a row of features. @throws S2Error "not-finite" for numbers beyond float16's 65,504. */
export function rowOf(
  image: string,
  hash: string,
  tokens: ImageTokens,
  keep: "features" | "vectors",
  pooling: Pooling,
): ShardRow {
  const { size, prefix, grid, channelsPerScale, gridGeometry, channels, data } = tokens;
  const about = { image, hash, size, prefix, grid, channelsPerScale, ...(gridGeometry && { gridGeometry }) };
  const vector = halfOf(imageVector(tokens, pooling));
  if (keep === "vectors") return { about, vector };
  return { about, vector, features: halfOf(data), dims: [data.length / channels, channels] };
}

function halfOf(data: Float32Array): Uint16Array {
  const half = toFloat16(data);
  for (let i = 0; i < half.length; i++) {
    if ((half[i] & 0x7c00) === 0x7c00)
      throw new S2Error("not-finite", `The features hold ${data[i]}, which is too large for float16 (65,504 at most).`);
  }
  return half;
}

/** SHA-256 over the data and the other metadata, both known when the data end. */
export function checksumOf(
  data: { digest(encoding: "hex"): string },
  { sha256: _, ...metadata }: Record<string, string>,
): string {
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(data.digest("hex") + JSON.stringify(entries))
    .digest("hex");
}

/** Bytes that are hashed at a time. */
const CHUNK = 2 ** 24;

/** Reads the bytes of a shard again. @throws S2Error "safetensors" when they do not match the checksum. */
export async function checkShard(file: OpenedFile, { metadata, checked: [begin, end] }: Shard, name: string): Promise<void> {
  const hash = createHash("sha256");
  for (let at = begin; at < end; at += CHUNK) hash.update(await file.read(at, Math.min(at + CHUNK, end)));
  if (checksumOf(hash, metadata) === metadata.sha256) return;
  throw new S2Error("safetensors", `${name} does not match its checksum; it is damaged. Remove it and resume the archive.`);
}

/** The bytes of numbers, little-endian as on every machine that runs this. */
export const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Numbers from bytes that need not be aligned. */
export function halves(bytes: Uint8Array): Uint16Array {
  const aligned = new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, 0, aligned.length / 2);
}
