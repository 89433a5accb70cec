/**
 * Shards as safetensors files: "features.000000" ... [tokens, channels] and "vectors" [count, channels] in float16, and "images", JSON of one
 * entry an image. The format's header stands first and knows the place of everything, so room is left for it and filled at the end.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { S2Error } from "../core/index.ts";
import { type Entry, readHeader, readHeaderLength } from "../tensors/index.ts";
import {
  bytesOf,
  checksumOf,
  halves,
  type Shard,
  type ShardImage,
  type ShardMetadata,
  type ShardRow,
  type ShardWriter,
} from "./shard-file.ts";
import type { OpenedFile } from "./store.ts";

/** Bytes of the longest entry of the header: name, shape, two offsets. */
const ENTRY = 160;

const nameOf = (at: number) => `features.${String(at).padStart(6, "0")}`;

/** Opens a file for the shard of at most `count` images. */
export async function writeSafetensorsShard(path: string, count: number, metadata: ShardMetadata): Promise<ShardWriter> {
  const file = await open(path, "wx");
  const room = Math.ceil((1024 + Buffer.byteLength(JSON.stringify(metadata)) + ENTRY * (count + 2)) / 8) * 8;
  const hash = createHash("sha256");
  const entries: Record<string, object> = {};
  const images: ShardImage[] = [];
  const vectors: Uint16Array[] = [];
  let end = 0;

  async function append(name: string, dtype: string, shape: readonly number[], data: ArrayBufferView): Promise<void> {
    const bytes = bytesOf(data);
    for (let at = 0; at < bytes.length; )
      at += (await file.write(bytes, at, bytes.length - at, 8 + room + end + at)).bytesWritten;
    hash.update(bytes);
    entries[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
  }

  return {
    async add({ about, features, dims, vector }: ShardRow) {
      if (features) await append(nameOf(images.length), "F16", dims!, features);
      if (vector) vectors.push(vector);
      images.push(about);
    },
    async finish() {
      const channels = vectors[0]?.length ?? 0;
      const joined = new Uint16Array(vectors.length * channels);
      for (const [i, vector] of vectors.entries()) joined.set(vector, i * channels);
      await append("vectors", "F16", [vectors.length, channels], joined);
      const json = new TextEncoder().encode(JSON.stringify(images));
      await append("images", "U8", [json.length], json);
      const about = { ...metadata, images: String(images.length) };
      const text = JSON.stringify({ __metadata__: { ...about, sha256: checksumOf(hash, about) }, ...entries });
      const header = Buffer.alloc(8 + room, 0x20);
      header.writeBigUInt64LE(BigInt(room));
      if (header.write(text, 8) < Buffer.byteLength(text)) throw new Error("the header of a shard is longer than its room");
      for (let at = 0; at < header.length; ) at += (await file.write(header, at, header.length - at, at)).bytesWritten;
      await file.sync();
    },
    close: () => file.close(),
  };
}

/** Opens a shard to read it. @throws S2Error "safetensors" for a damaged one. */
export async function readSafetensorsShard(file: OpenedFile, name: string): Promise<Shard> {
  const start = 8 + readHeaderLength(await file.read(0, Math.min(48, file.size)), file.size, name);
  const { entries, metadata } = readHeader(await file.read(8, start), file.size - start, name);
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  const bytes = ({ begin, end }: Entry) => file.read(start + begin, start + end);
  const needed = (key: string) => {
    const entry = found.get(key);
    if (!entry) throw new S2Error("safetensors", `${name} has no tensor "${key}"; it is not a shard of an archive.`);
    return entry;
  };
  return {
    metadata,
    images: async () => JSON.parse(new TextDecoder().decode(await bytes(needed("images")))),
    async vectors() {
      const entry = needed("vectors");
      return { data: halves(await bytes(entry)), channels: entry.dims[1] };
    },
    async features(at) {
      const entry = found.get(nameOf(at));
      return entry && { data: halves(await bytes(entry)), dims: entry.dims };
    },
    checked: [start, file.size],
  };
}
