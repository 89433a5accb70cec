/** Vectors of committed shards in LanceDB, added by one process at a time: LanceDB doubles rows that two processes merge at once. */
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { S2Error } from "../core/index.ts";
import { openVectors } from "../runtimes/node/index.ts";
import { fromFloat16 } from "../tensors/index.ts";
import type { Archive } from "./archive.ts";
import { committedShards, withShard } from "./shards.ts";

/** Shards of one write. */
const BATCH = 16;

/** Folder of the vectors in a store, a LanceDB that `openVectors` opens too. */
export const vectorsFolder = ({ store }: Archive): string => join(store.location, "vectors");

/** Name of openVectors' table of images. */
const TABLE = "s2_images";

/**
 * Adds the vectors of committed shards that LanceDB does not have, while holding the lease of the committer, and returns their number of shards. Whether
 * a shard is there is asked of LanceDB, whose writes are whole, so that a killed committer loses and doubles nothing.
 * @param patience milliseconds to wait for another committer; with 0 it is left to that one
 * @throws S2Error "locked" when another committer holds the lease for longer, "lancedb-missing".
 */
export async function commitVectors(archive: Archive, { patience = 120_000 }: { patience?: number } = {}): Promise<number> {
  const { store } = archive;
  if (!store.lease)
    throw new S2Error("option", "LanceDB's vectors need an archive in a folder; leave out lancedb for one in a bucket.", {
      option: "lancedb",
    });
  let begun = false;
  try {
    return await store.lease(
      "vectors",
      (check) => {
        begun = true;
        return addMissing(archive, check);
      },
      { patience },
    );
  } catch (error) {
    const isHeld = !begun && error instanceof S2Error && error.code === "locked";
    if (isHeld && patience === 0) return 0;
    throw error;
  }
}

async function addMissing(archive: Archive, check: () => Promise<void>): Promise<number> {
  const { store } = archive;
  const folder = vectorsFolder(archive);
  const vectors = await openVectors(folder); // also checks that LanceDB is installed
  try {
    if ((await vectors.config()) === undefined) await vectors.begin(JSON.stringify(indexConfig(archive)));
  } finally {
    await vectors.close();
  }
  const lance = await import("@lancedb/lancedb");
  const db = await lance.connect(folder);
  try {
    let table = (await db.tableNames()).includes(TABLE) ? await db.openTable(TABLE) : undefined;
    const there = seen.get(store.location) ?? (await shardsOf(table));
    seen.set(store.location, there);
    const missing: string[] = [];
    for (const id of await committedShards(archive)) {
      if (there.has(id)) continue;
      if (!table || (await table.countRows(`shard = '${id}'`)) === 0) missing.push(id);
      there.add(id);
    }
    for (let i = 0; i < missing.length; i += BATCH) {
      const batch = missing.slice(i, i + BATCH);
      try {
        const rows: Record<string, unknown>[] = [];
        for (const id of batch) rows.push(...(await rowsOf(archive, id)));
        if (rows.length === 0) continue;
        await check();
        if (table) await table.add(rows);
        else table = await db.createTable(TABLE, rows);
      } catch (error) {
        seen.delete(store.location); // what was written is asked again
        throw error;
      }
    }
    return missing.length;
  } finally {
    db.close();
  }
}

/** Shards that this process has seen in LanceDB, by the archive's location; rows never leave it. */
const seen = new Map<string, Set<string>>();

async function shardsOf(table: Table | undefined): Promise<Set<string>> {
  const ids = new Set<string>();
  if (table)
    for await (const batch of table.query().select(["shard"]))
      for (const id of batch.getChild("shard") as Iterable<string>) ids.add(id);
  return ids;
}

/** Rows as `openVectors` keeps those of images, and the shard they come from. */
async function rowsOf(archive: Archive, id: string): Promise<Record<string, unknown>[]> {
  return withShard(archive, id, async (shard) => {
    const images = (await shard.images()).filter(({ error }) => error === undefined);
    const { data, channels } = await shard.vectors();
    return images.map(({ image, hash, size = [0, 0] }, i) => {
      const vector = unit(fromFloat16(data.subarray(i * channels, (i + 1) * channels)));
      const [height, width] = size;
      const box = { left: 0, top: 0, boxWidth: width, boxHeight: height };
      return { path: image, at: 0, contentHash: hash ?? "", height, width, ...box, vector, shard: id };
    });
  });
}

/** Description of the index, which `search` compares with that of the query. */
export const indexConfig = ({ config: { model, fingerprint, pooling } }: Archive) => ({
  model: String(model.model ?? "s2-tiny"),
  modelHash: fingerprint.model,
  plan: fingerprint.options,
  pooling,
});

/** The vector at length 1. */
export function unit(vector: Float32Array): Float32Array {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  const length = Math.sqrt(sum) || 1;
  return vector.map((value) => value / length);
}
