/** A list of images and their classes: a CSV file, "path label" lines, or a list of such lines for each split. */
import { isImageName } from "../images/index.ts";
import { readClassNames } from "./class-names.ts";
import { besideTable, type Row, readTable } from "./csv-table.ts";
import { fileName, folderPath, issueList, linesOf, readText, stem } from "./files.ts";
import { imageFinder } from "./find-images.ts";
import { knownSplit } from "./layout-names.ts";
import type { Draft, Entry, Listing } from "./listing.ts";
import { splitFiles } from "./split-lists.ts";

/** Reads paths relative to the list or the folder, with labels that are names, or ids if the option `classes` gives the names. */
export async function readCsvList({ folder, paths, locations, options }: Listing): Promise<Draft<"classification">> {
  const find = imageFinder(locations, { byName: true });
  const lists = options.list === undefined ? splitFiles(locations, "classification").files : [options.list];
  const issues = issueList();
  const rows: (Row & { readonly list: string })[] = [];
  for (const list of lists) {
    const split = options.list === undefined ? knownSplit(stem(fileName(list))) : undefined;
    const table = await readTable(folder, list, ["path", "label"], find);
    for (const row of table.rows) rows.push({ ...row, list, ...(split !== undefined && { split }) });
    if (table.folds !== undefined)
      issues.note(list, `Its column "${table.folds}" has numbers, which name no split (train, val or test); it is ignored.`);
  }
  const classes = (options.classes && (await readClassNames(folder, paths, options.classes, []))) || labelsOf(rows);
  const seen = new Set<string>();
  const entries: Entry<"classification">[] = [];
  const hasSplits = rows.some(({ split }) => split !== "");
  for (const { list, path, label: name, split, line } of rows) {
    const found = find(path, folderPath(list));
    const image = found.length === 1 ? found[0].path : besideTable(list, path);
    const refuse = (reason: string) => issues.refuse(image, `${list} (line ${line}): ${reason}`);
    const label = classes.includes(name) || !/^\d+$/.test(name) ? classes.indexOf(name) : Number(name);
    if (found.length === 0) refuse("There is no such file.");
    else if (found.length > 1)
      refuse(`"${path}" could be ${found.map((each) => each.path).join(" or ")}; write its folders too.`);
    else if (seen.has(image)) refuse("It is listed a second time; the first line counts.");
    else if (name === "") refuse("It has no label.");
    else if (!classes[label]) refuse(`Its label "${name}" is none of the ${classes.length} classes that are named.`);
    else if (hasSplits && split === "") refuse("It has no split, and others have.");
    else entries.push({ path: image, split: hasSplits ? split : "all", read: async () => ({ label, classes: [label] }) });
    seen.add(image);
  }
  return { classes, entries, issues: issues.all };
}

/** Returns true if the lists of the splits give each image a label: "images/1.jpg 3" in train.txt. */
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

/** Returns the labels in ascending order of numbers if all are numbers, else of their bytes. */
function labelsOf(rows: readonly { label: string }[]): string[] {
  const labels = [...new Set(rows.map(({ label }) => label))].filter((label) => label !== "").sort();
  return labels.every((label) => /^\d+$/.test(label)) ? labels.sort((a, b) => Number(a) - Number(b)) : labels;
}
