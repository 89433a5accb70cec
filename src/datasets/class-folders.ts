/** A folder for each class, as torchvision's ImageFolder reads it: train/hat/a.jpg, or hat/a.jpg with or without a list of splits. */
import { isPhotoName, isUndecodedPhotoName } from "../images/index.ts";
import { readClassNames, USUAL_NAMES } from "./class-names.ts";
import type { Problem } from "./data-set.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { inNoSplit, unlistedPhotos } from "./pairs.ts";
import type { Place } from "./path-facts.ts";

/** Classes are the folders' names in the order of their bytes, as there, unless classes.txt or the option says more. */
export async function readClassFolders({ folder, paths, places, splits, options }: Listing): Promise<Draft<Known<"classes">>> {
  const classOf = classFolders(places);
  const found = places.flatMap((place) => {
    const name = isPhotoName(place.path) && splits.of(place) !== undefined ? classOf(place) : undefined;
    return name === undefined ? [] : [name];
  });
  const classes = (await readClassNames(folder, paths, options.classes, USUAL_NAMES.classes)) ?? [...new Set(found)].sort();
  const problems: Problem[] = [];
  const refuse = ({ path }: Place, reason: string) => void problems.push({ path, reason, used: false });
  const entries: Draft<Known<"classes">>["entries"][number][] = [];
  let unlisted = 0;
  for (const place of places) {
    const name = classOf(place);
    const label = classes.indexOf(name ?? "");
    if (!isPhotoName(place.path)) {
      if (name !== undefined && !isUndecodedPhotoName(place.path)) refuse(place, "It is no photo by its name.");
      continue;
    }
    const split = splits.of(place);
    if (name === undefined) refuse(place, "It stands in no folder of a class.");
    else if (split === undefined && splits.partial) unlisted++;
    else if (split === undefined) refuse(place, inNoSplit(splits));
    else if (label < 0) refuse(place, `Its folder "${name}" is none of the ${classes.length} classes that are named.`);
    else entries.push({ path: place.path, split, read: async () => ({ label, classes: [label] }) });
  }
  if (unlisted > 0) problems.push(unlistedPhotos(splits, unlisted));
  return { classes, entries, problems: [...problems, ...splits.problems()] };
}

/**
 * Returns the class of a file: the first folder that is none of a split or of photos, below folders that all photos share. Folders of other
 * roles (masks/, ImageSets/) hold no class.
 */
export function classFolders(places: readonly Place[]): (place: Place) => string | undefined {
  const inClass = ({ role }: Place) => role === undefined || role === "photo" || role === "label";
  const folders = places
    .filter((place) => inClass(place) && isPhotoName(place.path))
    .map(({ rest }) => rest.split("/").slice(0, -1));
  const nested = folders.filter((parts) => parts.length > 0);
  // A folder around everything, as archives have it, is no class.
  let shared = 0;
  while (nested.length > 0 && nested.every((parts) => parts.length > shared + 1 && parts[shared] === nested[0][shared])) shared++;
  return (place) => {
    if (!inClass(place)) return undefined;
    const parts = place.rest.split("/").slice(0, -1);
    return parts[shared];
  };
}
