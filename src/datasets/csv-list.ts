/** A list of images and their classes: a CSV file, "path label" lines, or a list of such lines for each split. */

import { isImageName } from "../images/index.ts";
import { readClassNames } from "./class-names.ts";
import { besideTable, type Row, readTable } from "./csv-rows.ts";
import type { DataSetIssue } from "./data-set.ts";
import { imageFinder } from "./find-images.ts";
import { knownSplit } from "./layout-names.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { stem } from "./path-facts.ts";
import { splitFiles } from "./split-lists.ts";
import { linesOf, readText } from "./text.ts";

type Line = Row & { readonly list: string };

/** Paths are relative to the list or the folder. Labels are names, or ids where the option `classes` gives the names. */
export async function readCsvList(listing: Listing): Promise<Draft<Known<"classification">>> {
  const { folder, paths, locations, options } = listing;
  const find = imageFinder(locations, { byName: true });
  const lists = options.list === undefined ? splitFiles(locations, "classification").files : [options.list];
  const rows: Line[] = [];
  for (const list of lists) {
    const own = options.list === undefined ? knownSplit(stem(list.slice(list.lastIndexOf("/") + 1))) : undefined;
    for (const row of await readTable(folder, list, ["path", "label"], find))
      rows.push({ ...row, list, ...(own !== undefined && { split: own }) });
  }
  const classes = (options.classes && (await readClassNames(folder, paths, options.classes, []))) || labelsOf(rows);
  const seen = new Set<string>();
  const issues: DataSetIssue[] = [];
  const entries: Draft<Known<"classification">>["entries"][number][] = [];
  const splits = rows.some(({ split }) => split !== "");
  for (const { list, path, label: name, split, line } of rows) {
    const found = find(path, list.slice(0, list.lastIndexOf("/") + 1));
    const image = found.length === 1 ? found[0].path : besideTable(list, path);
    const refuse = (reason: string) =>
      void issues.push({ path: image, reason: `${list} (line ${line}): ${reason}`, used: false });
    const label = classes.includes(name) || !/^\d+$/.test(name) ? classes.indexOf(name) : Number(name);
    if (found.length === 0) refuse("There is no such file.");
    else if (found.length > 1)
      refuse(`"${path}" could be ${found.map((each) => each.path).join(" or ")}; write its folders too.`);
    else if (seen.has(image)) refuse("It is listed a second time; the first line counts.");
    else if (name === "") refuse("It has no label.");
    else if (!classes[label]) refuse(`Its label "${name}" is none of the ${classes.length} classes that are named.`);
    else if (splits && split === "") refuse("It has no split, and others have.");
    else entries.push({ path: image, split: splits ? split : "all", read: async () => ({ label, classes: [label] }) });
    seen.add(image);
  }
  return { classes, entries, issues };
}

/** Returns true where the lists of the splits give each image a label: "images/1.jpg 3" in train.txt. */
export async function listsHaveLabels({ folder, locations }: Pick<Listing, "folder" | "locations">): Promise<boolean> {
  const find = imageFinder(locations);
  const files = splitFiles(locations, "classification").files.filter((file) => !file.endsWith(".csv"));
  for (const file of files) {
    const lines = linesOf(await readText(folder, file)).filter((line) => line.trim() !== "");
    const labeled = lines.slice(0, 20).filter((line) => {
      const [, path, label] = /^(.*\S)[\s,;]+(\S+)$/.exec(line.trim()) ?? [];
      return path !== undefined && find(line.trim()).length === 0 && find(path).length === 1 && !isImageName(label);
    });
    if (2 * labeled.length < Math.min(20, lines.length) || lines.length === 0) return false;
  }
  return files.length > 0;
}

/** Ascending as numbers where all are, else in the order of their bytes. */
function labelsOf(rows: readonly { label: string }[]): string[] {
  const labels = [...new Set(rows.map(({ label }) => label))].filter((label) => label !== "").sort();
  return labels.every((label) => /^\d+$/.test(label)) ? labels.sort((a, b) => Number(a) - Number(b)) : labels;
}
