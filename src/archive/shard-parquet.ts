/**
 * Shards as Parquet files, a row for each image: raw float16 bytes of features and vector, because nested lists of floats are slow to write
 * and to read, with shape and type in the columns beside them and in the file's metadata.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { ColumnSource } from "hyparquet-writer";
import { S2Error } from "../core/index.ts";
import { asBuffer, loadParquet } from "./image-lists.ts";
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

/** Bytes of numbers after which a row group is written, so that a worker and a reader hold no more at once. */
const GROUP = 64 * 2 ** 20;

const columns = [
  { name: "image", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "error", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  { name: "hash", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  ...(["height", "width", "prefix", "rows", "cols", "channels"] as const).map(
    (name) => ({ name, type: "INT32", repetition_type: "OPTIONAL" }) as const,
  ),
  { name: "geometry", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  { name: "vector", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
  { name: "features", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
] as const;

const layout = JSON.stringify({
  dtype: "float16",
  byteorder: "little",
  features: ["prefix + rows * cols", "channels"],
  vector: ["its bytes / 2"],
});

/** Opens a file for a shard. @throws S2Error "data-file" without hyparquet-writer. */
export async function writeParquetShard(path: string, metadata: ShardMetadata): Promise<ShardWriter> {
  await loadParquet();
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer");
  const file = await open(path, "wx");
  const hash = createHash("sha256");
  const bytes = new ByteWriter();
  const kvMetadata: { key: string; value: string }[] = [];
  const schema = [{ name: "root", num_children: columns.length }, ...columns];
  const writer = new ParquetWriter({ writer: bytes, schema, codec: "UNCOMPRESSED", statistics: false, kvMetadata });
  let [written, waiting, images, channelsPerScale] = [0, 0, 0, "[]"];
  let rows: ShardRow[] = [];

  /** Moves what the writer holds to the file. */
  async function flush(): Promise<Uint8Array> {
    const held = new Uint8Array(bytes.buffer, 0, bytes.index);
    for (let at = 0; at < held.length; ) at += (await file.write(held, at, held.length - at)).bytesWritten;
    written += held.length;
    bytes.index = 0;
    return held;
  }

  async function writeGroup(): Promise<void> {
    if (rows.length > 0) writer.write({ columnData: columnData(rows), rowGroupSize: rows.length, pageSize: GROUP });
    [rows, waiting] = [[], 0];
    hash.update(await flush());
  }

  return {
    async add(row) {
      rows.push(row);
      images++;
      if (row.about.channelsPerScale) channelsPerScale = JSON.stringify(row.about.channelsPerScale);
      waiting += (row.features?.byteLength ?? 0) + (row.vector?.byteLength ?? 0);
      if (waiting >= GROUP) await writeGroup();
    },
    async finish() {
      await writeGroup();
      const about = {
        ...metadata,
        images: String(images),
        layout,
        channels_per_scale: channelsPerScale,
        data_bytes: String(written),
      };
      const all = { ...about, sha256: checksumOf(hash, about) };
      kvMetadata.push(...Object.entries(all).map(([key, value]) => ({ key, value })));
      writer.finish();
      await flush();
      await file.sync();
    },
    close: () => file.close(),
  };
}

function columnData(rows: readonly ShardRow[]): ColumnSource[] {
  const values: Record<(typeof columns)[number]["name"], (row: ShardRow) => unknown> = {
    image: ({ about }) => about.image,
    error: ({ about }) => about.error,
    hash: ({ about }) => about.hash,
    height: ({ about }) => about.size?.[0],
    width: ({ about }) => about.size?.[1],
    prefix: ({ about }) => about.prefix,
    rows: ({ about }) => about.grid?.rows,
    cols: ({ about }) => about.grid?.cols,
    channels: ({ about }) => about.channelsPerScale?.reduce((sum, width) => sum + width, 0),
    geometry: ({ about }) => about.gridGeometry && JSON.stringify(about.gridGeometry),
    vector: ({ vector }) => vector && bytesOf(vector),
    features: ({ features }) => features && bytesOf(features),
  };
  return columns.map(({ name }) => ({
    name,
    data: rows.map((row) => values[name](row) ?? null),
    encoding: "PLAIN",
    offsetIndex: false,
  })) as unknown as ColumnSource[];
}

/** Opens a shard to read it. @throws S2Error "safetensors" for a damaged one. */
export async function readParquetShard(opened: OpenedFile, name: string): Promise<Shard> {
  const { parquetMetadataAsync, parquetReadObjects, compressors } = await loadParquet();
  const file = asBuffer(opened);
  const metadata = await parquetMetadataAsync(file).catch((cause: Error) => {
    throw new S2Error("safetensors", `${name} is not a Parquet file, or is damaged (${cause.message}). Remove it and resume.`, {
      cause,
    });
  });
  const entries = Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""]));
  const read = (only: readonly string[], rowStart?: number, rowEnd?: number) =>
    parquetReadObjects({ file, metadata, columns: [...only], rowStart, rowEnd, compressors, utf8: false });
  const channelsPerScale = JSON.parse(entries.channels_per_scale ?? "[]") as number[];
  return {
    metadata: entries,
    async images() {
      const rows = await read(columns.map((column) => column.name).filter((each) => each !== "vector" && each !== "features"));
      return rows.map(({ image, error, hash, height, width, prefix, rows: tokenRows, cols, geometry }): ShardImage => {
        if (error) return { image, error };
        const about = { image, hash, size: [height, width] as const, prefix, grid: { rows: tokenRows, cols } };
        return { ...about, channelsPerScale, ...(geometry && { gridGeometry: JSON.parse(geometry) }) };
      });
    },
    async vectors() {
      const rows = (await read(["vector"])).flatMap(({ vector }) => (vector ? [halves(vector)] : []));
      const channels = rows[0]?.length ?? 0;
      const data = new Uint16Array(rows.length * channels);
      for (const [i, row] of rows.entries()) data.set(row, i * channels);
      return { data, channels };
    },
    async features(at) {
      const [row] = await read(["features", "channels"], at, at + 1);
      if (!row?.features) return undefined;
      const data = halves(row.features);
      return { data, dims: [data.length / row.channels, row.channels] };
    },
    checked: [0, Number(entries.data_bytes)],
  };
}
