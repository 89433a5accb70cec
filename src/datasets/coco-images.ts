/** Images that COCO's annotation files list, found among the images of the folder, with their splits and annotations. */
import { isImageName } from "../images/index.ts";
import { checkStatedSize } from "./boxes.ts";
import {
  type AnnotationType,
  type CocoAnnotation,
  type CocoFile,
  type CocoImage,
  mergeCategories,
  readCocoFile,
} from "./coco-json.ts";
import { type DataSetImage, groupBy, type Task } from "./data-set.ts";
import { fileName, type IssueList, issueList } from "./files.ts";
import { tidy } from "./find-images.ts";
import { knownSplit } from "./layout-names.ts";
import type { Entry, Known, Listing } from "./listing.ts";
import { inNoSplit } from "./pairs.ts";

/** An image with its annotations, when it is read. */
export interface AnnotatedImage<T extends AnnotationType> {
  readonly path: string;
  /** Path of the annotation file. */
  readonly json: string;
  readonly annotations: readonly CocoAnnotation<T>[];
  /** Class ids by category id. */
  readonly labels: ReadonlyMap<number, number>;
}

/** Reads annotation files; `entries` finds their images, of which `read` reads the annotations, apart from PNGs that are `masks`. */
export async function readCoco<T extends AnnotationType>(listing: Listing, jsons: readonly string[], type: T) {
  const issues = issueList();
  const files: CocoFile<T>[] = [];
  for (const path of jsons) files.push(await readCocoFile(listing, path, type, issues));
  const { classes, labels } = await mergeCategories(listing, files, issues);
  const entries = <K extends Task>(
    read: (image: AnnotatedImage<T>, size: DataSetImage["size"]) => Known<K> | Promise<Known<K>>,
    masks: ReadonlySet<string> = new Set(),
  ): Entry<K>[] =>
    findCocoImages(listing, files, masks, issues).map(({ path, split, image, file }) => ({
      path,
      split,
      read: async (size) => {
        const { path: json, annotations } = files[file];
        checkStatedSize(path, [`${json} says`, "the image"], image, size);
        return await read({ path, json, annotations: annotations.get(image.id)!, labels: labels[file] }, size);
      },
    }));
  return { files, classes, issues, entries };
}

/** A listed image, and the index of the file that lists it. */
interface ListedImage {
  readonly path: string;
  readonly split: string;
  readonly image: CocoImage;
  readonly file: number;
}

/** Puts every listed image and every image of the folder into an entry or an issue. */
function findCocoImages(
  { paths, locations, splits }: Listing,
  files: readonly Pick<CocoFile<"boxes">, "path" | "images">[],
  masks: ReadonlySet<string>,
  issues: IssueList,
): ListedImage[] {
  const images = paths.filter((path, i) => isImageName(path) && !masks.has(path) && locations[i].role !== "mask");
  const find = fileFinder(images);
  const isImage = new Set(images);
  const folderSplits = new Map(locations.flatMap((file) => (isImage.has(file.path) ? [[file.path, splits.of(file)]] : [])));
  const named = files.some((file) => splitOfFile(file.path) !== undefined);
  const found = new Map<string, ListedImage>();
  for (const [i, file] of files.entries()) {
    const fileSplit = splitOfFile(file.path);
    for (const image of file.images) {
      const matches = find(file.path, image.file_name);
      const [path, other] = matches;
      if (matches.length !== 1) {
        const reason =
          path === undefined
            ? "There is no such file."
            : `"${path}" and "${other}" could both be it. Give file_name with its folder.`;
        issues.refuse(tidy(image.file_name), `${file.path}: ${reason}`);
        continue;
      }
      const before = found.get(path);
      // By lists, else by the annotation file, else by the image's folder; no image is in "all" beside files of splits.
      const ofFolder = folderSplits.get(path);
      const split = splits.files.length > 0 ? ofFolder : (fileSplit ?? (named && ofFolder === "all" ? undefined : ofFolder));
      if (before === undefined && split !== undefined) found.set(path, { path, split, image, file: i });
      else if (before === undefined) issues.refuse(path, `${file.path}: ${inNoSplit(splits)}`);
      else if (before.split === split) issues.note(path, `${file.path}: It is listed a second time; the first counts.`);
      else
        issues.note(
          path,
          `${file.path} puts it in ${split}, and ${files[before.file].path} in ${before.split}, where it is used.`,
        );
    }
  }
  const known = new Set([...found.keys(), ...issues.all.map(({ path }) => path)]);
  const jsons = files.map((file) => file.path).join(", ");
  for (const path of images) if (!known.has(path)) issues.refuse(path, `It is in none of the annotation files (${jsons}).`);
  issues.all.push(...splits.issues());
  return [...found.values()];
}

/**
 * Finds the files that a `file_name` fits: a path from the folder, from the annotation file's folder, or from any folder of images below.
 * Prefers a file beside the annotation file, then one in a folder that the annotation file is named after (instances_train2017.json:
 * train2017/). Images in the folder of another split do not fit.
 */
export function fileFinder(paths: readonly string[]): (from: string, name: string) => string[] {
  const candidates = paths.map((path): Candidate => ({ path, composed: path.normalize("NFC") })); // names from macOS are decomposed
  const byName = groupBy(candidates, ({ composed }) => fileName(composed));
  return (from, name) => {
    const listed = tidy(name).normalize("NFC");
    const named = byName.get(fileName(listed)) ?? [];
    const elsewhere = /^([a-z]:)?\/|^\.\.\//i.test(listed);
    const wanted = elsewhere ? longestEnd(named, listed) : listed;
    const all = named.filter(({ composed }) => endsWith(composed, wanted));
    const beside = all.filter(({ composed }) => composed === from.slice(0, from.lastIndexOf("/") + 1) + wanted);
    if (beside.length > 0) return beside.map(({ path }) => path);
    const split = splitOfFile(from);
    const above = ({ composed }: Candidate) => composed.slice(0, composed.length - wanted.length);
    const matches = all.filter((each) => split === undefined || [split, undefined].includes(splitOfFolders(above(each))));
    const word = fileName(from).replace(/\.json$/i, "");
    const namedAfter = (folder: string) => folder !== "" && (word === folder || word.endsWith(`_${folder}`));
    const same = matches.filter((each) => above(each).split("/").some(namedAfter));
    const inSplit = matches.filter((each) => split !== undefined && splitOfFolders(above(each)) === split);
    return [same, inSplit, matches].find((each) => each.length > 0)?.map(({ path }) => path) ?? [];
  };
}

interface Candidate {
  readonly path: string;
  readonly composed: string;
}

/** Returns the longest end of a path from another computer that any of the files has. */
function longestEnd(candidates: readonly Candidate[], listed: string): string {
  const folders = listed.split("/");
  const ends = folders.map((_, from) => folders.slice(from).join("/"));
  return ends.find((end) => candidates.some(({ composed }) => endsWith(composed, end))) ?? listed;
}

const endsWith = (path: string, end: string): boolean => `/${path}`.endsWith(`/${end}`);

/** Returns the split in the names of a file's folders or the file: "val" of annotations/instances_val2017.json. */
function splitOfFile(path: string): string | undefined {
  const words = fileName(path).match(/[a-z]+/gi) ?? [];
  return splitOfFolders(path) ?? words.map(knownSplit).find((split) => split !== undefined);
}

function splitOfFolders(path: string): string | undefined {
  const folders = path.split("/").slice(0, -1);
  return folders.map(knownSplit).find((split) => split !== undefined);
}
