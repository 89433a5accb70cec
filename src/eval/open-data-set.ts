/** `openDataSet`: a folder in one of the layouts that people have, read once through, into splits of items and a list of problems. */
import { S2Error } from "../core/index.ts";
import { isPhotoName } from "../images/index.ts";
import { readClassFolders } from "./class-folders.ts";
import { readCsvList } from "./csv-list.ts";
import type { DataSet, ItemOf, Kind, Photographed, Problem } from "./data-set.ts";
import { readDepthPairs } from "./depth-pairs.ts";
import { flaw, problemOf, readBytes } from "./flaw.ts";
import type { Folder } from "./folder.ts";
import { noteLacking } from "./lacking-classes.ts";
import type { DataSetOptions, Draft, Known, Listing } from "./listing.ts";
import { readMaskPairs } from "./mask-pairs.ts";
import { photoSize } from "./photo-size.ts";
import { type Place, placeOf } from "./place.ts";
import { readSplits } from "./split-lists.ts";
import { hash } from "./store.ts";
import { readYoloBoxes } from "./yolo-boxes.ts";

const READERS: { readonly [K in Kind]: (listing: Listing) => Promise<Draft<Known<K>>> } = {
  classes: (listing) => (listing.options.list === undefined ? readClassFolders(listing) : readCsvList(listing)),
  masks: readMaskPairs,
  depth: readDepthPairs,
  boxes: readYoloBoxes,
};

/**
 * Reads a data set. Every photo, mask, depth map and label file is opened once; what cannot be used is in `problems` with path and reason,
 * as are photos that two splits share (same bytes) and classes that a split lacks. No split is made up: `splitOff` does that on request.
 * @throws S2Error "data-set" when the folder is of no layout, or of several and `kind` is not given.
 */
export async function openDataSet<K extends Kind = Kind>(folder: Folder, options: DataSetOptions<K> = {}): Promise<DataSet<K>> {
  const paths = await folder.list();
  const places = paths.map(placeOf);
  const kind = (options.kind ?? (options.list === undefined ? kindOf(places, folder.name) : "classes")) as K;
  refuseOptions(kind, options, paths, folder.name);
  const draft = await READERS[kind]({ folder, paths, places, splits: await readSplits(folder, places), options });
  const splits = new Map<string, ItemOf[K][]>(draft.entries.map(({ split }) => [split, []]));
  const problems: Problem[] = [...draft.problems];
  const seen: Seen[] = [];
  const entries = [...draft.entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const [i, { path, split, read }] of entries.entries()) {
    options.signal?.throwIfAborted();
    try {
      const bytes = await readBytes(folder, path);
      const size = await sizeOf(bytes, path, options.decode);
      splits.get(split)!.push({ path, size, ...(await read(size)) } as unknown as ItemOf[K]);
      seen.push({ path, split, hash: await hash(bytes) });
    } catch (error) {
      problems.push(problemOf(error));
    }
    options.onPhoto?.(i + 1, entries.length);
  }
  problems.push(...sharedPhotos(seen));
  const { classes, ignore } = draft;
  return noteLacking({
    kind,
    name: folder.name,
    classes,
    ...(ignore !== undefined && { ignore }),
    splits: Object.fromEntries(splits),
    problems,
  } as unknown as DataSet<K>);
}

async function sizeOf(bytes: Uint8Array, path: string, decode: DataSetOptions["decode"]): Promise<Photographed["size"]> {
  try {
    if (!decode) return await photoSize(bytes);
    const { height, width } = await decode(bytes, path);
    return [height, width];
  } catch (error) {
    throw flaw(path, (error as Error).message, error);
  }
}

interface Seen {
  readonly path: string;
  readonly split: string;
  readonly hash: string;
}

/** Photos of the same bytes in two splits: what was learned on is tested. They stay where they are, for benchmarks are as they are. */
function sharedPhotos(seen: readonly Seen[]): Problem[] {
  const first = new Map<string, Seen>();
  const problems: Problem[] = [];
  for (const photo of seen) {
    const same = first.get(photo.hash);
    if (!same) first.set(photo.hash, photo);
    else if (same.split !== photo.split)
      problems.push({
        path: photo.path,
        reason: `It is in ${photo.split}, and the same bytes are in ${same.split} as "${same.path}".`,
        used: true,
      });
  }
  return problems;
}

/** What the folders' names say, when they say one thing. */
function kindOf(places: readonly Place[], name: string): Kind {
  const has = (role: Place["role"], extension?: string) =>
    places.some((place) => place.role === role && (extension ? place.extension === extension : isPhotoName(place.path)));
  const kinds: Kind[] = [];
  if (has("photo") && has("mask", ".png")) kinds.push("masks");
  if (has("photo") && has("depth", ".png")) kinds.push("depth");
  if (has("photo") && has("label", ".txt")) kinds.push("boxes");
  if (kinds.length === 0 && places.some(({ path }) => path.includes("/") && isPhotoName(path))) kinds.push("classes");
  if (kinds.length === 1) return kinds[0];
  if (kinds.length > 1)
    throw new S2Error(
      "data-set",
      `"${name}" has ${kinds.join(" and ")}. Say which with kind: ${kinds.map((kind) => `"${kind}"`).join(" or ")}.`,
    );
  throw new S2Error(
    "data-set",
    `"${name}" (${places.length} files) is laid out in no way that is known: a folder of photos for each class, or images/ with masks/ or ` +
      "labels/, or rgb/ with depth/. Lay it out so, or give a CSV file as list; docs/datasets.md draws each.",
  );
}

function refuseOptions(kind: Kind, { list, ignore }: DataSetOptions, paths: readonly string[], name: string): void {
  if (!Object.hasOwn(READERS, kind))
    throw new S2Error("data-set", `Got kind "${kind}" for "${name}"; expected ${Object.keys(READERS).join(", ")}.`);
  if (list !== undefined && kind !== "classes")
    throw new S2Error(
      "data-set",
      `Got a list for "${name}" with kind "${kind}"; a list gives classes. Leave one of the two out.`,
    );
  if (list !== undefined && !paths.includes(list))
    throw new S2Error("data-set", `"${name}" has no file "${list}". Give the list's path in the folder.`);
  if (ignore !== undefined && !(Number.isInteger(ignore) && ignore >= 0 && ignore <= 65535))
    throw new S2Error("data-set", `Got ignore ${ignore} for "${name}"; expected an id from 0 to 65535.`);
}
