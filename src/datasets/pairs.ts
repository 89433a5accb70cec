/** Images paired with their label files by name: images/NAME.jpg with masks/NAME.png. */
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { isNamesFile } from "./class-names.ts";
import type { DataSetImage, Task } from "./data-set.ts";
import { type DataSetIssue, folderPath, type IssueList, issueList } from "./files.ts";
import type { Role } from "./layout-names.ts";
import type { Entry, Known } from "./listing.ts";
import { type PathFacts, pairName } from "./path-facts.ts";
import type { Splits } from "./split-lists.ts";

/** A role of files beside the images, all of one extension. */
export interface LabelFile {
  readonly role: Exclude<Role, "image">;
  readonly extension: string;
  /** Name of such a file in messages. */
  readonly description: string;
  /** An image may lack it. */
  readonly optional?: boolean;
}

/** Paths of an image's label files by role. */
export type LabelFiles = Readonly<Partial<Record<Role, string>>>;

/** An image with its split and label files. */
export interface Pair {
  readonly image: PathFacts;
  readonly split: string;
  readonly labelFiles: LabelFiles;
}

/** Returns the files in folders of images, or all images without a role if there is no such folder. */
export function imageFiles(locations: readonly PathFacts[]): PathFacts[] {
  const inFolders = locations.filter(({ role }) => role === "image");
  if (inFolders.some(({ path }) => isImageName(path))) return inFolders;
  return locations.filter(({ role, path }) => role === undefined && isImageName(path));
}

/** Puts every image and every file of these roles into a pair or an issue. */
export function pairFiles(
  locations: readonly PathFacts[],
  roles: readonly LabelFile[],
  splits: Splits,
): { pairs: Pair[]; issues: DataSetIssue[] } {
  const issues = issueList();
  const candidates = imageFiles(locations);
  const images = uniqueImages(candidates, issues);
  const found = new Map<string, Partial<Record<Role, PathFacts>>>();
  for (const { role, extension, description } of roles) {
    for (const file of locations.filter((each) => each.role === role && !isNamesFile(each.path))) {
      const key = pairName(file);
      const other = found.get(key)?.[role];
      if (file.extension !== extension) issues.refuse(file.path, `It is no ${extension} file; expected ${description}.`);
      else if (!images.has(key))
        issues.refuse(file.path, `There is no image for it: none is called ${file.key} in the same split.`);
      else if (other && file.rank === other.rank)
        issues.refuse(file.path, `"${other.path}" belongs to the same image; remove one of the two.`);
      else if (!other || file.rank < other.rank) found.set(key, { ...found.get(key), [role]: file });
    }
  }
  const pairs: Pair[] = [];
  const unlisted: string[] = [];
  for (const [key, image] of images) {
    const labelFiles: LabelFiles = Object.fromEntries(
      Object.entries(found.get(key) ?? {}).map(([role, { path }]) => [role, path]),
    );
    const lacking = roles.filter(({ role, optional }) => !optional && labelFiles[role] === undefined);
    const split = splits.of(image);
    if (split === undefined && splits.partial) unlisted.push(image.path);
    else if (lacking.length > 0)
      issues.refuse(image.path, `It has no ${lacking.map((each) => each.description).join(" and no ")} of the same name.`);
    else if (split === undefined) issues.refuse(image.path, inNoSplit(splits));
    else pairs.push({ image, split, labelFiles });
  }
  noteUnlisted(splits, unlisted.length, issues);
  if (candidates.some(({ role }) => role === "image"))
    for (const { path } of locations.filter((each) => each.role === undefined && isImageName(each.path)))
      issues.refuse(path, "It lies outside of the folders of images (images/, photos/ or rgb/).");
  return { pairs, issues: [...issues.all, ...splits.issues()] };
}

/** Returns images by the name that pairs them; refuses other files and second images of a name. */
function uniqueImages(candidates: readonly PathFacts[], issues: IssueList): Map<string, PathFacts> {
  const images = new Map<string, PathFacts>();
  for (const file of candidates) {
    const twin = images.get(pairName(file));
    if (isNamesFile(file.path) || isUndecodedImageName(file.path)) continue; // reported with the unused files
    if (!isImageName(file.path)) issues.refuse(file.path, "It is no image by its name.");
    else if (twin)
      issues.refuse(file.path, `"${twin.path}" has the same name without its extension, so their files are ambiguous.`);
    else images.set(pairName(file), file);
  }
  return images;
}

/** Turns pairs into entries that `read` reads. */
export const entriesOf = <K extends Task>(
  pairs: readonly Pair[],
  read: (labelFiles: LabelFiles, size: DataSetImage["size"]) => Promise<Known<K>>,
): Entry<K>[] =>
  pairs.map(({ image, split, labelFiles }) => ({ path: image.path, split, read: (size) => read(labelFiles, size) }));

/** Notes how many images are in no list of splits, if the lists cover a part of the images by design (VOC). */
export function noteUnlisted({ files }: Splits, count: number, issues: IssueList): void {
  if (count > 0) issues.note(folderPath(files[0]), `${count} images are in none of ${files.join(", ")}, and so in no split.`);
}

/** Returns the reason for an image without a split. */
export const inNoSplit = ({ files }: Splits): string =>
  files.length > 0
    ? `No line of ${files.join(" or ")} gives it a split.`
    : "It lies in no folder of a split (train/, val/ or test/).";
