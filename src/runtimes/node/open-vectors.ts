/** `openVectors`: vectors of images and regions in LanceDB, embedded (a folder) or remote (db://NAME), by the same code. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection, Table } from "@lancedb/lancedb";
import { S2Error } from "../../core/index.ts";
import type { ImageVectors, VectorHit, VectorStore, VectorTable } from "../../tensors/index.ts";
import { withLock } from "./lock-file.ts";

/** How a table is searched: "none" compares all vectors and is exact; the others are LanceDB's, faster on large tables and estimates. */
export type VectorIndexType = "none" | "IVF_FLAT" | "IVF_PQ" | "IVF_HNSW_SQ";

export interface OpenVectorsOptions {
  /** Of LanceDB Cloud or Enterprise, for db://NAME; default: the environment's LANCEDB_API_KEY. */
  apiKey?: string;
  /** Of LanceDB Cloud. */
  region?: string;
  /** Of LanceDB Enterprise: its address. */
  host?: string;
  /** Partitions that a search of an IVF index looks into; default LanceDB's. */
  probes?: number;
  /** With an index: this many times the hits are taken and compared again by their exact vectors; default: the index's own estimates. */
  refine?: number;
}

export interface LanceVectors extends VectorStore {
  /** Gives a table an index over what it holds now; what is added later is compared one by one until the next call. IVF_PQ needs 256 rows. */
  build(table: VectorTable, type: VectorIndexType): Promise<void>;
  /** Joins small files and drops those of former states; not while another process searches. A remote does this itself. */
  compact(): Promise<void>;
}

const names = { label: "s2_label", images: "s2_images", regions: "s2_regions" } as const;
const columns = ["path", "height", "width", "left", "top", "boxWidth", "boxHeight"];

/** @throws S2Error "lancedb-missing" where @lancedb/lancedb is not installed, "vectors" for what LanceDB refuses. */
export async function openVectors(uri: string, options: OpenVectorsOptions = {}): Promise<LanceVectors> {
  const lance = await import("@lancedb/lancedb").catch((cause) => {
    const install = "npm install @lancedb/lancedb";
    throw new S2Error("lancedb-missing", `Indexes in a folder are LanceDB's, which is not installed; run ${install}.`, { cause });
  });
  const { apiKey, region, host, probes, refine } = options;
  const remote = uri.startsWith("db://");
  const attempt = refusing(uri);
  const db = await attempt(() => lance.connect(uri, remote ? { apiKey, region, hostOverride: host } : {}));
  const opened = openedTables(db);
  // One writer at a time: mergeInsert of the same new keys by two processes adds both (a limit of LanceDB). Object stores have no locks.
  const alone = <T>(write: (check: () => Promise<void>) => Promise<T>): Promise<T> =>
    attempt(() =>
      uri.includes("://")
        ? write(async () => {})
        : withLock(join(uri, "s2_writer.lock"), async (check) => {
            await opened.refresh();
            return write(check);
          }),
    );

  const nearest = async (table: VectorTable, vector: Float32Array, count: number): Promise<VectorHit[]> => {
    const open = await opened.get(table);
    if (!open) return [];
    const query = open
      .vectorSearch(vector)
      .distanceType("l2")
      .select([...columns, "_distance"])
      .limit(count);
    if (probes !== undefined) query.nprobes(probes);
    if (refine !== undefined) query.refineFactor(refine);
    return ((await query.toArray()) as FoundRow[]).map(toHit);
  };

  return {
    config: () => attempt(async () => (await (await opened.get("label"))?.query().limit(1).toArray())?.[0]?.label),
    begin: (label) =>
      alone(async () => {
        if (!(await opened.get("label"))) await opened.create("label", [{ label }]);
      }),
    images: () => attempt(async () => contentHashesOf(await opened.get("images"))),
    channels: (table) => attempt(async () => channelsOf(await opened.get(table))),
    // An image's own row comes last: whoever is killed before it finds the image missing, and adds it again.
    put: (images) =>
      alone(async (check) => {
        const paths = images.map(({ path }) => path);
        await replace(opened, "regions", paths, images.flatMap(regionRows), check);
        await replace(opened, "images", paths, images.map(imageRow), check);
      }),
    // First the images lose their marks: whoever is killed before the end finds them changed, not whole.
    remove: (paths) =>
      alone(async (check) => {
        if (paths.length === 0) return;
        await check();
        await (await opened.get("images"))?.update({ where: among(paths), values: { contentHash: "" } });
        for (const table of ["regions", "images"] as const) await (await opened.get(table))?.delete(among(paths));
      }),
    nearest: (...given) => attempt(() => nearest(...given)),
    build: (table, type) =>
      alone(async () => {
        const open = await opened.get(table);
        const had = (await open?.listIndices())?.find((index) => index.columns.includes("vector"));
        if (type === "none") return had && open?.dropIndex(had.name);
        const { ivfFlat, ivfPq, hnswSq } = lance.Index;
        const config = { IVF_FLAT: ivfFlat, IVF_PQ: ivfPq, IVF_HNSW_SQ: hnswSq }[type]({ distanceType: "l2" });
        await open?.createIndex("vector", { config, replace: true });
        if (remote) await open?.waitForIndex(["vector_idx"], 3600); // the embedded one returns when it is done
      }),
    compact: () =>
      alone(async () => {
        if (remote) return;
        for (const table of ["regions", "images"] as const)
          await (await opened.get(table))?.optimize({ cleanupOlderThan: new Date() });
      }),
    close: async () => db.close(),
  };
}

