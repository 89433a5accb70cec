/** `openDataSet`: a folder in one of the layouts that people have, read once through, into splits of items and a list of problems. */

import { S2Error } from "../core/index.ts";
import { photoSize } from "../images/photo-size.ts";
import { sha256 } from "../tensors/index.ts";
import type { DataSet, ItemOf, Kind, Photographed, Problem } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import { flaw, problemOf, readBytes } from "./invalid-file.ts";
import { CLASS_FOLDERS, layoutOf, recognizeLayouts } from "./layouts.ts";
import type { DataSetOptions, Draft, Known, Layout, Listing } from "./listing.ts";
import { noteLacking } from "./missing-classes.ts";
import { placesOf } from "./path-facts.ts";
import { refuseClasses } from "./refuse-classes.ts";
import { NO_SPLITS, readSplits } from "./split-lists.ts";
import { leftOver } from "./unused-files.ts";

const KINDS: readonly Kind[] = ["classes", "masks", "depth", "boxes"];

/**
 * Reads a data set. Every photo, mask, depth map and label file is opened once; what cannot be used is in `problems` with path and reason,
 * as are photos that two splits share (same bytes) and classes that a split lacks. No split is made up: `splitOff` does that on request.
 * @throws S2Error "data-set" when the folder is of no layout, or of several and `kind` is not given.
 */
export async function openDataSet<K extends Kind = Kind>(folder: Folder, options: DataSetOptions<K> = {}): Promise<DataSet<K>> {
  const paths = (await folder.list()).filter((path) => !LEFT_BY_SYSTEMS.test(path));
  refuseOptions(options, paths, folder.name);
  const { listing, layout } = await chooseLayout({ folder, paths, places: placesOf(paths), options });
  const kind = layout.kind as K;
  const draft = (await layout.read(listing)) as Draft<Known<K>>;
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
      seen.push({ path, split, hash: await sha256(bytes) });
    } catch (error) {
      problems.push(problemOf(error));
    }
    options.onPhoto?.(i + 1, entries.length);
  }
  problems.push(...sharedPhotos(seen));
  problems.push(...leftOver(listing, [...entries.map(({ path }) => path), ...labelPaths([...splits.values()].flat())], problems));
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

/** maskPath, labelPath and the like: files that may serve several photos, or go by other names. */
const labelPaths = (items: readonly object[]): string[] =>
  items.flatMap((item) =>
    Object.entries(item).flatMap(([key, value]) => (/Path$/.test(key) && typeof value === "string" ? [value] : [])),
  );

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

/** Files that Windows and macOS leave in folders and archives. */
const LEFT_BY_SYSTEMS = /(^|\/)(__MACOSX\/.*|Thumbs\.db|ehthumbs\.db|desktop\.ini|\.DS_Store)$/i;

type Sorted = Omit<Listing, "splits">;

/** The layout of the kind that is asked for, else the only one that the folder could be of. */
async function chooseLayout(sorted: Sorted): Promise<{ listing: Listing; layout: Layout }> {
  const { folder, places, options } = sorted;
  const listingFor = async (kind?: Kind): Promise<Listing> => ({ ...sorted, splits: await readSplits(folder, places, kind) });
  const asked = options.list === undefined ? options.kind : "classes";
  if (asked !== undefined) {
    // Lists of labels hold the splits themselves.
    const listing = options.list === undefined ? await listingFor(asked) : { ...sorted, splits: NO_SPLITS };
    return { listing, layout: (await layoutOf(asked, listing)) as Layout };
  }
  const listing = await listingFor();
  const layouts = await recognizeLayouts(listing);
  if (layouts.length === 0) {
    await refuseClasses(listing);
    return { listing, layout: CLASS_FOLDERS as Layout };
  }
  if (layouts.length === 1) return { listing: await listingFor(layouts[0].kind), layout: layouts[0] as Layout };
  const kinds = layouts.map(({ kind }) => kind);
  throw new S2Error(
    "data-set",
    `"${folder.name}" has ${kinds.join(" and ")}. Say which with kind: ${kinds.map((kind) => `"${kind}"`).join(" or ")}.`,
  );
}

function refuseOptions({ kind, list, ignore }: DataSetOptions, paths: readonly string[], name: string): void {
  if (kind !== undefined && !KINDS.includes(kind))
    throw new S2Error("data-set", `Got kind "${kind}" for "${name}"; expected ${KINDS.join(", ")}.`);
  if (list !== undefined && kind !== undefined && kind !== "classes")
    throw new S2Error(
      "data-set",
      `Got a list for "${name}" with kind "${kind}"; a list gives classes. Leave one of the two out.`,
    );
  if (list !== undefined && !paths.includes(list))
    throw new S2Error("data-set", `"${name}" has no file "${list}". Give the list's path in the folder.`);
  if (ignore !== undefined && ignore !== "none" && !(Number.isInteger(ignore) && ignore >= 0 && ignore <= 65535))
    throw new S2Error("data-set", `Got ignore ${ignore} for "${name}"; expected an id from 0 to 65535, or "none".`);
}
