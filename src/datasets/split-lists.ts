/** Splits that files of the data set name: splits.csv (path, split), or a list of paths for each split (train.txt, ImageSets/Main/val.txt). */
import { readTable } from "./csv-rows.ts";
import type { Kind, Problem } from "./data-set.ts";
import { type FindPhotos, photoFinder, tidy } from "./find-images.ts";
import type { Folder } from "./folder.ts";
import { knownSplit } from "./layout-names.ts";
import { type Place, stem } from "./path-facts.ts";
import { linesOf, readText } from "./text.ts";

/** The split of a photo, and what lists and photos have against each other. */
export interface Splits {
  of(photo: Place): string | undefined;
  /** Lines that name no photo, and photos that two splits name. */
  problems(): Problem[];
  /** The files that decide, for messages; empty when folders do. */
  readonly files: readonly string[];
  /** The lists are of a part of the photos by design, as VOC's: photos in none of them are no mistake. */
  readonly partial?: boolean;
}

/** The splits where a list of labels says them itself. */
export const NO_SPLITS: Splits = { of: () => undefined, problems: () => [], files: [] };

interface Line {
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly split: string;
}

/** Where there is a list it decides alone; else folders do, and where there are none of either all photos are of the split "all". */
export async function readSplits(folder: Folder, places: readonly Place[], kind?: Kind): Promise<Splits> {
  const find = photoFinder(places);
  const { files, partial } = splitFiles(places, kind);
  if (files.length === 0) return byFolders(places);
  const lines = (await Promise.all(files.map((file) => readLines(folder, file, find)))).flat();
  return byLists(lines, files, partial, find);
}

/** Lists in the folder itself, else in the folder for lists that fits the kind. VOC's trainval.txt counts where train.txt is missing. */
export function splitFiles(places: readonly Place[], kind?: Kind): { files: string[]; partial: boolean } {
  const lists = places.filter((place) => place.role !== "label" && splitOfFile(place.path) !== undefined).map(({ path }) => path);
  const root = lists.filter((path) => !path.includes("/"));
  if (root.length > 0) return { files: withoutUnion(root), partial: false };
  const inLists = new Set(places.filter(({ role }) => role === "list").map(({ path }) => path));
  const wanted = kind === "masks" ? ["segmentation", "main"] : kind === "boxes" ? ["main"] : ["main", "segmentation"];
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

/** "all" only when no photo lies in a folder of a split: one beside them is of none. */
function byFolders(places: readonly Place[]): Splits {
  const none = places.every(({ split }) => split === undefined) ? "all" : undefined;
  return { of: ({ split }) => split ?? none, problems: () => joinedFolders(places), files: [] };
}

/** Folders that are one split by their names: "val" and "dev", "train2014" and "train2017". */
function joinedFolders(places: readonly Place[]): Problem[] {
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

function byLists(lines: readonly Line[], files: readonly string[], partial: boolean, find: FindPhotos): Splits {
  const problems: Problem[] = [];
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
    const photos = find(path, baseOf(file));
    if (photos.length === 0) problems.push({ path, reason: `${where} names it, and there is no such photo.`, used: false });
    for (const photo of photos) if (!assigned.has(photo.path)) assigned.set(photo.path, line);
  }
  return { of: ({ path }) => assigned.get(path)?.split || undefined, problems: () => problems, files, partial };
}

/** Lists of VOC name photos of the folder that ImageSets lies in. */
function baseOf(file: string): string {
  const at = `/${file.toLowerCase()}`.indexOf("/imagesets/");
  return file.slice(0, at >= 0 ? at : file.lastIndexOf("/") + 1);
}

async function readLines(folder: Folder, file: string, find: FindPhotos): Promise<Line[]> {
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
    // A label or a mask may follow the photo: "a.jpg 3", "images/a.jpg masks/a.png".
    const [photo = line] = [line, line.replace(/\s+\S+$/, "")].filter((each) => find(each, baseOf(file)).length > 0);
    return line === "" ? [] : [{ file, line: i + 1, path: tidy(photo), split }];
  });
}
