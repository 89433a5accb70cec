/** Photos paired with the files that say what is known of them: images/NAME.jpg with masks/NAME.png. */
import { isPhotoName } from "../images/index.ts";
import type { Problem } from "./data-set.ts";
import type { Place, Role } from "./place.ts";
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

/** A photo, its split, and the paths of its parts. */
export interface Pair {
  readonly photo: Place;
  readonly split: string;
  readonly parts: Readonly<Partial<Record<Role, string>>>;
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
  for (const place of places.filter(({ role }) => role === "photo")) {
    const twin = photos.get(keyOf(place));
    if (!isPhotoName(place.path)) refuse(place, "It is no photo by its name.");
    else if (twin)
      refuse(place, `"${twin.path}" has the same name without its extension, so that its files cannot be told apart.`);
    else photos.set(keyOf(place), place);
  }
  const found = new Map<string, Partial<Record<Role, string>>>();
  for (const { role, extension, what } of parts) {
    for (const place of places.filter((each) => each.role === role)) {
      const key = keyOf(place);
      if (place.extension !== extension) refuse(place, `It is no ${extension} file; expected ${what}.`);
      else if (!photos.has(key)) refuse(place, `There is no photo for it: none is called ${place.key} in the same split.`);
      else found.set(key, { ...found.get(key), [role]: place.path });
    }
  }
  const pairs: Pair[] = [];
  for (const [key, photo] of photos) {
    const had = found.get(key) ?? {};
    const lacking = parts.filter(({ role, optional }) => !optional && had[role] === undefined);
    const split = splits.of(photo);
    if (lacking.length > 0) refuse(photo, `It has no ${lacking.map(({ what }) => what).join(" and no ")} of the same name.`);
    else if (split === undefined) refuse(photo, inNoSplit(splits));
    else pairs.push({ photo, split, parts: had });
  }
  for (const place of places.filter(({ role, path }) => role === undefined && isPhotoName(path)))
    refuse(place, "It stands outside of the folders of photos (images/, photos/ or rgb/).");
  return { pairs, problems: [...problems, ...splits.problems()] };
}

export const inNoSplit = ({ files }: Splits): string =>
  files.length > 0
    ? `No line of ${files.join(" or ")} gives it a split.`
    : "It stands in no folder of a split (train/, val/ or test/).";

const keyOf = ({ split, key }: Place): string => `${split ?? ""}:${key}`;
