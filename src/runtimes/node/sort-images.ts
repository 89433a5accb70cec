/** `sortImages`: images copied or hard-linked into a folder for each predicted class, with the predictions as CSV, JSON and contact sheet. */
import { createHash } from "node:crypto";
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, extname, join, relative, resolve, sep } from "node:path";
import { S2Error } from "../../core/index.ts";
import { contactSheet } from "./contact-sheet.ts";
import { escapePath } from "./quote-path.ts";
import { refuseForeign } from "./refuse-foreign.ts";
import { classFolders, firstFree, nameKey } from "./safe-name.ts";
import { csvOf, folderOf, jsonOf, readEarlier, reportsIn, type SortedImage, UNSURE } from "./sorted-images.ts";
import { makeFolder, unfinishedName, writeTogether, writeWhole } from "./write-whole.ts";

/** Options of sorting; the flags of `s2 predict` have the same names. */
export interface SortOptions {
  /** Folder to sort into. */
  readonly sortInto?: string;
  /** Images below it go to the folder "unsure". Default: none do. */
  readonly minConfidence?: number;
  /** Makes hard links instead of copies. Default false. */
  readonly link?: boolean;
}

/** An image with a score for each class. */
export interface ClassifiedImage {
  readonly image: string;
  readonly scores: ArrayLike<number>;
}

/** Checks, before the model runs, what sorting needs. @throws S2Error "option" or "write". */
export function checkSorting(
  head: { readonly task?: string; readonly gives?: unknown },
  images: readonly Pick<ClassifiedImage, "image">[],
  { sortInto, minConfidence, link }: SortOptions,
): void {
  const refuse = (message: string) => new S2Error("option", message);
  if (sortInto === undefined) {
    if (minConfidence === undefined && !link) return;
    throw refuse("--min-confidence and --link are for sorting; give --sort-into too, or leave them out.");
  }
  if (head.task !== "classification")
    throw refuse(`A head for ${head.task} predicts no class of an image to sort by; leave --sort-into out.`);
  if (minConfidence !== undefined && head.gives === "scores")
    throw refuse("A ridge head gives scores, no probabilities; leave --min-confidence out, or fit --head logistic.");
  const inside = images.find(({ image }) => !/^\.\.(?:[\\/]|$)/.test(relative(resolve(sortInto), resolve(image))));
  if (inside !== undefined)
    throw refuse(
      `${escapePath(inside.image)} lies in ${sortInto}, the folder to sort into; give --sort-into a folder of its own.`,
    );
  refuseForeign(reportsIn(sortInto));
  const earlier = readEarlier(sortInto);
  const csv = join(sortInto, "predictions.csv");
  if (existsSync(csv) && readFileSync(csv, "utf8") !== csvOf(earlier.images))
    throw new S2Error("write", `${csv} was changed; it is not overwritten. Move it away, or give --sort-into another folder.`);
}

/**
 * Sorts images into a folder for each class. The reports are written first, so that an interrupted run is known to the next one; a copy
 * that exists is left as it is, and another file of its name too: the copy then gets a suffix. Images of earlier runs stay in the reports.
 * Returns the counts in words. @throws S2Error "write"; also when an earlier run put an image into the folder of another class.
 */
