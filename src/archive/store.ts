/** Storage of an archive: named files that are created once, in a folder or in an S3-compatible bucket. */
/** A file whose parts are read where they are needed. */
export interface OpenedFile {
  /** Bytes. */
  readonly size: number;
  /** Reads the bytes from `begin` up to `end`. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** Frees the file. */
  close(): Promise<void>;
}

/** Runs work while no other process holds the lease of this name. @throws S2Error "locked" after `patience` milliseconds. */
export type Lease = <T>(
  name: string,
  work: (check: () => Promise<void>) => Promise<T>,
  times?: { readonly expiresAfter?: number; readonly patience?: number },
) => Promise<T>;

/** Files of an archive. A name that exists is never written again, so that two workers cannot both win. */
export interface ArchiveStore {
  /** The location as users give it: a folder, or s3://BUCKET/PREFIX. */
  readonly location: string;
  /** Local folder for files under way. */
  readonly tmp: string;
  /** Lists the names in a folder that begin with `start`, sorted. */
  list(folder: string, start?: string): Promise<string[]>;
  /** Reads a small file whole; undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Opens a file to read parts of it. */
  open(name: string): Promise<OpenedFile>;
  /** Returns true if a file of this name exists. */
  exists(name: string): Promise<boolean>;
  /** Creates a small file; returns false when the name was taken before. */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Gives a finished local file its name, by `link` or a conditional put; returns false when another worker was first. */
  commit(path: string, name: string): Promise<boolean>;
  /** Removes a file, if it is there. */
  remove(name: string): Promise<void>;
  /** One process at a time; undefined where the store has no locks. */
  readonly lease?: Lease;
}

/** Folders of an archive. */
export const FOLDERS = {
  manifest: "manifest",
  lists: "lists",
  shards: "shards",
  attempts: "attempts",
  failed: "failed",
  claims: "claims",
} as const;

const text = new TextEncoder();

/** JSON as the bytes of a file. */
export const jsonBytes = (value: unknown): Uint8Array => text.encode(`${JSON.stringify(value)}\n`);
