/** `openVectors`: vectors of images and regions in LanceDB, embedded (a folder) or remote (db://NAME), by the same code. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection, Table } from "@lancedb/lancedb";
import { S2Error } from "../../core/index.ts";
import type { ImageVectors, VectorHit, VectorStore, VectorTable } from "../../tensors/index.ts";
import { withLock } from "./lock-file.ts";

/** Search method of a table: "none" compares all vectors and is exact; the others are LanceDB's approximate indexes, faster on large tables. */
export type VectorIndexType = "none" | "IVF_FLAT" | "IVF_PQ" | "IVF_HNSW_SQ";

export interface OpenVectorsOptions {
  /** Key of LanceDB Cloud or Enterprise, for db://NAME; default: the environment's LANCEDB_API_KEY. */
  apiKey?: string;
  /** Region of LanceDB Cloud. */
  region?: string;
  /** Address of a LanceDB Enterprise. */
  host?: string;
  /** Number of partitions that a search of an IVF index reads; default LanceDB's. */
  probes?: number;
  /** With an index: multiple of the hits that are compared again by their exact vectors; default: the index's own estimates. */
  refine?: number;
}

export interface LanceVectors extends VectorStore {
  /** Builds an index over a table's present rows; rows added later are compared one by one until the next call. IVF_PQ needs 256 rows. */
  build(table: VectorTable, type: VectorIndexType): Promise<void>;
  /** Joins small files and drops those of former states; not while another process searches. A remote does this itself. */
  compact(): Promise<void>;
}

const tableNames = { label: "s2_label", images: "s2_images", regions: "s2_regions" } as const;
type TableKey = keyof typeof tableNames;
const columns = ["path", "height", "width", "left", "top", "boxWidth", "boxHeight"];

/** Opens the vectors of a folder or a remote. @throws S2Error "lancedb-missing" without @lancedb/lancedb, "vectors" or "write" for its errors. */
export async function openVectors(uri: string, options: OpenVectorsOptions = {}): Promise<LanceVectors> {
  const lance = await import("@lancedb/lancedb").catch((cause) => {
    const install = "npm install @lancedb/lancedb";
    throw new S2Error("lancedb-missing", `Indexes in a folder are LanceDB's, which is not installed; run ${install}.`, { cause });
  });
  const { apiKey, region, host, probes, refine } = options;
  const remote = uri.startsWith("db://");
  const attempt = <T>(step: () => Promise<T>) => step().catch((cause) => Promise.reject(vectorsError(uri, cause)));
  const db = await attempt(() => lance.connect(uri, remote ? { apiKey, region, hostOverride: host } : {}));
  const tables = openTables(db);
  // One writer at a time: mergeInsert of the same new keys by two processes adds both (a limit of LanceDB). Object stores have no locks.
  const alone = <T>(write: (check: () => Promise<void>) => Promise<T>): Promise<T> =>
    attempt(async () => {
      if (uri.includes("://")) return write(async () => {});
      return withLock(join(uri, "s2_writer.lock"), async (check) => {
        await tables.refresh();
        return write(check);
      });
    });

  const nearest = async (key: VectorTable, vector: Float32Array, count: number): Promise<VectorHit[]> => {
    const table = await tables.get(key);
    if (!table) return [];
    const select = [...columns, "_distance"];
    const query = table.vectorSearch(vector).distanceType("l2").select(select).limit(count);
    if (probes !== undefined) query.nprobes(probes);
    if (refine !== undefined) query.refineFactor(refine);
    return ((await query.toArray()) as FoundRow[]).map(toHit);
  };

  return {
    config: () => attempt(async () => (await (await tables.get("label"))?.query().limit(1).toArray())?.[0]?.label),
    begin: (label) =>
      alone(async () => {
        if (!(await tables.get("label"))) await tables.create("label", [{ label }]);
      }),
    images: () => attempt(async () => contentHashesOf(await tables.get("images"))),
    channels: (key) => attempt(async () => channelsOf(await tables.get(key))),
    // An image's own row comes last: if the process is killed before it, the next one finds the image missing and adds it again.
    put: (images) =>
      alone(async (check) => {
        const paths = images.map(({ path }) => path);
        await replaceRows(tables, "regions", paths, images.flatMap(regionRows), check);
        await replaceRows(tables, "images", paths, images.map(imageRow), check);
      }),
    // The images lose their hashes first: if the process is killed before the end, the next one finds them changed.
    remove: (paths) =>
      alone(async (check) => {
        if (paths.length === 0) return;
        await check();
        await (await tables.get("images"))?.update({ where: among(paths), values: { contentHash: "" } });
        for (const key of ["regions", "images"] as const) await (await tables.get(key))?.delete(among(paths));
      }),
    nearest: (...given) => attempt(() => nearest(...given)),
    build: (key, type) =>
      alone(async () => {
        const table = await tables.get(key);
        const old = (await table?.listIndices())?.find((index) => index.columns.includes("vector"));
        if (type === "none") return old && table?.dropIndex(old.name);
        const { ivfFlat, ivfPq, hnswSq } = lance.Index;
        const config = { IVF_FLAT: ivfFlat, IVF_PQ: ivfPq, IVF_HNSW_SQ: hnswSq }[type]({ distanceType: "l2" });
        await table?.createIndex("vector", { config, replace: true });
        if (remote) await table?.waitForIndex(["vector_idx"], 3600); // the embedded one returns when it is done
      }),
    compact: () =>
      alone(async () => {
        if (remote) return;
        for (const key of ["regions", "images"] as const)
          await (await tables.get(key))?.optimize({ cleanupOlderThan: new Date() });
      }),
    close: async () => db.close(),
  };
}

