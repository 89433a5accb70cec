/** Photos paired with the files that hold their labels: images/NAME.jpg with masks/NAME.png. */
import { isPhotoName, isUndecodedPhotoName } from "../images/index.ts";
import { isNamesFile } from "./class-names.ts";
import type { Problem } from "./data-set.ts";
import type { Role } from "./layout-names.ts";
import { type Place, pairName } from "./path-facts.ts";
import type { Splits } from "./split-lists.ts";

/** A role that files play beside the photos, all of one extension. */
export interface Part {
  readonly role: Exclude<Role, "photo">;
  readonly extension: string;
  /** What messages call such a file. */
  readonly what: string;
  /** A photo may lack it. */
  readonly optional?: boolean;
}

/** A photo, its split, and its parts. */
export interface Pair {
  readonly photo: Place;
  readonly split: string;
  readonly parts: Readonly<Partial<Record<Role, string>>>;
}

/** Returns the places that hold photos: those in folders of photos, or all that have no role where there are no such folders. */
export function photoPlaces(places: readonly Place[]): Place[] {
  const inFolders = places.filter(({ role }) => role === "photo");
  if (inFolders.some(({ path }) => isPhotoName(path))) return inFolders;
  return places.filter(({ role, path }) => role === undefined && isPhotoName(path));
}

/** Every photo and every part is in a pair or in a problem; files of roles that are not asked for are passed over. */
export function pairFiles(
  places: readonly Place[],
  parts: readonly Part[],
  splits: Splits,
): { pairs: Pair[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const refuse = ({ path }: Place, reason: string) => void problems.push({ path, reason, used: false });
  const photos = new Map<string, Place>();
  const candidates = photoPlaces(places);
  for (const place of candidates) {
    const twin = photos.get(pairName(place));
    if (isNamesFile(place.path) || isUndecodedPhotoName(place.path)) continue; // those are reported with the files left over
    if (!isPhotoName(place.path)) refuse(place, "It is no photo by its name.");
    else if (twin)
      refuse(place, `"${twin.path}" has the same name without its extension, so that its files cannot be told apart.`);
    else photos.set(pairName(place), place);
  }
  const found = new Map<string, Partial<Record<Role, Place>>>();
  for (const { role, extension, what } of parts) {
    for (const place of places.filter((each) => each.role === role && !isNamesFile(each.path))) {
      const key = pairName(place);
      const other = found.get(key)?.[role];
      if (place.extension !== extension) refuse(place, `It is no ${extension} file; expected ${what}.`);
      else if (!photos.has(key)) refuse(place, `There is no photo for it: none is called ${place.key} in the same split.`);
      else if (other && place.rank === other.rank)
        refuse(place, `"${other.path}" is of the same photo, so that one of the two must go.`);
      else if (!other || place.rank < other.rank) found.set(key, { ...found.get(key), [role]: place });
    }
  }
  const pairs: Pair[] = [];
  let unlisted = 0;
  for (const [key, photo] of photos) {
    const had = Object.fromEntries(Object.entries(found.get(key) ?? {}).map(([role, { path }]) => [role, path]));
    const lacking = parts.filter(({ role, optional }) => !optional && had[role] === undefined);
    const split = splits.of(photo);
    if (split === undefined && splits.partial) unlisted++;
    else if (lacking.length > 0) refuse(photo, `It has no ${lacking.map(({ what }) => what).join(" and no ")} of the same name.`);
    else if (split === undefined) refuse(photo, inNoSplit(splits));
    else pairs.push({ photo, split, parts: had });
  }
  if (unlisted > 0) problems.push(unlistedPhotos(splits, unlisted));
  if (candidates.some(({ role }) => role === "photo"))
    for (const place of places.filter(({ role, path }) => role === undefined && isPhotoName(path)))
      refuse(place, "It stands outside of the folders of photos (images/, photos/ or rgb/).");
  return { pairs, problems: [...problems, ...splits.problems()] };
}

/** Lists of VOC are of a part of the photos. */
export const unlistedPhotos = ({ files }: Splits, count: number): Problem => ({
  path: files[0].slice(0, files[0].lastIndexOf("/") + 1),
  reason: `${count} photos are in none of ${files.join(", ")}, and so in no split.`,
  used: true,
});

export const inNoSplit = ({ files }: Splits): string =>
  files.length > 0
    ? `No line of ${files.join(" or ")} gives it a split.`
    : "It stands in no folder of a split (train/, val/ or test/).";
