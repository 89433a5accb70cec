/**
 * A folder for each class, as torchvision's ImageFolder reads it: train/hat/a.jpg, or hat/a.jpg with or without a list of splits.
 * Folders that are evidently no classes are refused: a classifier of "JPEGImages" against "SegmentationClass" would be useless.
 */
import { S2Error } from "../core/index.ts";
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { readClassNames, USUAL_NAMES } from "./class-names.ts";
import { groupBy } from "./data-set.ts";
import { type Folder, fileName, issueList, stem } from "./files.ts";
import type { Draft, Entry, Listing } from "./listing.ts";
import { inNoSplit, noteUnlisted } from "./pairs.ts";
import type { PathFacts } from "./path-facts.ts";

/** Reads classes by folder name, in the order of their bytes unless classes.txt or the option gives another. */
export async function readClassFolders(listing: Listing): Promise<Draft<"classification">> {
  const { folder, paths, locations, splits, options } = listing;
  const classOf = classFolders(locations);
  const found = locations.flatMap((file) => {
    const name = isImageName(file.path) && splits.of(file) !== undefined ? classOf(file) : undefined;
    return name === undefined ? [] : [name];
  });
  const given = await readClassNames(folder, paths, options.classes, USUAL_NAMES.classification);
  const classes = given ?? [...new Set(found)].sort();
  const issues = issueList();
  const entries: Entry<"classification">[] = [];
  let unlisted = 0;
  for (const file of locations) {
    const { path } = file;
    const name = classOf(file);
    const label = classes.indexOf(name ?? "");
    if (!isImageName(path)) {
      if (name !== undefined && !isUndecodedImageName(path)) issues.refuse(path, "It is no image by its name.");
      continue;
    }
    const split = splits.of(file);
    if (name === undefined) issues.refuse(path, "It lies in no folder of a class.");
    else if (split === undefined && splits.partial) unlisted++;
    else if (split === undefined) issues.refuse(path, inNoSplit(splits));
    else if (label < 0) issues.refuse(path, `Its folder "${name}" is none of the ${classes.length} classes that are named.`);
    else entries.push({ path, split, read: async () => ({ label, classes: [label] }) });
  }
  noteUnlisted(splits, unlisted, issues);
  return { classes, entries, issues: [...issues.all, ...splits.issues()] };
}

/**
 * Returns a function that gives a file's class: its first folder that is not named for a split or role, below folders that all images share.
 * Files in folders of other roles (masks/, ImageSets/) have no class.
 */
function classFolders(locations: readonly PathFacts[]): (file: PathFacts) => string | undefined {
  const inClass = ({ role }: PathFacts) => role === undefined || role === "image" || role === "label";
  const nested = locations
    .filter((file) => inClass(file) && isImageName(file.path))
    .map(({ rest }) => rest.split("/").slice(0, -1))
    .filter((folders) => folders.length > 0);
  // A folder around everything, as in archives, is no class.
  let shared = 0;
  while (nested.length > 0 && nested.every((folders) => folders.length > shared + 1 && folders[shared] === nested[0][shared]))
    shared++;
  return (file) => (inClass(file) ? file.rest.split("/").slice(0, -1)[shared] : undefined);
}

/** Bytes at the start and end of a JSON file in which annotations are searched. */
const SEARCHED_BYTES = 65_536;

/** @throws S2Error "data-set" with what was found, if the folders cannot be classes. The task "classification" skips this check. */
export async function refuseClasses(listing: Listing): Promise<void> {
  const { folder, locations } = listing;
  const classOf = classFolders(locations);
  const inClasses = locations.filter((file) => isImageName(file.path) && classOf(file) !== undefined);
  const images = groupBy(inClasses, (file) => classOf(file)!);
  const reason = images.size === 0 ? undefined : await evidence(listing, images);
  if (images.size === 0 || reason !== undefined) throw new S2Error("data-set", unknownLayout(folder.name, locations, reason));
}

/** Returns evidence that folders are no classes, as a sentence. */
async function evidence(listing: Listing, images: ReadonlyMap<string, readonly PathFacts[]>): Promise<string | undefined> {
  const annotated = await findAnnotations(listing);
  if (annotated !== undefined) return `"${annotated}" holds annotations of the images, so their folders are hardly classes.`;
  if (images.size === 1 && listing.options.classes === undefined && !listing.paths.includes("classes.txt"))
    return `All images are in one class, "${[...images.keys()][0]}", and there is nothing to distinguish.`;
  return await pairedFolders(listing.folder, images);
}

/** Describes a folder without a known layout: what was found, and what to do. */
function unknownLayout(name: string, locations: readonly PathFacts[], reason: string | undefined): string {
  const tables = locations.map(({ path }) => path).filter((path) => /^[^/]+\.(csv|tsv)$/i.test(path) && path !== "splits.csv");
  const advice = [
    reason,
    tables.length > 0 &&
      `If ${tables.slice(0, 3).join(" or ")} lists images and their labels, give it as list (--list ${tables[0]}).`,
    reason && 'If the folders are classes all the same, give task "classification" (--task classification).',
  ].filter(Boolean);
  return [
    `"${name}" (${locations.length} files) has no known layout.${contents(locations)}`,
    ...advice,
    "Expected a folder of images for each class, or images/ with masks/ or labels/, or rgb/ with depth/; docs/datasets.md draws each layout.",
  ].join(" ");
}

