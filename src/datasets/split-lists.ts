/** Splits that files of the data set define: splits.csv, a list of paths for each split (train.txt), or the paths in data.yaml. */
import { YAMLS } from "./class-names.ts";
import { readTable } from "./csv-table.ts";
import type { Task } from "./data-set.ts";
import { type DataSetIssue, type Folder, fileName, folderPath, issueList, linesOf, parseYaml, readText, stem } from "./files.ts";
import { type FindImages, imageFinder, tidy } from "./find-images.ts";
import { knownSplit } from "./layout-names.ts";
import type { PathFacts } from "./path-facts.ts";

/** The splits of images, and the contradictions between lists and images. */
export interface Splits {
  of(image: PathFacts): string | undefined;
  /** Lists lines without an image, and images with two splits. */
  issues(): readonly DataSetIssue[];
  /** Files that define the splits, for messages; empty if folders do. */
  readonly files: readonly string[];
  /** True if the lists cover a part of the images by design, as VOC's do, so that images in none of them are no mistake. */
  readonly partial?: boolean;
}

/** Splits for lists of labels, which contain the splits themselves. */
export const NO_SPLITS: Splits = { of: () => undefined, issues: () => [], files: [] };

interface Line {
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly split: string;
}

/** Reads splits from lists, else from folder names, else from data.yaml; without any of them all images are in the split "all". */
export async function readSplits(folder: Folder, locations: readonly PathFacts[], task?: Task): Promise<Splits> {
  const find = imageFinder(locations);
  const { files, partial } = splitFiles(locations, task);
  if (files.length > 0) {
    const lines = (await Promise.all(files.map((file) => readLines(folder, file, find)))).flat();
    return byLists(lines, files, partial, find);
  }
  if (locations.some(({ split }) => split !== undefined)) return byFolders(locations);
  return (await byYaml(folder, locations, find)) ?? { ...NO_SPLITS, of: () => "all" };
}

/** Returns the lists at the top, else those in the folder of lists that fits the task. VOC's trainval.txt counts if train.txt is missing. */
export function splitFiles(locations: readonly PathFacts[], task?: Task): { files: string[]; partial: boolean } {
  const lists = locations.filter(({ role, path }) => role !== "label" && splitOfFile(path) !== undefined).map(({ path }) => path);
  const top = lists.filter((path) => !path.includes("/"));
  if (top.length > 0) return { files: withoutUnion(top), partial: false };
  const inLists = new Set(locations.filter(({ role }) => role === "list").map(({ path }) => path));
  const wanted = task === "segmentation" ? ["segmentation", "main"] : task === "counting" ? ["main"] : ["main", "segmentation"];
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
  const name = fileName(path);
  if (name === "splits.csv") return path.includes("/") ? undefined : "";
  return /\.(txt|lst)$/i.test(name) ? knownSplit(stem(name)) : undefined;
};

/** Drops trainval.txt beside train.txt, which it contains. */
function withoutUnion(files: string[]): string[] {
  const isUnion = (file: string) => /(^|\/)train[_-]?val\.[a-z]+$/i.test(file);
  return files.some((file) => !isUnion(file) && splitOfFile(file) === "train") ? files.filter((file) => !isUnion(file)) : files;
}

/** Takes splits from folder names; notes folders that are one split by their names: "val" and "dev", "train2014" and "train2017". */
function byFolders(locations: readonly PathFacts[]): Splits {
  const issues = issueList();
  const spellings = new Map<string, Set<string>>();
  for (const { path, split } of locations) {
    const name = path.split("/").find((folder) => knownSplit(folder) === split);
    if (split !== undefined && name !== undefined)
      spellings.set(split, (spellings.get(split) ?? new Set()).add(name.toLowerCase()));
  }
  for (const [split, names] of spellings) {
    const list = Array.from(names, (name) => `"${name}"`).join(" and ");
    if (names.size > 1) issues.note(`${[...names][0]}/`, `The folders ${list} are read as one split, ${split}.`);
  }
  return { of: ({ split }) => split, issues: () => issues.all, files: [] };
}

/** Takes splits from train:, val: and test: of data.yaml: folders of images or lists, found by the end of their path. */
async function byYaml(folder: Folder, locations: readonly PathFacts[], find: FindImages): Promise<Splits | undefined> {
  const paths = locations.map(({ path }) => path);
  const file = YAMLS.find((name) => paths.includes(name));
  if (file === undefined) return undefined;
  const content = await parseYaml(await readText(folder, file), file);
  const lines: Line[] = [];
  for (const [key, value] of Object.entries(content ?? {})) {
    const split = knownSplit(key);
    if (split === undefined) continue;
    for (const given of [value].flat().filter((each) => typeof each === "string")) {
      const segments = tidy(given)
        .split("/")
        .filter((segment) => segment !== "" && segment !== "..");
      const ends = segments.map((_, i) => segments.slice(i).join("/"));
      const list = ends.find((end) => /\.txt$/i.test(end) && paths.includes(end));
      if (list !== undefined) lines.push(...(await readLines(folder, list, find, split)));
      const images = ends.find((end) => paths.some((path) => path.startsWith(`${end}/`)));
      for (const path of paths)
        if (images !== undefined && path.startsWith(`${images}/`) && find(path).length > 0)
          lines.push({ file, line: 0, path, split });
    }
  }
  return lines.length === 0 ? undefined : byLists(lines, [file], false, find);
}

function byLists(lines: readonly Line[], files: readonly string[], partial: boolean, find: FindImages): Splits {
  const issues = issueList();
  const assigned = new Map<string, Line>();
  const listed = new Map<string, Line>();
  for (const line of lines) {
    const { file, path, split } = line;
    const where = line.line === 0 ? file : `${file} (line ${line.line})`;
    const before = listed.get(path);
    if (before && before.split !== split)
      issues.note(path, `${where} puts it in ${split}, and ${before.file} in ${before.split}, where it is used.`);
    if (before) continue;
    listed.set(path, line);
    const images = find(path, baseOf(file));
    if (images.length === 0) issues.refuse(path, `${where} names it, and there is no such image.`);
    for (const image of images) if (!assigned.has(image.path)) assigned.set(image.path, line);
  }
  return { of: ({ path }) => assigned.get(path)?.split || undefined, issues: () => issues.all, files, partial };
}

/** Returns the folder to which a list's paths are relative: for VOC's lists the one that ImageSets lies in. */
function baseOf(file: string): string {
  const at = `/${file.toLowerCase()}`.indexOf("/imagesets/");
  return at >= 0 ? file.slice(0, at) : folderPath(file);
}

async function readLines(folder: Folder, file: string, find: FindImages, split = splitOfFile(file)!): Promise<Line[]> {
  if (file.endsWith(".csv")) {
    const { rows } = await readTable(folder, file, ["path", "split"], find);
    return rows.map((row) => ({ file, line: row.line, path: tidy(row.path), split: row.split }));
  }
  return linesOf(await readText(folder, file)).flatMap((text, i) => {
    const line = text.trim();
    // A label or a mask may follow the image: "a.jpg 3", "images/a.jpg masks/a.png".
    const [image = line] = [line, line.replace(/\s+\S+$/, "")].filter((each) => find(each, baseOf(file)).length > 0);
    return line === "" ? [] : [{ file, line: i + 1, path: tidy(image), split }];
  });
}
