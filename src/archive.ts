/** "s2-vision/archive": features of archives of any size, by one process or many, each image stored once or reported with the reason. Node alone. */
import type { ArchiveState } from "./archive/index.ts";
import { imagesOf, openArchive, reconcile } from "./archive/index.ts";

export { addToArchive, retryArchive, runArchive, searchArchive, verifyArchive } from "./archive/index.ts";

/** Returns the numbers of images and shards of an archive that are planned, committed, set aside and left to do. @throws S2Error "index" without an archive. */
export async function archiveStatus(location: string): Promise<{
  readonly images: Readonly<Record<"planned" | "committed" | "failed" | "remaining", number>>;
  readonly shards: Readonly<Record<"planned" | "committed" | "failed" | "remaining", number>>;
}> {
  const { planned, committed, failed, remaining } = await reconcile(await openArchive(location));
  const count = (of: (shards: ArchiveState["planned"]) => number) => ({
    ...{ planned: of(planned), committed: of(committed), failed: of(failed), remaining: of(remaining) },
  });
  return { images: count(imagesOf), shards: count((shards) => shards.length) };
}
