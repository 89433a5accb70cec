/** Splits that files of the data set name: splits.csv (path, split), or a list of paths for each split (train.txt, ImageSets/Main/val.txt). */
import { readTable } from "./csv-rows.ts";
import type { DataSetIssue, Task } from "./data-set.ts";
import { type FindImages, imageFinder, tidy } from "./find-images.ts";
import type { Folder } from "./folder.ts";
import { knownSplit } from "./layout-names.ts";
import { type PathFacts, stem } from "./path-facts.ts";
import { linesOf, readText } from "./text.ts";

/** The split of an image, and what lists and images have against each other. */
export interface Splits {
  of(image: PathFacts): string | undefined;
  /** Lines that name no image, and images that two splits name. */
  issues(): DataSetIssue[];
  /** The files that decide, for messages; empty when folders do. */
  readonly files: readonly string[];
  /** The lists are of a part of the images by design, as VOC's: images in none of them are no mistake. */
  readonly partial?: boolean;
}

/** The splits where a list of labels says them itself. */
export const NO_SPLITS: Splits = { of: () => undefined, issues: () => [], files: [] };

interface Line {
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly split: string;
}

/** Where there is a list it decides alone; else folders do, and where there are none of either all images are of the split "all". */
export async function readSplits(folder: Folder, places: readonly PathFacts[], kind?: Task): Promise<Splits> {
  const find = imageFinder(places);
  const { files, partial } = splitFiles(places, kind);
  if (files.length === 0) return byFolders(places);
  const lines = (await Promise.all(files.map((file) => readLines(folder, file, find)))).flat();
  return byLists(lines, files, partial, find);
}

/** Lists in the folder itself, else in the folder for lists that fits the kind. VOC's trainval.txt counts where train.txt is missing. */
export function splitFiles(places: readonly PathFacts[], kind?: Task): { files: string[]; partial: boolean } {
  const lists = places.filter((place) => place.role !== "label" && splitOfFile(place.path) !== undefined).map(({ path }) => path);
  const root = lists.filter((path) => !path.includes("/"));
  if (root.length > 0) return { files: withoutUnion(root), partial: false };
  const inLists = new Set(places.filter(({ role }) => role === "list").map(({ path }) => path));
  const wanted = kind === "segmentation" ? ["segmentation", "main"] : kind === "counting" ? ["main"] : ["main", "segmentation"];
  for (const name of [...wanted, ""]) {
    const files = lists.filter((path) => {
      const above = path.split("/").at(-2)!.toLowerCase();
      return inLists.has(path) && (name === "" ? !wanted.includes(above) : above === name);
    });
    if (files.length > 0) return { files: withoutUnion(files), partial: true };
  }
  return { files: [], partial: false };
}

const splitOfFile = (path: string): string | undefined => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "splits.csv") return path.includes("/") ? undefined : "";
  return /\.(txt|lst)$/i.test(name) ? knownSplit(stem(name)) : undefined;
};

/** trainval.txt holds what train.txt and val.txt hold. */
function withoutUnion(files: string[]): string[] {
  const isUnion = (file: string) => /(^|\/)train[_-]?val\.[a-z]+$/i.test(file);
  return files.some((file) => !isUnion(file) && splitOfFile(file) === "train") ? files.filter((file) => !isUnion(file)) : files;
}

/** "all" only when no image lies in a folder of a split: one beside them is of none. */
function byFolders(places: readonly PathFacts[]): Splits {
  const none = places.every(({ split }) => split === undefined) ? "all" : undefined;
  return { of: ({ split }) => split ?? none, issues: () => joinedFolders(places), files: [] };
}

/** Folders that are one split by their names: "val" and "dev", "train2014" and "train2017". */
function joinedFolders(places: readonly PathFacts[]): DataSetIssue[] {
  const spellings = new Map<string, Set<string>>();
  for (const { path, split } of places) {
    const name = path.split("/").find((part) => knownSplit(part) === split);
    if (split !== undefined && name !== undefined)
      spellings.set(split, (spellings.get(split) ?? new Set()).add(name.toLowerCase()));
  }
  return [...spellings].flatMap(([split, names]) => {
    if (names.size < 2) return [];
    const list = Array.from(names, (name) => `"${name}"`).join(" and ");
    return [{ path: `${[...names][0]}/`, reason: `The folders ${list} are read as one split, ${split}.`, used: true }];
  });
}

function byLists(lines: readonly Line[], files: readonly string[], partial: boolean, find: FindImages): Splits {
  const problems: DataSetIssue[] = [];
  const assigned = new Map<string, Line>();
  const listed = new Map<string, Line>();
  for (const line of lines) {
    const { file, path, split } = line;
    const where = `${file} (line ${line.line})`;
    const before = listed.get(path);
    if (before && before.split !== split) {
      const reason = `${where} puts it in ${split}, and ${before.file} in ${before.split}, where it is used.`;
      problems.push({ path, reason, used: true });
    }
    if (before) continue;
    listed.set(path, line);
    const images = find(path, baseOf(file));
    if (images.length === 0) problems.push({ path, reason: `${where} names it, and there is no such image.`, used: false });
    for (const image of images) if (!assigned.has(image.path)) assigned.set(image.path, line);
  }
  return { of: ({ path }) => assigned.get(path)?.split || undefined, issues: () => problems, files, partial };
}

/** Lists of VOC name images of the folder that ImageSets lies in. */
function baseOf(file: string): string {
  const at = `/${file.toLowerCase()}`.indexOf("/imagesets/");
  return file.slice(0, at >= 0 ? at : file.lastIndexOf("/") + 1);
}

async function readLines(folder: Folder, file: string, find: FindImages): Promise<Line[]> {
  if (file.endsWith(".csv"))
    return (await readTable(folder, file, ["path", "split"], find)).map(({ path, split, line }) => ({
      file,
      line,
      path: tidy(path),
      split,
    }));
  const split = splitOfFile(file)!;
  return linesOf(await readText(folder, file)).flatMap((text, i) => {
    const line = text.trim();
    // A label or a mask may follow the image: "a.jpg 3", "images/a.jpg masks/a.png".
    const [image = line] = [line, line.replace(/\s+\S+$/, "")].filter((each) => find(each, baseOf(file)).length > 0);
    return line === "" ? [] : [{ file, line: i + 1, path: tidy(image), split }];
  });
}
