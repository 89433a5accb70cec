/** Shards handed out by BullMQ on Redis. The store stays the truth: what the queue loses is submitted again, what it repeats is found committed. */
import { setTimeout as wait } from "node:timers/promises";
import { S2Error } from "../core/index.ts";
import type { Archive } from "./archive.ts";
import { commitVectors } from "./lance-vectors.ts";
import type { PlannedShard } from "./plan.ts";
import { reconcile } from "./reconcile.ts";
import { openWorker, type Worker as ShardWorker } from "./work.ts";

/** Jobs of one request to Redis. */
const BULK = 1000;
/** A shard is given out again after so many lost locks; BullMQ's default of 1 fails a shard at its second killed worker. */
const MOST_STALLS = 20;
/** Our own count of attempts decides; BullMQ's must not be used up before. */
const ATTEMPTS = 1000;

/**
 * Takes shards from the queue until the store has all. Each worker submits what the store lacks, under the shard's id, so that this may be done any number of
 * times. The lock of a shard is renewed while the event loop turns: the model runs in a thread of its own, and no step here takes long.
 */
export async function workOnQueue(archive: Archive, url: string, worker: ShardWorker, claimSeconds: number): Promise<void> {
  const { Queue, Worker } = await loadBullmq();
  const name = `s2-archive-${archive.config.id}`;
  const connection = { url, maxRetriesPerRequest: null };
  const queue = new Queue<PlannedShard>(name, { connection });
  const lockDuration = claimSeconds * 1000;
  const work = openWorker(archive, worker);
  let stopped: unknown;
  const consumer = new Worker<PlannedShard>(
    name,
    async ({ data }) => {
      if (stopped) throw new Error("this worker has stopped");
      try {
        if ((await work(data)) === "failed") throw new Error("the attempt failed");
        if (archive.config.lancedb) await commitVectors(archive, { patience: 0 });
      } catch (error) {
        if (worker.signal?.aborted || error instanceof S2Error) stopped ??= error;
        throw error;
      }
    },
    { connection, concurrency: 1, lockDuration, stalledInterval: lockDuration / 2, maxStalledCount: MOST_STALLS },
  );
  queue.on("error", () => {}); // a lost connection is made again
  consumer.on("error", () => {});
  const pause = Math.min(lockDuration / 10, 5000);
  try {
    for (;;) {
      if (stopped) throw stopped;
      worker.signal?.throwIfAborted();
      const { remaining } = await reconcile(archive);
      if (remaining.length === 0) return;
      const asked = submitIfEmpty(queue, remaining);
      asked.catch(() => {}); // without Redis: asked again
      await wait(pause, undefined, { signal: worker.signal });
      await Promise.race([asked, wait(pause)]).catch(() => {});
    }
  } finally {
    await Promise.race([consumer.close(), wait(5000)]);
    await Promise.race([queue.close(), wait(1000)]);
  }
}

/** Submits shards unless the queue has work: also after Redis lost its data. */
async function submitIfEmpty(queue: import("bullmq").Queue<PlannedShard>, shards: readonly PlannedShard[]): Promise<void> {
  const counts = await queue.getJobCounts("wait", "active", "delayed", "prioritized");
  if (Object.values(counts).some((count) => count > 0)) return;
  for (let i = 0; i < shards.length; i += BULK) {
    const jobs = shards.slice(i, i + BULK).map((shard) => ({
      name: "shard",
      data: shard,
      opts: {
        jobId: shard.id,
        attempts: ATTEMPTS,
        backoff: { type: "fixed", delay: 500 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    await queue.addBulk(jobs);
  }
}

async function loadBullmq() {
  try {
    await import("ioredis");
    return await import("bullmq");
  } catch (cause) {
    throw new S2Error("option", "The option queue needs BullMQ, which is not installed; run npm install bullmq ioredis.", {
      cause,
      option: "queue",
    });
  }
}
