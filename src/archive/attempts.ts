/** Attempts at a shard, as small files: so a shard that fails or kills every worker is noticed on any machine and set aside. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { PlannedShard } from "./plan.ts";
import { type ArchiveStore, FOLDERS, jsonBytes } from "./store.ts";

/** Failures with a reason after which a shard is set aside. */
const MOST_FAILURES = 3;
/** Attempts that ended without a word: workers are killed for other reasons too, by people and schedulers. */
const MOST_KILLS = 20;

/** Attempts that were made at a shard. */
export interface Attempts {
  readonly names: readonly string[];
  readonly failures: number;
  readonly kills: number;
  /** True when the shard is to be set aside. */
  readonly isPoison: boolean;
}

/** Counts the attempts at a shard. */
export async function countAttempts(store: ArchiveStore, id: string): Promise<Attempts> {
  const names = await store.list(FOLDERS.attempts, `${id}.`);
  const failures = names.filter((name) => name.endsWith(".failed.json")).length;
  const kills = names.length - failures;
  return { names, failures, kills, isPoison: failures >= MOST_FAILURES || kills >= MOST_KILLS };
}

/** Notes that an attempt begins. If the process is killed, the note stays. */
export async function noteAttempt(store: ArchiveStore, id: string) {
  const key = `${FOLDERS.attempts}/${id}.${randomBytes(6).toString("hex")}`;
  const worker = `${hostname()} ${process.pid}`;
  await store.create(`${key}.begun.json`, jsonBytes({ worker }));
  return {
    /** Removes the note, where the shard is not to blame. */
    cancel: () => store.remove(`${key}.begun.json`).catch(() => {}),
    /** Notes the reason of a failure. */
    async fail(reason: string) {
      await store.create(`${key}.failed.json`, jsonBytes({ worker, reason }));
      await store.remove(`${key}.begun.json`);
    },
  };
}

/** Removes the notes of a shard. */
export async function endAttempts(store: ArchiveStore, id: string): Promise<void> {
  for (const name of await store.list(FOLDERS.attempts, `${id}.`)) await store.remove(`${FOLDERS.attempts}/${name}`);
}

/** Sets a shard aside with the reasons of its failures; returns the last one. */
export async function setAside(store: ArchiveStore, { id, images }: PlannedShard, { names, kills }: Attempts): Promise<string> {
  const reasons: string[] = [];
  for (const name of names) {
    const bytes = await store.read(`${FOLDERS.attempts}/${name}`);
    const { reason } = bytes ? (JSON.parse(Buffer.from(bytes).toString("utf8")) as { reason?: string }) : {};
    if (reason !== undefined) reasons.push(reason);
  }
  if (kills > 0) reasons.push(`${kills} attempts ended without a reason, as when a process is killed or runs out of memory.`);
  await store.create(`${FOLDERS.failed}/${id}.json`, jsonBytes({ shard: id, images, reasons }));
  await endAttempts(store, id);
  return reasons.at(-1) ?? "no reason";
}
