/** `verifyArchive`: reads every committed shard, compares checksums, rows and the plan, and sweeps what killed workers left. */
import { S2Error } from "../core/index.ts";
import { openArchive } from "./archive.ts";
import { namesOf, readList } from "./plan.ts";
import { ABANDONED_AFTER, type ArchiveState, reconcile, sweep } from "./reconcile.ts";
import { checkShard } from "./shard-file.ts";
import { shardName, withShard } from "./shards.ts";
import { FOLDERS } from "./store.ts";

/** Result of `verifyArchive`. */
export interface VerifiedArchive {
  /** Images with features or a vector. */
  readonly stored: number;
  /** Images that could not be read, each with the reason. */
  readonly reported: readonly { readonly image: string; readonly reason: string }[];
  /** Images that more than one shard has; none, unless the archive was changed by hand. */
  readonly twice: readonly string[];
  /** Damaged shards and shards that the manifest does not have, each with the reason. */
  readonly damaged: readonly { readonly shard: string; readonly reason: string }[];
  /** Number of temporary files that were removed. */
  readonly swept: number;
  readonly state: ArchiveState;
}

/** Options of `verifyArchive`. */
export interface VerifyOptions {
  /** Removes damaged shards, so that workers make them again. Default false. */
  readonly repair?: boolean;
  /** Age in milliseconds from which temporary files are removed. Default an hour. */
  readonly sweepAfter?: number;
  /** Called after each shard. */
  readonly onShard?: (done: number, of: number) => void;
}

/** Checks an archive: every byte of its shards, that each image of the plan is in its shard, and that none is in two. */
export async function verifyArchive(location: string, options: VerifyOptions = {}): Promise<VerifiedArchive> {
  const { repair = false, sweepAfter = ABANDONED_AFTER, onShard } = options;
  const archive = await openArchive(location);
  const swept = await sweep(archive, sweepAfter);
  const state = await reconcile(archive);
  const reported: { image: string; reason: string }[] = [];
  const damaged = state.foreign.map((shard) => ({ shard, reason: "The manifest does not have it." }));
  const seen = new Set<string>();
  const twice: string[] = [];
  let stored = 0;
  for (const [i, { id }] of state.committed.entries()) {
    try {
      const expected = namesOf(await readList(archive.store, id));
      const images = await withShard(archive, id, async (shard, file, name) => {
        await checkShard(file, shard, name);
        const rows = await shard.images();
        const { data, channels } = await shard.vectors();
        const filled = rows.filter(({ error }) => error === undefined).length;
        if (rows.map(({ image }) => image).join("\n") !== expected.join("\n") || filled !== (channels && data.length / channels))
          throw new S2Error("safetensors", `${name} does not hold the images of its list. Remove it and resume the archive.`);
        return rows;
      });
      for (const { image, error } of images) {
        if (seen.has(image)) twice.push(image);
        seen.add(image);
        if (error === undefined) stored++;
        else reported.push({ image, reason: error });
      }
    } catch (error) {
      if (!(error instanceof S2Error)) throw error;
      damaged.push({ shard: id, reason: error.message });
      if (repair) await archive.store.remove(shardName(archive, id));
    }
    onShard?.(i + 1, state.committed.length);
  }
  return { stored, reported, twice, damaged, swept, state: repair && damaged.length > 0 ? await reconcile(archive) : state };
}

/** Brings back the shards that were set aside, and returns their number; `resume` works on them. */
export async function retryArchive(location: string): Promise<number> {
  const { store } = await openArchive(location);
  const names = await store.list(FOLDERS.failed);
  for (const name of names) await store.remove(`${FOLDERS.failed}/${name}`);
  return names.length;
}
