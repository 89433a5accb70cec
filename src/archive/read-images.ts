/** Reads the images of a shard's list: files, members of a tar file by their bytes, objects of a bucket. */
import { S2Error } from "../core/index.ts";
import { readImage } from "../runtimes/node/index.ts";
import { isBucket, openSource } from "./open-store.ts";
import type { ShardList } from "./plan.ts";

/** Images of a shard by name. */
export interface ImageReader {
  read(name: string): Promise<Uint8Array>;
  /** Returns an error that is not the image's: of the network, of a disk; the attempt fails and is made again. */
  broken(): unknown;
  /** Counts images that are not there. */
  missing(): number;
  close(): Promise<void>;
}

/** Errors of a disk or a process that pass, so that no image may be reported as bad for them. */
const PASSING = ["EIO", "EMFILE", "ENFILE", "ENOMEM", "ESTALE", "ETIMEDOUT", "EAGAIN", "EBUSY", "ENOTCONN", "EHOSTDOWN"];

/** Opens the images of a list. */
export async function openImages({ images, tar, members = [] }: ShardList): Promise<ImageReader> {
  let broken: unknown;
  let missing = 0;
  const file = tar === undefined ? undefined : await openSource(tar);
  const ranges = new Map(members.map(([name, begin, length]) => [`${tar}/${name}`, { begin, length }]));
  const readAt = async (name: string): Promise<Uint8Array> => {
    const range = ranges.get(name);
    if (file && range) return readImage(await file.read(range.begin, range.begin + range.length));
    return isBucket(name) ? readImage(await (await import("./s3-store.ts")).readObject(name)) : readImage(name);
  };
  return {
    async read(name) {
      try {
        return await readAt(name);
      } catch (error) {
        const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? "";
        if (!(error instanceof S2Error) || PASSING.includes(code)) broken ??= error;
        else if (error.code === "image-not-found" && images) missing++;
        throw error;
      }
    },
    broken: () => broken,
    missing: () => missing,
    close: async () => file?.close(),
  };
}
