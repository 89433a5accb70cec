/** `addToArchive`: begins an archive, or appends images to its plan. */
import type { Model } from "../runtimes/node/index.ts";
import { beginArchive, type NewArchive } from "./archive.ts";
import { type Added, appendToPlan } from "./plan.ts";
import { type FoundSources, findSources } from "./sources.ts";

/** Options of `addToArchive`. */
export interface AddOptions extends NewArchive {
  /** The model that workers will load; its fingerprint is recorded. */
  readonly model: Model;
  /** Images of a shard, the unit of work. Default 1000. */
  readonly shardSize?: number;
}

/**
 * Plans images (files, folders, globs, lists in .csv or .parquet, WebDataset .tar files, s3:// addresses) into shards of the archive at `location`, a folder or s3://BUCKET/PREFIX.
 * Images that the archive has are left out, so that the same sources may be added again after they grew. No model runs: `runArchive` works on the plan.
 * @throws S2Error "image-not-found" for a source without images, "index" when the archive was begun with another model or other options.
 */
export async function addToArchive(
  location: string,
  sources: readonly string[],
  { model, shardSize, ...choices }: AddOptions,
): Promise<Added & Pick<FoundSources, "undecoded">> {
  const { lists, undecoded } = await findSources(sources, shardSize);
  const archive = await beginArchive(location, model, choices);
  return { ...(await appendToPlan(archive, lists)), undecoded };
}
