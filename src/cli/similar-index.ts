/** Where `s2 similar` looks: images with an index of their own, kept from run to run, or an index that is there. */
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { openVectors } from "../node.ts";
import { type ImageIndex, type IndexConfig, indexImages, type MemoryVectors, memoryVectors } from "../retrieval/index.ts";
import { withLock, writeWhole } from "../runtimes/node/index.ts";
import type { ExtractImagesOptions } from "../store/index.ts";
import type { VectorStore } from "../tensors/index.ts";
import { checkChecksum, withChecksum } from "../tensors/index.ts";
import { failingWith } from "./errors.ts";
import { findImages, type PassedOver } from "./images.ts";
import { writeMessage } from "./output.ts";
import { damagedNote, openBar } from "./report.ts";
import { status } from "./status.ts";

export interface Place {
  /** What images' names in the index are relative to, and how that folder was named. */
  readonly base: string;
  readonly shown: string;
  /** Where features and indexes are kept. */
  readonly home: string;
  /** All that the index shall hold; undefined: it is what it is. */
  readonly images?: readonly string[];
  readonly passedOver?: readonly PassedOver[];
  /** Opens the index of a label; `keep` writes down what is in memory alone. */
  open(label: IndexConfig, flags: { quiet?: boolean }): Promise<{ store: VectorStore; keep(): Promise<void> }>;
}

/** Images of a run that indexed them. */
export interface Counts {
  added: number;
  kept: number;
  removed: number;
  failed: number;
}

export async function openPlace(where: string, store: string): Promise<Place> {
  const alone = { base: process.cwd(), shown: "", home: join(store, "alone") };
  if (where.startsWith("db://") || existsSync(join(where, "s2_label.lance")))
    return { ...alone, open: async () => lance(await openVectors(where)) };
  if (where.endsWith(".safetensors") && existsSync(where)) return { ...alone, open: () => inMemory(where) };
  const base = existsSync(where) && statSync(where).isDirectory() ? resolve(where) : process.cwd();
  const { images: found, passedOver } = await findImages([where], store);
  await failingWith(status.allFailed, () => {
    const absent = found.find(({ path, missing }) => missing ?? !existsSync(path));
    if (absent)
      throw (
        absent.missing ??
        new S2Error("image-not-found", `There is nothing at ${where}; give a folder, a glob in quotes, or an index.`)
      );
  });
  const home = join(store, `${basename(base)}-${short(resolve(where))}`);
  return {
    base,
    shown: base === process.cwd() ? "" : where,
    home,
    images: found.map(({ path }) => relative(base, resolve(path))),
    passedOver,
    open: (label, flags) => openOwn(join(home, `index-${short(JSON.stringify(label))}`), flags),
  };
}

/** LanceDB's folder; a file where LanceDB is not installed. */
async function openOwn(path: string, { quiet }: { quiet?: boolean }): ReturnType<Place["open"]> {
  try {
    return lance(await openVectors(path));
  } catch (error) {
    if (!(error instanceof S2Error && error.code === "lancedb-missing")) throw error;
    if (!quiet) writeMessage("note: LanceDB is not installed; the index is one file, searched in memory.\n");
    return inMemory(`${path}.safetensors`);
  }
}

const lance = (store: VectorStore) => ({ store, keep: async () => {} });

/**
 * An index in one file. `keep` applies what this run changed to the file as it is then: another process may have written it meanwhile.
 */
async function inMemory(file: string): ReturnType<Place["open"]> {
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
    keep: () =>
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
  if ((await checkChecksum(from)) !== "wrong") return failingWithName(file, () => memoryVectors({ from }));
  throw new S2Error("index", `The index ${file} does not match its checksum; it is damaged. Remove it, and it is made anew.`);
}

function failingWithName<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { code = "index", message } = cause as S2Error;
    throw new S2Error(code, `${file}: ${message}`, { cause });
  }
}

const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);

/** Adds what is new, with a progress line on a terminal; an image that fails is said and does not stop the others. */
export async function bringUpToDate(
  index: ImageIndex,
  images: readonly string[],
  collection: ExtractImagesOptions,
  { json, quiet }: { json?: boolean; quiet?: boolean },
): Promise<Counts> {
  const counts: Counts = { added: 0, kept: 0, removed: 0, failed: 0 };
  const bar = process.stderr.isTTY && !json && !quiet ? await openBar(images.length) : undefined;
  let seen = 0;
  let damaged = 0;
  const onImage: ExtractImagesOptions["onImage"] = ({ stale }) => {
    bar?.update(++seen);
    if (stale?.includes("file")) damaged++;
  };
  try {
    for await (const each of indexImages(index, images, { ...collection, onImage })) {
      if ("done" in each) counts[each.done]++;
      else {
        counts.failed++;
        const line = `failed: ${each.image}: ${each.issue}`;
        if (bar) bar.log(line);
        else writeMessage(`${line}\n`);
      }
      seen = Math.max(seen, counts.added + counts.kept + counts.failed);
      bar?.update(seen);
    }
  } finally {
    bar?.stop();
  }
  if (damaged > 0 && !quiet) writeMessage(damagedNote(damaged));
  return counts;
}
