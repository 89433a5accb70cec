/** A folder for each class, as torchvision's ImageFolder reads it: train/hat/a.jpg, or hat/a.jpg with or without a list of splits. */
import { isPhotoName } from "../images/index.ts";
import { readClassNames } from "./class-names.ts";
import type { Problem } from "./data-set.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { inNoSplit } from "./pairs.ts";
import type { Place } from "./place.ts";

/** Classes are the folders' names in the order of their bytes, as there, unless classes.txt or the option says more. */
export async function readClassFolders({ folder, paths, places, splits, options }: Listing): Promise<Draft<Known<"classes">>> {
  const photos = places.filter(({ path }) => isPhotoName(path));
  const found = photos.flatMap((place) => (splits.of(place) === undefined ? [] : (classOf(place) ?? [])));
  const classes = (await readClassNames(folder, paths, options.classes, ["classes.txt"])) ?? [...new Set(found)].sort();
  const problems: Problem[] = [];
  const refuse = ({ path }: Place, reason: string) => void problems.push({ path, reason, used: false });
  const entries: Draft<Known<"classes">>["entries"][number][] = [];
  for (const place of places) {
    const name = classOf(place);
    const label = classes.indexOf(name ?? "");
    if (!isPhotoName(place.path)) {
      if (name !== undefined) refuse(place, "It is no photo by its name.");
      continue;
    }
    const split = splits.of(place);
    if (name === undefined) refuse(place, "It stands in no folder of a class.");
    else if (split === undefined) refuse(place, inNoSplit(splits));
    else if (label < 0) refuse(place, `Its folder "${name}" is none of the ${classes.length} classes that are named.`);
    else entries.push({ path: place.path, split, read: async () => ({ label, classes: [label] }) });
  }
  return { classes, entries, problems: [...problems, ...splits.problems()] };
}

/** The first folder that is none of a split or of photos; where it is all there is, "photos/" is a class like another. */
function classOf({ rest, path, split }: Place): string | undefined {
  const inRest = rest.split("/");
  if (inRest.length > 1) return inRest[0];
  const inPath = path.split("/");
  return split === undefined && inPath.length > 1 ? inPath[0] : undefined;
}