/** Lists the files by folder: " It has JPEGImages/ (17 .jpg) and Labels/ (17 .xml)." */
function contents(locations: readonly PathFacts[]): string {
  const folderOf = ({ path }: PathFacts) => {
    const folders = path.split("/").slice(0, -1);
    return folders.length === 0 ? "its top" : `${folders.slice(0, 2).join("/")}/`;
  };
  const all = Array.from(groupBy(locations, folderOf), ([folder, inside]) => {
    const byExtension = groupBy(inside, ({ extension }) => extension);
    const files = Array.from(byExtension, ([extension, { length }]) => `${length} ${extension || "files"}`);
    return `${folder} (${files.slice(0, 3).join(", ")})`;
  });
  if (all.length === 0) return "";
  return ` It has ${all.slice(0, 6).join(", ")}${all.length > 6 ? ` and ${all.length - 6} more folders` : ""}.`;
}

/** Finds an XML or JSON file of an image, or a JSON file that lists images and annotations as COCO does. */
async function findAnnotations({ folder, locations }: Listing): Promise<string | undefined> {
  const files = locations.map(({ path }) => path).filter((path) => /\.(json|xml)$/i.test(path));
  const nameOf = (path: string) => fileName(path).normalize("NFC");
  const names = new Set(
    locations.filter(({ path }) => isImageName(path)).flatMap(({ path }) => [nameOf(path), stem(nameOf(path))]),
  );
  const usual = /(instances|annotations?|panoptic|captions|keypoints|coco|via_)[^/]*\.json$/i;
  const byName = files.find((path) => names.has(stem(nameOf(path)))) ?? files.find((path) => usual.test(path));
  if (byName !== undefined) return byName;
  for (const path of files.filter((each) => /\.json$/i.test(each)).slice(0, 20)) {
    const bytes = await folder.read(path).catch(() => new Uint8Array());
    const [start, end] = [bytes.subarray(0, SEARCHED_BYTES), bytes.subarray(-SEARCHED_BYTES)];
    const text = new TextDecoder().decode(start) + new TextDecoder().decode(end);
    if (/"(annotations|bbox|segmentation|regions|shapes|objects)"\s*:/.test(text)) return path;
  }
  return undefined;
}

/** Finds folders with files of the same names, which are pairs (images and masks), unless the names are mere numbers. */
async function pairedFolders(folder: Folder, images: ReadonlyMap<string, readonly PathFacts[]>): Promise<string | undefined> {
  const folders = Array.from(images, ([name, files]) => ({ name, files, stems: new Set(files.map(bareName)) }));
  const [first, ...others] = folders.sort((a, b) => a.stems.size - b.stems.size);
  const paired = others.filter(({ stems }) => [...first.stems].every((each) => stems.has(each)));
  if (paired.length < others.length || others.length === 0 || first.stems.size < 2) return undefined;
  const formats = await Promise.all(folders.map(({ files }) => formatOf(files[0], (path) => folder.read(path))));
  if (folders.every(({ stems }) => isNumbering(stems)) && new Set(formats).size === 1) return undefined;
  const [a, b] = [paired[0].name, first.name];
  return `The files in "${b}" have the names of those in "${a}" ("${[...first.stems][0]}"), so they are pairs and not classes.`;
}

/** Returns the name without folders, extension and endings such as _mask. */
const bareName = ({ rest }: PathFacts): string =>
  stem(fileName(rest)).replace(/[._-](masks?|seg|segmentation|labels?|gt|depth|image|img|rgb)$/i, "");

/** Returns true for 1, 2, 3 ... and img_0, img_1 ..., as each class numbers its images. */
function isNumbering(stems: ReadonlySet<string>): boolean {
  const matches = Array.from(stems, (each) => /^(.*?)[([]?(\d+)[)\]]?$/.exec(each));
  if (matches.some((match) => match === null || match[1] !== matches[0]![1])) return false;
  const numbers = matches.map((match) => Number(match![2])).sort((a, b) => a - b);
  return numbers[0] <= 1 && numbers.at(-1)! - numbers[0] < 2 * numbers.length;
}

/** Returns the extension, and for a PNG whether it is gray or of a palette, as masks are. */
async function formatOf({ path, extension }: PathFacts, read: (path: string) => Promise<Uint8Array>): Promise<string> {
  if (extension !== ".png") return extension.replace("jpeg", "jpg");
  const bytes = await read(path).catch(() => new Uint8Array());
  return `${extension} ${[0, 3].includes(bytes[25]) ? "ids" : "colors"}`;
}
