/** The plan of an archive: a manifest of shards that is appended to and never changes, and the list of images of each shard. */
import { createHash } from "node:crypto";
import { array, integer, number, object, optional, pipe, string, tuple } from "valibot";
import { S2Error } from "../core/index.ts";
import { parseJson } from "../tensors/json.ts";
import type { Archive } from "./archive.ts";
import { type ArchiveStore, FOLDERS, jsonBytes } from "./store.ts";

/** A shard of the manifest. */
export interface PlannedShard {
  /** Hash of its list, the model, the options and the version of this package. */
  readonly id: string;
  /** Number of images. */
  readonly images: number;
}

/** The images of a shard: files by path or address, or members of one tar file by name, first byte and length. */
export interface ShardList {
  readonly images?: readonly string[];
  readonly tar?: string;
  readonly members?: readonly (readonly [name: string, begin: number, length: number])[];
}

const listSchema = object({
  images: optional(array(string())),
  tar: optional(string()),
  members: optional(array(tuple([string(), pipe(number(), integer()), pipe(number(), integer())]))),
});

/** Names of a list's images; a member of a tar file is named like a file in a folder of the tar's name. */
export const namesOf = ({ images, tar, members }: ShardList): string[] =>
  images ? [...images] : (members ?? []).map(([name]) => `${tar}/${name}`);

/** Reads the manifest: all shards in the order in which they were planned. */
export async function readManifest(store: ArchiveStore): Promise<{ shards: PlannedShard[]; files: number }> {
  const files = await store.list(FOLDERS.manifest);
  const shards: PlannedShard[] = [];
  for (const file of files) {
    const bytes = await store.read(`${FOLDERS.manifest}/${file}`);
    for (const line of Buffer.from(bytes ?? [])
      .toString("utf8")
      .split("\n"))
      if (line !== "") shards.push(JSON.parse(line) as PlannedShard);
  }
  return { shards, files: files.length };
}

/** Reads the list of a shard. @throws S2Error "index" for one that is missing or damaged. */
export async function readList(store: ArchiveStore, id: string): Promise<ShardList> {
  const name = `${FOLDERS.lists}/${id}.json`;
  const bytes = await store.read(name);
  const source = { code: "index", name: `${store.location}/${name}`, advice: "Restore it from a copy of the archive." } as const;
  if (bytes) return parseJson(listSchema, bytes, source);
  throw new S2Error("index", `${source.name} is missing. ${source.advice}`);
}

/** Result of an addition. */
export interface Added {
  /** New shards and their images. */
  readonly shards: number;
  readonly images: number;
  /** Images that the archive had before. */
  readonly known: number;
}

/**
 * Appends lists to the manifest, without the images that it has already. Two additions at once do not lose or double images: the file of the
 * manifest gets its number when it is created, and who is second plans again.
 */
export async function appendToPlan({ store, config }: Archive, lists: readonly ShardList[]): Promise<Added> {
  for (;;) {
    const { shards, files } = await readManifest(store);
    const known = new Set<string>();
    for (const { id } of shards) for (const name of namesOf(await readList(store, id))) known.add(name);
    const before = known.size;
    const given = lists.reduce((sum, list) => sum + namesOf(list).length, 0);
    const fresh = lists.map((list) => without(list, known)).filter((list) => namesOf(list).length > 0);
    const planned = fresh.map((list) => ({ id: shardId(list, config), images: namesOf(list).length }));
    const images = known.size - before;
    if (fresh.length === 0) return { shards: 0, images: 0, known: given };
    for (const [i, list] of fresh.entries()) await store.create(`${FOLDERS.lists}/${planned[i].id}.json`, jsonBytes(list));
    const file = `${FOLDERS.manifest}/${String(files + 1).padStart(6, "0")}.jsonl`;
    const lines = planned.map((shard) => JSON.stringify(shard)).join("\n");
    if (await store.create(file, new TextEncoder().encode(`${lines}\n`)))
      return { shards: planned.length, images, known: given - images };
  }
}

/** A list without known images; its own become known. */
function without(list: ShardList, known: Set<string>): ShardList {
  const names = namesOf(list);
  const isNew = names.map((name) => !known.has(name) && known.add(name) !== undefined);
  if (list.images) return { images: list.images.filter((_, i) => isNew[i]) };
  return { tar: list.tar, members: list.members?.filter((_, i) => isNew[i]) };
}

function shardId(list: ShardList, { fingerprint, s2_vision }: Archive["config"]): string {
  const text = JSON.stringify([list, fingerprint, s2_vision]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