/** Opens tables when they are first asked for. */
function openedTables(db: Connection) {
  const tables: Partial<Record<keyof typeof names, Table>> = {};
  return {
    async get(name: keyof typeof names): Promise<Table | undefined> {
      if (!tables[name] && (await db.tableNames()).includes(names[name])) tables[name] = await openTable(db, names[name]);
      return tables[name];
    },
    /** Brings open tables to what other processes wrote. */
    async refresh(): Promise<void> {
      for (const table of Object.values(tables)) await table.checkoutLatest();
    },
    async create(name: keyof typeof names, rows: Record<string, unknown>[]): Promise<void> {
      tables[name] = await db.createTable(names[name], rows);
    },
  };
}

/** A table that another process is creating is listed before it can be opened: it is tried again for a while. */
async function openTable(db: Connection, name: string, tries = 20): Promise<Table> {
  try {
    return await db.openTable(name);
  } catch (error) {
    if (tries === 0) throw error;
    await wait(50);
    return openTable(db, name, tries - 1);
  }
}

/** Rows of these paths become `rows`, in one step: a reader sees the old ones or the new. */
async function replace(
  opened: ReturnType<typeof openedTables>,
  table: VectorTable,
  paths: readonly string[],
  rows: Record<string, unknown>[],
  check: () => Promise<void>,
): Promise<void> {
  if (rows.length === 0) return;
  const open = await opened.get(table);
  await check();
  if (!open) return opened.create(table, rows);
  if ((await open.countRows(among(paths))) === 0) await open.add(rows);
  else {
    const merge = open.mergeInsert(["path", "at"]).whenMatchedUpdateAll().whenNotMatchedInsertAll();
    await merge.whenNotMatchedBySourceDelete({ where: among(paths) }).execute(rows);
  }
}

const among = (paths: readonly string[]) => `path IN (${paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(", ")})`;

interface FoundRow {
  path: string;
  height: number;
  width: number;
  left: number;
  top: number;
  boxWidth: number;
  boxHeight: number;
  /** Squared, between vectors of length 1. */
  _distance: number;
}

function toHit({ path, height, width, left, top, boxWidth, boxHeight, _distance }: FoundRow): VectorHit {
  return { image: path, size: [height, width], box: { left, top, width: boxWidth, height: boxHeight }, score: 1 - _distance / 2 };
}

function imageRow({ path, contentHash, size: [height, width], vector }: ImageVectors): Record<string, unknown> {
  return { path, at: 0, contentHash, height, width, left: 0, top: 0, boxWidth: width, boxHeight: height, vector };
}

function regionRows({ path, size: [height, width], regions: { vectors, boxes } }: ImageVectors): Record<string, unknown>[] {
  const count = boxes.length / 4;
  const channels = vectors.length / count;
  return Array.from({ length: count }, (_, at) => {
    const [left, top, boxWidth, boxHeight] = boxes.subarray(4 * at, 4 * at + 4);
    const vector = vectors.subarray(at * channels, (at + 1) * channels);
    return { path, at, height, width, left, top, boxWidth, boxHeight, vector };
  });
}

async function contentHashesOf(table: Table | undefined): Promise<Map<string, string>> {
  const count = (await table?.countRows()) ?? 0;
  if (!table || count === 0) return new Map();
  const rows = await table.query().select(["path", "contentHash"]).limit(count).toArray();
  return new Map(rows.map(({ path, contentHash }) => [path, contentHash]));
}

async function channelsOf(table: Table | undefined): Promise<number | undefined> {
  const field = (await table?.schema())?.fields.find(({ name }) => name === "vector");
  return (field?.type as { listSize?: number } | undefined)?.listSize;
}

/** Full disks and places that may not be written, in the words of Node and of LanceDB's Rust. */
const diskErrors = /\b(ENOSPC|EFBIG|EDQUOT|EROFS|EACCES)\b|os error (13|27|28|30|122)\b/;

/** What LanceDB throws becomes a sentence with its first line. */
function refusing(uri: string): <T>(step: () => Promise<T>) => Promise<T> {
  return async (step) => {
    try {
      return await step();
    } catch (cause) {
      if (cause instanceof S2Error) throw cause;
      const reason = (cause as Error).message.split("\n")[0];
      if (diskErrors.test((cause as Error).message))
        throw new S2Error("write", `The index ${uri} cannot be written (${reason}). Make room, or choose another place.`, {
          cause,
        });
      throw new S2Error("vectors", `LanceDB at ${uri} says: ${reason} Check the path or address, the key and the disk.`, {
        cause,
      });
    }
  };
}
