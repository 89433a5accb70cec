/** Indexes of images on disk: where an index lies, and an index in one file where LanceDB is not installed. */
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";
import { type IndexConfig, type MemoryVectors, memoryVectors } from "../../retrieval/index.ts";
import { checkChecksum, type VectorStore, withChecksum } from "../../tensors/index.ts";
import { type FoundImages, findImages } from "./find-images.ts";
import { withLock } from "./lock-file.ts";
import { openVectors } from "./open-vectors.ts";
import { writeWhole } from "./write-whole.ts";

/** An opened index; `save` writes down what is in memory alone. */
export interface OpenedIndex {
  readonly store: VectorStore;
  /** True where LanceDB is not installed and the index is one file. */
  readonly inFile: boolean;
  save(): Promise<void>;
}

/** Location of an index: an index that exists, or the folder that keeps one for a folder or glob of images. */
export interface IndexLocation {
  /** Folder that the names in the index start from. */
  readonly base: string;
  /** The same folder as the caller wrote it, for names in results. */
  readonly prefix: string;
  /** Folder where features and indexes are kept. */
  readonly home: string;
  /** All images that the index shall hold; undefined for an index that exists. */
  readonly images?: readonly string[];
  readonly undecoded: FoundImages["undecoded"];
  open(config: IndexConfig): Promise<OpenedIndex>;
}

/**
 * Finds the index of `where`: a folder or glob of images, LanceDB's folder, a .safetensors file, or "db://NAME".
 * @param store folder where features and indexes of images are kept
 * @throws S2Error "image-not-found" when there are no images.
 */
export async function locateIndex(where: string, store: string): Promise<IndexLocation> {
  const existing = { base: process.cwd(), prefix: "", home: join(store, "alone"), undecoded: [] };
  if (where.startsWith("db://") || existsSync(join(where, "s2_label.lance")))
    return { ...existing, open: () => openLance(where) };
  if (where.endsWith(".safetensors") && existsSync(where)) return { ...existing, open: () => openFile(where) };
  const base = existsSync(where) && statSync(where).isDirectory() ? resolve(where) : process.cwd();
  const { images, undecoded } = await findImages(where, store);
  const absent = images.find(({ path, missing }) => missing ?? !existsSync(path));
  if (absent)
    throw (
      absent.missing ??
      new S2Error("image-not-found", `There is nothing at ${where}; give a folder, a glob in quotes, or an index.`)
    );
  const home = join(store, `${basename(base)}-${shortHash(resolve(where))}`);
  return {
    base,
    prefix: base === process.cwd() ? "" : where,
    home,
    images: images.map(({ path }) => relative(base, resolve(path))),
    undecoded,
    open: (config) => openOwn(join(home, `index-${shortHash(JSON.stringify(config))}`)),
  };
}

/** Opens LanceDB's folder, or a file where LanceDB is not installed. */
async function openOwn(path: string): Promise<OpenedIndex> {
  try {
    return await openLance(path);
  } catch (error) {
    if (!(error instanceof S2Error && error.code === "lancedb-missing")) throw error;
    return openFile(`${path}.safetensors`);
  }
}

const openLance = async (where: string): Promise<OpenedIndex> => ({
  store: await openVectors(where),
  inFile: false,
  save: async () => {},
});

/** An index in one file. `save` applies the changes of this process to the file as it is then: another process may have written it meanwhile. */
async function openFile(file: string): Promise<OpenedIndex> {
  const store = await readIndex(file);
  const changes: ((to: MemoryVectors) => Promise<void>)[] = [];
  const change = (one: (to: MemoryVectors) => Promise<void>) => {
    changes.push(one);
    return one(store);
  };
  return {
    store: {
      ...store,
      begin: (label) => change((to) => to.begin(label)),
      put: (images) => change((to) => to.put(images)),
      remove: (paths) => change((to) => to.remove(paths)),
    },
    inFile: true,
    save: () =>
      withLock(`${file}.lock`, async (check) => {
        const now = await readIndex(file);
        for (const one of changes) await one(now);
        const bytes = await withChecksum(now.save());
        await check();
        await writeWhole(file, bytes, { durable: true });
      }),
  };
}

/** @throws S2Error "index" for a damaged file. */
async function readIndex(file: string): Promise<MemoryVectors> {
  if (!existsSync(file)) return memoryVectors();
  const from = new Uint8Array(await readFile(file));
  if ((await checkChecksum(from)) === "wrong")
    throw new S2Error("index", `The index ${file} does not match its checksum; it is damaged. Remove it, and it is made anew.`);
  try {
    return memoryVectors({ from });
  } catch (cause) {
    const { code = "index", message } = cause as S2Error;
    throw new S2Error(code, `${file}: ${message}`, { cause });
  }
}

const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
