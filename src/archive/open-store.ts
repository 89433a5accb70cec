/** Opens what a location names: an archive's files, or a source's file, on a disk or in a bucket. */
import { openFolderStore, openLocalFile } from "./folder-store.ts";
import type { ArchiveStore, OpenedFile } from "./store.ts";

export const isBucket = (location: string): boolean => location.startsWith("s3://");

/** Opens the files of an archive in a folder or at s3://BUCKET/PREFIX. */
export async function openArchiveStore(location: string): Promise<ArchiveStore> {
  return isBucket(location) ? (await import("./s3-store.ts")).openS3Store(location) : openFolderStore(location);
}

/** Opens a local file, or one of a bucket, to read parts of it. */
export async function openSource(path: string): Promise<OpenedFile> {
  return isBucket(path) ? (await import("./s3-store.ts")).openObject(path) : openLocalFile(path);
}
