/** `openDataSet`: reads a folder in any supported layout into splits of items and a list of issues. */
import { S2Error } from "../core/index.ts";
import { readImageSize } from "../images/image-size.ts";
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { sha256 } from "../tensors/index.ts";
import { refuseClasses } from "./class-folders.ts";
import { isNamesFile } from "./class-names.ts";
import { type DataSet, type DataSetImage, groupBy, type ItemOf, noteMissingClasses, type Task } from "./data-set.ts";
import { type Folder, fileName, type IssueList, issueList, issueOf, readBytes, reading, shortList } from "./files.ts";
import { CLASS_FOLDERS, layoutOf, recognizeLayouts } from "./layouts.ts";
import type { DataSetOptions, Draft, Layout, Listing } from "./listing.ts";
import { type PathFacts, pairName, pathFactsOf } from "./path-facts.ts";
import { NO_SPLITS, readSplits } from "./split-lists.ts";

const TASKS: readonly Task[] = ["classification", "segmentation", "depth", "counting"];

/**
 * Reads a data set. Opens every image, mask, depth map and label file once; `issues` lists files that cannot be used with the reason, images
 * that two splits share (same bytes), and classes that a split lacks. Makes up no split; see `splitOff`.
 * @throws S2Error "data-set" for a folder of no layout, or of several if `task` is not given.
 */
export async function openDataSet<K extends Task = Task>(folder: Folder, options: DataSetOptions<K> = {}): Promise<DataSet<K>> {
  const paths = (await folder.list()).filter((path) => !SYSTEM_FILES.test(path));
  refuseOptions(options, paths, folder.name);
  refuseOtherFolders(paths, folder.name);
  const { listing, layout } = await chooseLayout({ folder, paths, locations: pathFactsOf(paths), options });
  const task = layout.task as K;
  const { classes, ignore, ...draft } = (await layout.read(listing)) as Draft<K>;
  if (draft.entries.length === 0 && options.list === undefined) await refuseTask(task, listing);
  const splits = new Map<string, ItemOf[K][]>(draft.entries.map(({ split }) => [split, []]));
  const issues = issueList();
  issues.all.push(...draft.issues);
  const seen = new Map<string, { path: string; split: string }>();
  const shared: [path: string, reason: string][] = [];
  const entries = [...draft.entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const [i, { path, split, read }] of entries.entries()) {
    options.signal?.throwIfAborted();
    try {
      const bytes = await readBytes(folder, path);
      const size = await reading(path, async (): Promise<DataSetImage["size"]> => {
        const decoded = await options.decode?.(bytes, path);
        return decoded ? [decoded.height, decoded.width] : await readImageSize(bytes);
      });
      splits.get(split)!.push({ path, size, ...(await read(size)) } as unknown as ItemOf[K]);
      const hash = await sha256(bytes);
      const same = seen.get(hash);
      if (same === undefined) seen.set(hash, { path, split });
      else if (same.split !== split)
        shared.push([path, `It is in ${split}, and the same bytes are in ${same.split} as "${same.path}".`]);
    } catch (error) {
      issues.all.push(issueOf(error));
    }
    options.onImage?.(i + 1, entries.length);
  }
  for (const [path, reason] of shared) issues.note(path, reason); // kept in both splits, as the benchmark has them
  noteUnused(listing, [...entries.map(({ path }) => path), ...labelPaths([...splits.values()].flat())], issues);
  return noteMissingClasses({
    task,
    name: folder.name,
    classes,
    ...(ignore !== undefined && { ignore }),
    splits: Object.fromEntries(splits),
    issues: issues.all,
  } as unknown as DataSet<K>);
}

/** Returns the label files of items, which may serve several images or have other names. */
const labelPaths = (items: readonly object[]): string[] =>
  items.flatMap((item) =>
    Object.entries(item).flatMap(([key, value]) => (/Path$/.test(key) && typeof value === "string" ? [value] : [])),
  );

/** Files that Windows and macOS leave in folders and archives. */
const SYSTEM_FILES = /(^|\/)(__MACOSX\/.*|Thumbs\.db|ehthumbs\.db|desktop\.ini|\.DS_Store)$/i;