type Tables = ReturnType<typeof openTables>;

/** Opens each table at its first use. */
function openTables(db: Connection) {
  const opened: Partial<Record<TableKey, Table>> = {};
  return {
    async get(key: TableKey): Promise<Table | undefined> {
      if (!opened[key] && (await db.tableNames()).includes(tableNames[key])) opened[key] = await openTable(db, tableNames[key]);
      return opened[key];
    },
    /** Brings open tables to what other processes wrote. */
    async refresh(): Promise<void> {
      for (const table of Object.values(opened)) await table.checkoutLatest();
    },
    async create(key: TableKey, rows: Record<string, unknown>[]): Promise<void> {
      opened[key] = await db.createTable(tableNames[key], rows);
    },
  };
}

/** Opens a table, trying for a while: one that another process is creating is listed before it can be opened. */
async function openTable(db: Connection, name: string, tries = 20): Promise<Table> {
  try {
    return await db.openTable(name);
  } catch (error) {
    if (tries === 0) throw error;
    await wait(50);
    return openTable(db, name, tries - 1);
  }
}

/** Replaces the rows of paths in one step: a reader sees the old rows or the new ones. */
async function replaceRows(
  tables: Tables,
  key: VectorTable,
  paths: readonly string[],
  rows: Record<string, unknown>[],
  check: () => Promise<void>,
): Promise<void> {
  if (rows.length === 0) return;
  const table = await tables.get(key);
  await check();
  if (!table) return tables.create(key, rows);
  if ((await table.countRows(among(paths))) === 0) await table.add(rows);
  else {
    const merge = table.mergeInsert(["path", "at"]).whenMatchedUpdateAll().whenNotMatchedInsertAll();
    await merge.whenNotMatchedBySourceDelete({ where: among(paths) }).execute(rows);
  }
}

const among = (paths: readonly string[]) => `path IN (${paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(", ")})`;

/** `_distance` is squared, between vectors of length 1. */
type FoundRow = { path: string } & Record<"height" | "width" | "left" | "top" | "boxWidth" | "boxHeight" | "_distance", number>;

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

/** Full disks and folders without write access, in the words of Node and of LanceDB's Rust. */
const diskErrors = /\b(ENOSPC|EFBIG|EDQUOT|EROFS|EACCES)\b|os error (13|27|28|30|122)\b/;

/** Returns the error for what LanceDB throws, with its first line. */
function vectorsError(uri: string, cause: Error): S2Error {
  if (cause instanceof S2Error) return cause;
  const reason = cause.message.split("\n")[0];
  return diskErrors.test(cause.message)
    ? new S2Error("write", `The index ${uri} cannot be written (${reason}). Make room, or choose another place.`, { cause })
    : new S2Error("vectors", `LanceDB at ${uri} says: ${reason} Check the path or address, the key and the disk.`, { cause });
}
