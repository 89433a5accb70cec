/** One shard from claim to commit. Every way of distributing work calls it. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { S2Error } from "../core/index.ts";
import { decodeFile, type Model, makeFolder, writeError } from "../runtimes/node/index.ts";
import { extractImages } from "../store/index.ts";
import type { Archive } from "./archive.ts";
import { countAttempts, endAttempts, noteAttempt, setAside } from "./attempts.ts";
import { namesOf, type PlannedShard, readList } from "./plan.ts";
import { openImages } from "./read-images.ts";
import { rowOf, type ShardRow } from "./shard-file.ts";
import { shardName, writeShard } from "./shards.ts";
import { FOLDERS } from "./store.ts";

/** Steps of a shard that `onEvent` reports. */
export type ArchiveEvent =
  | { readonly type: "claimed" | "written" | "linked" | "committed" | "lost"; readonly shard: string; readonly images: number }
  /** An image is in the shard's file, with features or with the reason why it has none. */
  | { readonly type: "image"; readonly shard: string; readonly image: string; readonly issue?: string }
  /** An attempt failed; after three, or twenty kills, the shard is set aside. */
  | { readonly type: "failed" | "set-aside"; readonly shard: string; readonly images: number; readonly reason: string };

/** A worker's model, and what it reports and obeys. */
export interface Worker {
  readonly model: Model;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ArchiveEvent) => void;
}

/** "done": there was nothing left to do, or the shard was set aside. */
type Outcome = "made" | "done" | "failed";

/** Shards that fail one after the other before a worker stops: then the machine is to blame, and no more shards should be. */
const MOST_IN_A_ROW = 10;

/** Returns `runShard` for one worker. @throws S2Error "index" when ten different shards failed in a row, as without a disk or a network. */
export function openWorker(archive: Archive, worker: Worker): (shard: PlannedShard) => Promise<Outcome> {
  const failed = new Set<string>();
  let last = "";
  const onEvent = (event: ArchiveEvent) => {
    if (event.type === "failed") last = event.reason;
    worker.onEvent?.(event);
  };
  return async (shard) => {
    const result = await runShard(archive, shard, { ...worker, onEvent });
    if (result === "made") failed.clear();
    if (result === "failed") failed.add(shard.id);
    if (failed.size < MOST_IN_A_ROW) return result;
    throw new S2Error("index", `${failed.size} shards in a row failed here, so this worker stops; the last reason: ${last}`);
  };
}

/**
 * Works on a shard unless it is committed or set aside. An image that cannot be read is recorded in the shard; any other failure is an
 * attempt. @throws S2Error "write" for a full disk, which would fail every shard that follows; the signal's reason.
 */
async function runShard(archive: Archive, shard: PlannedShard, worker: Worker): Promise<Outcome> {
  const { store } = archive;
  const { id, images } = shard;
  const { onEvent, signal } = worker;
  signal?.throwIfAborted();
  if (await store.exists(shardName(archive, id))) {
    await endAttempts(store, id);
    return "done";
  }
  if (await store.exists(`${FOLDERS.failed}/${id}.json`)) return "done";
  const before = await countAttempts(store, id);
  if (before.isPoison) {
    const reason = await setAside(store, shard, before);
    onEvent?.({ type: "set-aside", shard: id, images, reason });
    return "done";
  }
  const attempt = await noteAttempt(store, id);
  onEvent?.({ type: "claimed", shard: id, images });
  try {
    await makeShard(archive, shard, worker);
    await endAttempts(store, id);
    return "made";
  } catch (error) {
    if (signal?.aborted || (error instanceof S2Error && error.code === "write")) {
      await attempt.cancel(); // the shard is not to blame
      throw error;
    }
    const reason = (error as Error).message;
    await attempt.fail(reason);
    onEvent?.({ type: "failed", shard: id, images, reason });
    return "failed";
  }
}

/** Extracts, writes under a temporary name, syncs, commits and removes the temporary name. */
async function makeShard(archive: Archive, { id, images }: PlannedShard, { model, signal, onEvent }: Worker): Promise<void> {
  const { store } = archive;
  const list = await readList(store, id);
  makeFolder(store.tmp);
  const path = join(store.tmp, `${id}.${hostname()}.${process.pid}.${randomBytes(4).toString("hex")}`);
  try {
    await fillShard(archive, id, path, list, { model, signal, onEvent });
    onEvent?.({ type: "written", shard: id, images });
    const won = await store.commit(path, shardName(archive, id));
    onEvent?.({ type: "linked", shard: id, images });
    await rm(path, { force: true });
    onEvent?.({ type: won ? "committed" : "lost", shard: id, images });
  } finally {
    await rm(path, { force: true });
  }
}

async function fillShard(
  archive: Archive,
  id: string,
  path: string,
  list: Awaited<ReturnType<typeof readList>>,
  { model, signal, onEvent }: Worker,
): Promise<void> {
  const { extraction, fingerprint, keep, pooling, s2_vision: version } = archive.config;
  const names = namesOf(list);
  const source = await openImages(list);
  const shard = await writeShard(archive, id, path, names.length).catch((error) => Promise.reject(diskError(path, error)));
  try {
    const options = { model, modelName: "", modelHash: fingerprint.model, version, extraction, signal };
    const extracted = extractImages(names, { ...options, read: source.read, decode: decodeFile });
    for await (const each of extracted) {
      if (source.broken()) throw source.broken();
      const { image } = each;
      const row = "issue" in each ? failedRow(image, each.issue) : rowOrReason(each);
      await shard.add(row).catch((error) => Promise.reject(diskError(path, error)));
      onEvent?.({ type: "image", shard: id, image, ...(row.about.error && { issue: row.about.error }) });
    }
    // One photo may be gone; all of a shard are so when their disk is not mounted.
    if (names.length > 1 && source.missing() === names.length)
      throw new S2Error(
        "image-not-found",
        `None of the ${names.length} images of the shard is there, such as ${names[0]}. Mount their disk.`,
      );
    await shard.finish().catch((error) => Promise.reject(diskError(path, error)));
  } finally {
    await shard.close();
    await source.close();
  }

  function rowOrReason(each: { image: string; hash: string; tokens: Parameters<typeof rowOf>[2] }): ShardRow {
    try {
      return rowOf(each.image, each.hash, each.tokens, keep, pooling);
    } catch (error) {
      if (error instanceof S2Error && error.code === "not-finite") return failedRow(each.image, error.message);
      throw error;
    }
  }
}

const failedRow = (image: string, error: string): ShardRow => ({ about: { image, error } });

/** A full disk must stop the worker; all other errors of files are the attempt's. */
const diskError = (path: string, error: unknown) =>
  (error as NodeJS.ErrnoException).syscall === undefined ? error : writeError(path, error);