export async function sortImages(
  classified: readonly ClassifiedImage[],
  classes: readonly string[],
  { sortInto: folder, minConfidence = Number.NEGATIVE_INFINITY, link = false }: SortOptions,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (folder === undefined || classified.length === 0) return undefined;
  const earlier = readEarlier(folder);
  const sorted = nameCopies(classified, classes, folder, minConfidence);
  const now = new Map(sorted.map((copy) => [copy.source, copy]));
  const moved = earlier.images.filter(({ path, source }) => {
    const copy = now.get(source);
    return copy && folderOf(copy.path) !== folderOf(path) && existsSync(join(folder, path));
  });
  if (moved.length > 0) {
    const [{ path, source }] = moved;
    throw new S2Error(
      "write",
      `${folder} has ${moved.length} of these images in folders of another prediction, such as ${escapePath(path)}, which is ` +
        `${folderOf(now.get(source)!.path)} now; nothing was written. Give --sort-into another folder.`,
    );
  }
  const kept = earlier.images.filter(({ path, source }) => !now.has(source) && existsSync(join(folder, path)));
  const images = [...kept, ...sorted].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const name of new Set(sorted.map(({ path }) => folderOf(path)))) makeFolder(join(folder, name));
  const json = jsonOf(images, classes);
  const [jsonPath, csvPath, htmlPath] = reportsIn(folder).map(({ path }) => path);
  if (json !== earlier.text || !existsSync(csvPath))
    writeTogether([
      { path: csvPath, pieces: pieces(csvOf(images)) },
      { path: jsonPath, pieces: pieces(json) },
    ]);
  for (const [i, { path }] of sorted.entries()) {
    signal?.throwIfAborted();
    addFile(classified[i].image, join(folder, path), link);
  }
  const stamp = `<!-- of ${createHash("sha256").update(json).digest("hex")} -->\n`; // an interrupted run leaves the page before
  if (!existsSync(htmlPath) || !readFileSync(htmlPath, "utf8").endsWith(stamp)) {
    const page = await contactSheet(images, classes, folder, signal);
    await writeWhole(htmlPath, new TextEncoder().encode(page + stamp));
  }
  const counts = new Map<string, number>();
  for (const { path } of sorted) counts.set(folderOf(path), (counts.get(folderOf(path)) ?? 0) + 1);
  const words = Array.from(counts)
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => `${count} ${name}`);
  return `${sorted.length} ${sorted.length === 1 ? "image" : "images"} in ${folder}: ${words.join(", ")}; correct them in ${htmlPath}`;
}

/** Gives each image its prediction and the path of its copy; nothing is written. */
function nameCopies(
  classified: readonly ClassifiedImage[],
  classes: readonly string[],
  folder: string,
  minConfidence: number,
): SortedImage[] {
  const folders = classFolders(classes, [UNSURE, "predictions.csv", "predictions.json", "predictions.html"]);
  const taken = new Set<string>();
  return classified.map(({ image, scores }) => {
    const [first, next] = Array.from(classes.keys()).sort((a, b) => scores[b] - scores[a]);
    const inside = scores[first] >= minConfidence ? folders[first] : UNSURE;
    const isFree = (name: string) => {
      const path = join(folder, inside, name);
      return !taken.has(nameKey(`${inside}/${name}`)) && (!isThere(path) || isSame(image, path));
    };
    const name = firstFree(basename(image), isFree, extname(image));
    taken.add(nameKey(`${inside}/${name}`));
    return {
      path: `${inside}/${name}`,
      class: classes[first],
      confidence: rounded(scores[first]),
      second: classes[next] ?? "",
      secondConfidence: rounded(scores[next] ?? 0),
      source: relative(resolve(folder), resolve(image)).replaceAll(sep, "/"),
    };
  });
}

const rounded = (value: number) => Number(value.toFixed(4));
const pieces = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return { length: bytes.length, parts: [bytes] };
};

/** Returns true for any entry of a folder, a link to nothing too. */
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Returns true for files with the same bytes. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b, { throwIfNoEntry: false })];
  if (!other) return false;
  if (one.ino === other.ino && one.dev === other.dev && one.ino !== 0) return true;
  return other.isFile() && one.size === other.size && readFileSync(a).equals(readFileSync(b));
}

/** Copies a file with its time, or links it, under a name that is free; a file that is there is the same one. */
function addFile(from: string, to: string, link: boolean): void {
  if (isThere(to)) return;
  const unfinished = unfinishedName(join(to, "../copy")); // a short name, for that of the image may be as long as names can be
  try {
    if (link) {
      linkSync(realpathSync(from), to);
      return;
    }
    copyFileSync(from, unfinished, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const { atime, mtime } = statSync(from);
    utimesSync(unfinished, atime, mtime);
    renameSync(unfinished, to);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    const [message] = (cause as Error).message.split("\n");
    const advice = link ? "Leave --link out to copy" : "Make room, or check that the folder may be written";
    throw new S2Error(
      "write",
      `${escapePath(to)} cannot be written (${message}). ${advice}; the same command goes on from there.`,
      {
        cause,
      },
    );
  }
}