/** Returns the layout for the given task, else the only one that fits the folder. */
async function chooseLayout(files: Omit<Listing, "splits">): Promise<{ listing: Listing; layout: Layout }> {
  const { folder, locations, options } = files;
  const listingFor = async (task?: Task): Promise<Listing> => ({ ...files, splits: await readSplits(folder, locations, task) });
  const requested = options.task ?? (options.list === undefined ? undefined : "classification");
  if (requested !== undefined) {
    // A list of labels contains the splits.
    const listing = options.list === undefined ? await listingFor(requested) : { ...files, splits: NO_SPLITS };
    return { listing, layout: (await layoutOf(requested, listing)) as Layout };
  }
  const listing = await listingFor();
  const layouts = await recognizeLayouts(listing);
  if (layouts.length === 0) {
    await refuseClasses(listing);
    return { listing, layout: CLASS_FOLDERS as Layout };
  }
  if (layouts.length === 1) return { listing: await listingFor(layouts[0].task), layout: layouts[0] as Layout };
  const tasks = layouts.map(({ task }) => task);
  throw new S2Error(
    "data-set",
    `"${folder.name}" has data for ${tasks.join(" and ")}. Choose with task: ${tasks.map((task) => `"${task}"`).join(" or ")}.`,
  );
}

function refuseOptions({ task, list, ignore }: DataSetOptions, paths: readonly string[], name: string): void {
  const refuse = (message: string) => new S2Error("data-set", message);
  if (task !== undefined && !TASKS.includes(task))
    throw refuse(`Got task "${task}" for "${name}"; expected ${TASKS.join(", ")}.`);
  if (list !== undefined && task !== undefined && task !== "classification" && task !== "segmentation")
    throw refuse(
      `Got a list for "${name}" with task "${task}"; a list is for "classification" or "segmentation". Leave one of the two out.`,
    );
  if (list !== undefined && !paths.includes(list))
    throw refuse(`"${name}" has no file "${list}". Give the list's path in the folder.`);
  if (ignore !== undefined && ignore !== "none" && !(Number.isInteger(ignore) && ignore >= 0 && ignore <= 65535))
    throw refuse(`Got ignore ${ignore} for "${name}"; expected an id from 0 to 65535, or "none".`);
}

/** Refuses the folders that `s2 fit` and `s2 train` write, which are given by mistake for a data set. */
function refuseOtherFolders(paths: readonly string[], name: string): void {
  if (paths.some((path) => isImageName(path))) return;
  const what = paths.includes("head.json")
    ? "a fitted head"
    : paths.includes("config.json") && paths.some((path) => /\.(safetensors|onnx)$/.test(path)) && "a model";
  if (what) throw new S2Error("data-set", `"${name}" is the folder of ${what}; expected a folder of images with labels.`);
}

/** Refuses a folder that has nothing for the requested task, but data for others. */
async function refuseTask(task: Task, listing: Listing): Promise<void> {
  const others = [...new Set((await recognizeLayouts(listing)).map((layout) => layout.task))].filter((each) => each !== task);
  if (others.length > 0)
    throw new S2Error("data-set", `"${listing.folder.name}" has data for ${others.join(" and ")}, and none for ${task}.`);
}

/** Adds issues for files that could be images or labels and are in no item and no other issue, so that none is ignored silently. */
function noteUnused({ locations, splits }: Listing, used: readonly string[], issues: IssueList): void {
  const mentioned = new Set([...used, ...issues.all.map(({ path }) => path)]);
  const known = new Set([...mentioned, ...splits.files]);
  // An issue of an image covers its mask or label file too.
  const pairs = new Set(locations.filter(({ path, role }) => mentioned.has(path) && role !== "other").map(pairName));
  const left = locations.filter(
    (file) => !known.has(file.path) && (file.role === "other" || file.rank > 0 || !pairs.has(pairName(file))),
  );
  for (const { path, extension } of left.filter((file) => isUndecodedImageName(file.path)))
    issues.refuse(path, `Images of this format (${extension}) are not decoded; convert it to JPEG or PNG.`);
  const groups = groupBy(left.filter(couldBeLabel), ({ path, extension }) => `${topOf(path)} ${extension}`);
  for (const files of groups.values()) {
    const names = shortList(files.map(({ path }) => fileName(path)));
    issues.note(topOf(files[0].path), `${files.length} files (${files[0].extension}) are not read: ${names}.`);
  }
}

const couldBeLabel = ({ path, role, extension }: PathFacts): boolean =>
  !isNamesFile(path) && (isImageName(path) || (role !== undefined && role !== "list" && [".txt", ".xml"].includes(extension)));

const topOf = (path: string): string => (path.includes("/") ? `${path.slice(0, path.indexOf("/"))}/` : path);
