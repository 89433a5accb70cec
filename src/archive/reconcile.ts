/** The manifest minus the store: what is committed, set aside and left to do. Nothing else decides whether an archive is complete. */
import { randomBytes } from "node:crypto";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Archive } from "./archive.ts";
import { type PlannedShard, readManifest } from "./plan.ts";
import { committedShards } from "./shards.ts";
import { type ArchiveStore, FOLDERS } from "./store.ts";

/** State of an archive's shards. */
export interface ArchiveState {
  readonly planned: readonly PlannedShard[];
  readonly committed: readonly PlannedShard[];
  /** Shards that failed too often. */
  readonly failed: readonly PlannedShard[];
  readonly remaining: readonly PlannedShard[];
  /** Ids of shards in the store that the manifest does not have. */
  readonly foreign: readonly string[];
}

/** Compares the manifest with the store. */
export async function reconcile(archive: Archive): Promise<ArchiveState> {
  const { shards: planned } = await readManifest(archive.store);
  const stored = new Set(await committedShards(archive));
  const aside = new Set((await archive.store.list(FOLDERS.failed)).map((name) => name.replace(/\.json$/, "")));
  const known = new Set(planned.map(({ id }) => id));
  return {
    planned,
    committed: planned.filter(({ id }) => stored.has(id)),
    failed: planned.filter(({ id }) => !stored.has(id) && aside.has(id)),
    remaining: planned.filter(({ id }) => !stored.has(id) && !aside.has(id)),
    foreign: [...stored].filter((id) => !known.has(id)),
  };
}

/** Sum of the images of shards. */
export const imagesOf = (shards: readonly PlannedShard[]): number => shards.reduce((sum, { images }) => sum + images, 0);

/** Milliseconds after which a temporary file that nobody writes to belongs to a killed worker. */
export const ABANDONED_AFTER = 60 * 60 * 1000;

/**
 * Removes temporary files that nobody has written to for a while, and returns their number; also notes and claims on committed shards. Age decides, by the
 * clock of the same file system: process ids mean nothing between containers and machines with a common folder.
 */
export async function sweep(archive: Archive, olderThan = ABANDONED_AFTER): Promise<number> {
  const { store } = archive;
  const committed = new Set(await committedShards(archive));
  for (const folder of [FOLDERS.attempts, FOLDERS.claims])
    for (const name of await store.list(folder)) if (committed.has(name.split(".")[0])) await store.remove(`${folder}/${name}`);
  return sweepFiles(store, olderThan);
}

async function sweepFiles({ tmp }: ArchiveStore, olderThan: number): Promise<number> {
  const names = await readdir(tmp).catch(() => []);
  if (names.length === 0) return 0;
  const probe = join(tmp, `now.${randomBytes(6).toString("hex")}`);
  await writeFile(probe, "");
  const now = (await stat(probe)).mtimeMs;
  await rm(probe, { force: true });
  let removed = 0;
  for (const name of names) {
    const path = join(tmp, name);
    const found = await stat(path).catch(() => undefined);
    if (!found || now - found.mtimeMs < olderThan) continue;
    await rm(path, { force: true });
    removed++;
  }
  return removed;
}
