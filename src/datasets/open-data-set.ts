/** `openDataSet`: a folder in one of the layouts that people have, read once through, into splits of items and a list of issues. */

import { S2Error } from "../core/index.ts";
import { readImageSize } from "../images/image-size.ts";
import { sha256 } from "../tensors/index.ts";
import type { DataSet, DataSetImage, DataSetIssue, ItemOf, Task } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import { invalidFile, issueOf, readBytes } from "./invalid-file.ts";
import { CLASS_FOLDERS, layoutOf, recognizeLayouts } from "./layouts.ts";
import type { DataSetOptions, Draft, Known, Layout, Listing } from "./listing.ts";
import { noteMissingClasses } from "./missing-classes.ts";
import { pathFactsOf } from "./path-facts.ts";
import { refuseClasses } from "./refuse-classes.ts";
import { NO_SPLITS, readSplits } from "./split-lists.ts";
import { unusedFiles } from "./unused-files.ts";

const KINDS: readonly Task[] = ["classification", "segmentation", "depth", "counting"];

/**
 * Reads a data set. Every image, mask, depth map and label file is opened once; what cannot be used is in `problems` with path and reason,
 * as are images that two splits share (same bytes) and classes that a split lacks. No split is made up: `splitOff` does that on request.
 * @throws S2Error "data-set" when the folder is of no layout, or of several and `kind` is not given.
 */
export async function openDataSet<K extends Task = Task>(folder: Folder, options: DataSetOptions<K> = {}): Promise<DataSet<K>> {
  const paths = (await folder.list()).filter((path) => !LEFT_BY_SYSTEMS.test(path));
  refuseOptions(options, paths, folder.name);
  const { listing, layout } = await chooseLayout({ folder, paths, locations: pathFactsOf(paths), options });
  const task = layout.task as K;
  const draft = (await layout.read(listing)) as Draft<Known<K>>;
  const splits = new Map<string, ItemOf[K][]>(draft.entries.map(({ split }) => [split, []]));
  const issues: DataSetIssue[] = [...draft.issues];
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
      issues.push(issueOf(error));
    }
    options.onImage?.(i + 1, entries.length);
  }
  issues.push(...sharedImages(seen));
  issues.push(...unusedFiles(listing, [...entries.map(({ path }) => path), ...labelPaths([...splits.values()].flat())], issues));
  const { classes, ignore } = draft;
  return noteMissingClasses({
    task,
    name: folder.name,
    classes,
    ...(ignore !== undefined && { ignore }),
    splits: Object.fromEntries(splits),
    issues,
  } as unknown as DataSet<K>);
}

async function sizeOf(bytes: Uint8Array, path: string, decode: DataSetOptions["decode"]): Promise<DataSetImage["size"]> {
  try {
    if (!decode) return await readImageSize(bytes);
    const { height, width } = await decode(bytes, path);
    return [height, width];
  } catch (error) {
    throw invalidFile(path, (error as Error).message, error);
  }
}

/** maskPath, labelPath and the like: files that may serve several images, or go by other names. */
const labelPaths = (items: readonly object[]): string[] =>
  items.flatMap((item) =>
    Object.entries(item).flatMap(([key, value]) => (/Path$/.test(key) && typeof value === "string" ? [value] : [])),
  );

interface Seen {
  readonly path: string;
  readonly split: string;
  readonly hash: string;
}

/** Images of the same bytes in two splits: what was learned on is tested. They stay where they are, for benchmarks are as they are. */
function sharedImages(seen: readonly Seen[]): DataSetIssue[] {
  const first = new Map<string, Seen>();
  const issues: DataSetIssue[] = [];
  for (const image of seen) {
    const same = first.get(image.hash);
    if (!same) first.set(image.hash, image);
    else if (same.split !== image.split)
      issues.push({
        path: image.path,
        reason: `It is in ${image.split}, and the same bytes are in ${same.split} as "${same.path}".`,
        used: true,
      });
  }
  return issues;
}

/** Files that Windows and macOS leave in folders and archives. */
const LEFT_BY_SYSTEMS = /(^|\/)(__MACOSX\/.*|Thumbs\.db|ehthumbs\.db|desktop\.ini|\.DS_Store)$/i;

type Sorted = Omit<Listing, "splits">;

/** The layout of the kind that is asked for, else the only one that the folder could be of. */
async function chooseLayout(sorted: Sorted): Promise<{ listing: Listing; layout: Layout }> {
  const { folder, locations, options } = sorted;
  const listingFor = async (kind?: Task): Promise<Listing> => ({ ...sorted, splits: await readSplits(folder, locations, kind) });
  const asked = options.list === undefined ? options.task : "classification";
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
  if (layouts.length === 1) return { listing: await listingFor(layouts[0].task), layout: layouts[0] as Layout };
  const kinds = layouts.map(({ task }) => task);
  throw new S2Error(
    "data-set",
    `"${folder.name}" has data for ${kinds.join(" and ")}. Say which with task: ${kinds.map((kind) => `"${kind}"`).join(" or ")}.`,
  );
}

function refuseOptions({ task, list, ignore }: DataSetOptions, paths: readonly string[], name: string): void {
  if (task !== undefined && !KINDS.includes(task))
    throw new S2Error("data-set", `Got task "${task}" for "${name}"; expected ${KINDS.join(", ")}.`);
  if (list !== undefined && task !== undefined && task !== "classification")
    throw new S2Error(
      "data-set",
      `Got a list for "${name}" with task "${task}"; a list is for "classification". Leave one of the two out.`,
    );
  if (list !== undefined && !paths.includes(list))
    throw new S2Error("data-set", `"${name}" has no file "${list}". Give the list's path in the folder.`);
  if (ignore !== undefined && ignore !== "none" && !(Number.isInteger(ignore) && ignore >= 0 && ignore <= 65535))
    throw new S2Error("data-set", `Got ignore ${ignore} for "${name}"; expected an id from 0 to 65535, or "none".`);
}
