/** A list of images and masks: a CSV file with the columns path and mask, for images of a folder that are not all labeled. */
import { ignoredId, needClassNames, USUAL_NAMES } from "./class-names.ts";
import { besideTable, readTable } from "./csv-table.ts";
import { folderPath, issueList } from "./files.ts";
import { imageFinder, tidy } from "./find-images.ts";
import type { Draft, Entry, Listing } from "./listing.ts";
import { idsIn, readMask } from "./mask-pairs.ts";

/** Reads paths relative to the list or the folder, with masks of the images' sizes; images that no row names are left out. */
export async function readMaskList({ folder, paths, locations, options }: Listing): Promise<Draft<"segmentation">> {
  const list = options.list!;
  const find = imageFinder(locations, { byName: true });
  const masks = new Map(paths.map((path) => [tidy(path), path]));
  const classes = await needClassNames(folder, paths, options.classes, USUAL_NAMES.segmentation);
  const ignore = ignoredId(classes, options.ignore);
  const { rows } = await readTable(folder, list, ["path", "label"], find); // the column of masks is the one beside the paths
  const hasSplits = rows.some(({ split }) => split !== "");
  const issues = issueList();
  const seen = new Set<string>();
  const entries: Entry<"segmentation">[] = [];
  for (const { path: given, label: mask, split, line } of rows) {
    const found = find(given, folderPath(list));
    const path = found.length === 1 ? found[0].path : besideTable(list, given);
    const maskPath = masks.get(besideTable(list, mask)) ?? masks.get(tidy(mask));
    const refuse = (reason: string) => issues.refuse(path, `${list} (line ${line}): ${reason}`);
    if (found.length === 0) refuse("There is no such file.");
    else if (found.length > 1)
      refuse(`"${given}" could be ${found.map((each) => each.path).join(" or ")}; write its folders too.`);
    else if (seen.has(path)) refuse("It is listed a second time; the first line counts.");
    else if (maskPath === undefined) refuse(mask === "" ? "It has no mask." : `Its mask "${mask}" is not there.`);
    else if (hasSplits && split === "") refuse("It has no split, and others have.");
    else
      entries.push({
        ...{ path, split: hasSplits ? split : "all" },
        async read(size) {
          const read = () => readMask(folder, maskPath, size);
          return { maskPath, mask: read, classes: idsIn(await read(), classes, ignore, maskPath) };
        },
      });
    seen.add(path);
  }
  return { classes, ignore, entries, issues: issues.all };
}
