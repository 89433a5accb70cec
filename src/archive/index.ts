/** Archives: features of any number of images by any number of workers, each image stored once or reported. */
export { type AddOptions, addToArchive } from "./add.ts";
export { type ArchiveConfig, openArchive } from "./archive.ts";
export { commitVectors } from "./lance-vectors.ts";
export { openMonitor } from "./monitor.ts";
export { type ArchiveState, imagesOf, reconcile } from "./reconcile.ts";
export { type RunArchiveOptions, runArchive } from "./run.ts";
export { type ArchiveHit, searchArchive } from "./search.ts";
export { retryArchive, type VerifiedArchive, verifyArchive } from "./verify.ts";
export type { ArchiveEvent } from "./work.ts";
export { runProcesses } from "./worker-processes.ts";
