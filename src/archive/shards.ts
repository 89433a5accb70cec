/** Shards by the archive's format: their names, writers and readers. */
import type { Archive } from "./archive.ts";
import type { Shard, ShardMetadata, ShardWriter } from "./shard-file.ts";
import { readParquetShard, writeParquetShard } from "./shard-parquet.ts";
import { readSafetensorsShard, writeSafetensorsShard } from "./shard-safetensors.ts";
import { FOLDERS, type OpenedFile } from "./store.ts";

/** Name of a committed shard in the store. */
export const shardName = ({ config }: Archive, id: string): string => `${FOLDERS.shards}/${id}.${config.format}`;

/** Lists the ids of committed shards. */
export async function committedShards({ store, config }: Archive): Promise<string[]> {
  const names = await store.list(FOLDERS.shards);
  return names.filter((name) => name.endsWith(`.${config.format}`)).map((name) => name.slice(0, -config.format.length - 1));
}

/** Begins a shard's file. */
export async function writeShard({ config }: Archive, id: string, path: string, images: number): Promise<ShardWriter> {
  const { s2_vision, fingerprint, keep, pooling, extraction, model } = config;
  const metadata: ShardMetadata = {
    ...{ s2_vision, shard: id, keep, pooling, fingerprint: JSON.stringify(fingerprint) },
    ...{ extraction: JSON.stringify(extraction), model: JSON.stringify(model) },
  };
  return config.format === "parquet" ? writeParquetShard(path, metadata) : writeSafetensorsShard(path, images, metadata);
}

/** Opens a committed shard and passes it to `work`. */
export async function withShard<T>(
  archive: Archive,
  id: string,
  work: (shard: Shard, file: OpenedFile, name: string) => Promise<T>,
): Promise<T> {
  const { store, config } = archive;
  const name = shardName(archive, id);
  const file = await store.open(name);
  try {
    const shown = `${store.location}/${name}`;
    return await work(await (config.format === "parquet" ? readParquetShard : readSafetensorsShard)(file, shown), file, shown);
  } finally {
    await file.close();
  }
}
