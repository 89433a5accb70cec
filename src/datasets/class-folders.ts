/** A folder for each class, as torchvision's ImageFolder reads it: train/hat/a.jpg, or hat/a.jpg with or without a list of splits. */
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { readClassNames, USUAL_NAMES } from "./class-names.ts";
import type { DataSetIssue } from "./data-set.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { inNoSplit, unlistedImages } from "./pairs.ts";
import type { PathFacts } from "./path-facts.ts";

/** Classes are the folders' names in the order of their bytes, as there, unless classes.txt or the option says more. */
export async function readClassFolders({
  folder,
  paths,
  locations,
  splits,
  options,
}: Listing): Promise<Draft<Known<"classification">>> {
  const classOf = classFolders(locations);
  const found = locations.flatMap((place) => {
    const name = isImageName(place.path) && splits.of(place) !== undefined ? classOf(place) : undefined;
    return name === undefined ? [] : [name];
  });
  const classes = (await readClassNames(folder, paths, options.classes, USUAL_NAMES.classes)) ?? [...new Set(found)].sort();
  const problems: DataSetIssue[] = [];
  const refuse = ({ path }: PathFacts, reason: string) => void problems.push({ path, reason, used: false });
  const entries: Draft<Known<"classification">>["entries"][number][] = [];
  let unlisted = 0;
  for (const place of locations) {
    const name = classOf(place);
    const label = classes.indexOf(name ?? "");
    if (!isImageName(place.path)) {
      if (name !== undefined && !isUndecodedImageName(place.path)) refuse(place, "It is no image by its name.");
      continue;
    }
    const split = splits.of(place);
    if (name === undefined) refuse(place, "It stands in no folder of a class.");
    else if (split === undefined && splits.partial) unlisted++;
    else if (split === undefined) refuse(place, inNoSplit(splits));
    else if (label < 0) refuse(place, `Its folder "${name}" is none of the ${classes.length} classes that are named.`);
    else entries.push({ path: place.path, split, read: async () => ({ label, classes: [label] }) });
  }
  if (unlisted > 0) problems.push(unlistedImages(splits, unlisted));
  return { classes, entries, issues: [...problems, ...splits.issues()] };
}

/**
 * Returns the class of a file: the first folder that is none of a split or of images, below folders that all images share. Folders of other
 * roles (masks/, ImageSets/) hold no class.
 */
export function classFolders(places: readonly PathFacts[]): (place: PathFacts) => string | undefined {
  const inClass = ({ role }: PathFacts) => role === undefined || role === "image" || role === "label";
  const folders = places
    .filter((place) => inClass(place) && isImageName(place.path))
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
