/** Images paired with the files that hold their labels: images/NAME.jpg with masks/NAME.png. */
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { isNamesFile } from "./class-names.ts";
import type { DataSetIssue } from "./data-set.ts";
import type { Role } from "./layout-names.ts";
import { type PathFacts, pairName } from "./path-facts.ts";
import type { Splits } from "./split-lists.ts";

/** A role that files play beside the images, all of one extension. */
export interface LabelFile {
  readonly role: Exclude<Role, "image">;
  readonly extension: string;
  /** What messages call such a file. */
  readonly what: string;
  /** An image may lack it. */
  readonly optional?: boolean;
}

/** An image, its split, and its parts. */
export interface Pair {
  readonly image: PathFacts;
  readonly split: string;
  readonly labelFiles: Readonly<Partial<Record<Role, string>>>;
}

/** Returns the places that hold images: those in folders of images, or all that have no role where there are no such folders. */
export function imageFiles(places: readonly PathFacts[]): PathFacts[] {
  const inFolders = places.filter(({ role }) => role === "image");
  if (inFolders.some(({ path }) => isImageName(path))) return inFolders;
  return places.filter(({ role, path }) => role === undefined && isImageName(path));
}

/** Every image and every part is in a pair or in a problem; files of roles that are not asked for are passed over. */
export function pairFiles(
  places: readonly PathFacts[],
  parts: readonly LabelFile[],
  splits: Splits,
): { pairs: Pair[]; problems: DataSetIssue[] } {
  const problems: DataSetIssue[] = [];
  const refuse = ({ path }: PathFacts, reason: string) => void problems.push({ path, reason, used: false });
  const images = new Map<string, PathFacts>();
  const candidates = imageFiles(places);
  for (const place of candidates) {
    const twin = images.get(pairName(place));
    if (isNamesFile(place.path) || isUndecodedImageName(place.path)) continue; // those are reported with the files left over
    if (!isImageName(place.path)) refuse(place, "It is no image by its name.");
    else if (twin)
      refuse(place, `"${twin.path}" has the same name without its extension, so that its files cannot be told apart.`);
    else images.set(pairName(place), place);
  }
  const found = new Map<string, Partial<Record<Role, PathFacts>>>();
  for (const { role, extension, what } of parts) {
    for (const place of places.filter((each) => each.role === role && !isNamesFile(each.path))) {
      const key = pairName(place);
      const other = found.get(key)?.[role];
      if (place.extension !== extension) refuse(place, `It is no ${extension} file; expected ${what}.`);
      else if (!images.has(key)) refuse(place, `There is no image for it: none is called ${place.key} in the same split.`);
      else if (other && place.rank === other.rank)
        refuse(place, `"${other.path}" is of the same image, so that one of the two must go.`);
      else if (!other || place.rank < other.rank) found.set(key, { ...found.get(key), [role]: place });
    }
  }
  const pairs: Pair[] = [];
  let unlisted = 0;
  for (const [key, image] of images) {
    const had = Object.fromEntries(Object.entries(found.get(key) ?? {}).map(([role, { path }]) => [role, path]));
    const lacking = parts.filter(({ role, optional }) => !optional && had[role] === undefined);
    const split = splits.of(image);
    if (split === undefined && splits.partial) unlisted++;
    else if (lacking.length > 0) refuse(image, `It has no ${lacking.map(({ what }) => what).join(" and no ")} of the same name.`);
    else if (split === undefined) refuse(image, inNoSplit(splits));
    else pairs.push({ image, split, labelFiles: had });
  }
  if (unlisted > 0) problems.push(unlistedImages(splits, unlisted));
  if (candidates.some(({ role }) => role === "image"))
    for (const place of places.filter(({ role, path }) => role === undefined && isImageName(path)))
      refuse(place, "It stands outside of the folders of images (images/, photos/ or rgb/).");
  return { pairs, problems: [...problems, ...splits.issues()] };
}

/** Lists of VOC are of a part of the images. */
export const unlistedImages = ({ files }: Splits, count: number): DataSetIssue => ({
  path: files[0].slice(0, files[0].lastIndexOf("/") + 1),
  reason: `${count} images are in none of ${files.join(", ")}, and so in no split.`,
  used: true,
});

export const inNoSplit = ({ files }: Splits): string =>
  files.length > 0
    ? `No line of ${files.join(" or ")} gives it a split.`
    : "It stands in no folder of a split (train/, val/ or test/).";
