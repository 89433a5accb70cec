/** `runArchive`: works on an archive until nothing is left, alone, as one of several processes, or on a fixed partition. */
import { setTimeout as wait } from "node:timers/promises";
import { badOption, S2Error } from "../core/index.ts";
import { type Archive, checkWorker, openArchive } from "./archive.ts";
import { commitVectors } from "./lance-vectors.ts";
import type { PlannedShard } from "./plan.ts";
import { type ArchiveState, reconcile, sweep } from "./reconcile.ts";
import { openWorker, type Worker } from "./work.ts";

/** Options of `runArchive`. */
export interface RunArchiveOptions extends Worker {
  /** Works on every n-th shard from the i-th on, counted from 0, as job arrays number their tasks. */
  readonly partition?: readonly [i: number, n: number];
  /** Address of a Redis whose queue hands out shards, such as redis://host:6379; needs bullmq and ioredis. */
  readonly queue?: string;
  /** Seconds after which a killed worker's shard is given to another one. Default 60. */
  readonly claimSeconds?: number;
}

/**
 * Works on the shards of an archive that are not committed, and returns the state that is left. Any number of processes on any number of
 * machines may do this at once, and be killed: each image is stored once, or reported with the reason.
 * @throws S2Error "index" for another model or version than the archive was planned with, "write" for a full disk; the signal's reason.
 */
export async function runArchive(location: string, options: RunArchiveOptions): Promise<ArchiveState> {
  const { partition, queue, claimSeconds = 60 } = options;
  if (partition && !(partition.every(Number.isInteger) && partition[0] >= 0 && partition[0] < partition[1]))
    throw badOption("option", "partition", partition, "[i, n] with i from 0 to n - 1");
  const archive = await openArchive(location);
  await checkWorker(archive, options.model);
  await sweep(archive);
  if (queue === undefined) await workThrough(archive, options, claimSeconds * 1000);
  else await (await import("./queue.ts")).workOnQueue(archive, queue, options, claimSeconds);
  if (archive.config.lancedb) await commitVectors(archive);
  return reconcile(archive);
}

/** Milliseconds to wait while other workers hold all shards that are left. */
const PAUSE = 1000;

async function workThrough(archive: Archive, options: RunArchiveOptions, expiresAfter: number): Promise<void> {
  const { partition, signal } = options;
  const work = openWorker(archive, options);
  for (;;) {
    const { remaining, planned } = await reconcile(archive);
    const assigned = partition && new Set(planned.filter((_, i) => i % partition[1] === partition[0]).map(({ id }) => id));
    const todo = assigned ? remaining.filter(({ id }) => assigned.has(id)) : remaining;
    if (todo.length === 0) return;
    let held = 0;
    for (const shard of apart(todo)) {
      signal?.throwIfAborted();
      if (!(await claimed(archive, shard, expiresAfter, () => work(shard)))) held++;
      else if (archive.config.lancedb) await commitVectors(archive, { patience: 0 });
    }
    if (held === todo.length) await wait(PAUSE, undefined, { signal });
  }
}

/** Orders shards from a position of the process's own, so that workers seldom meet. */
function apart(shards: readonly PlannedShard[]): PlannedShard[] {
  const start = Math.floor(Math.random() * shards.length);
  return [...shards.slice(start), ...shards.slice(0, start)];
}

/** Runs `work` while holding the claim on a shard; returns false when another worker has it. A store without locks has no claims: there the commit alone decides. */
async function claimed(
  archive: Archive,
  { id }: PlannedShard,
  expiresAfter: number,
  work: () => Promise<unknown>,
): Promise<boolean> {
  const { lease } = archive.store;
  let begun = false;
  const run = async () => {
    begun = true;
    await work();
  };
  try {
    await (lease ? lease(id, run, { expiresAfter, patience: 0 }) : run());
    return true;
  } catch (error) {
    if (!begun && error instanceof S2Error && error.code === "locked") return false;
    throw error;
  }
}
