/** A list of photos and their classes in a CSV file: path, label and, if it says so, split. */
import { readClassNames } from "./class-names.ts";
import { readCsv } from "./csv-rows.ts";
import type { Problem } from "./data-set.ts";
import type { Draft, Known, Listing } from "./listing.ts";

/** Paths are relative to the list. Labels are names, or ids where the option `classes` gives the names. */
export async function readCsvList({ folder, paths, options }: Listing): Promise<Draft<Known<"classes">>> {
  const list = options.list!;
  const rows = await readCsv(folder, list, ["path", "label"]);
  const beside = list.slice(0, list.lastIndexOf("/") + 1);
  const classes = (options.classes && (await readClassNames(folder, paths, options.classes, []))) || labelsOf(rows);
  const there = new Set(paths);
  const seen = new Set<string>();
  const problems: Problem[] = [];
  const entries: Draft<Known<"classes">>["entries"][number][] = [];
  const splits = rows.some(({ split }) => split !== "");
  for (const { path, label: name, split, line } of rows) {
    const photo = beside + path;
    const refuse = (reason: string) =>
      void problems.push({ path: photo, reason: `${list} (line ${line}): ${reason}`, used: false });
    const label = classes.includes(name) || !/^\d+$/.test(name) ? classes.indexOf(name) : Number(name);
    if (!there.has(photo)) refuse("There is no such file.");
    else if (seen.has(photo)) refuse("It is listed a second time; the first line counts.");
    else if (name === "") refuse("It has no label.");
    else if (!classes[label]) refuse(`Its label "${name}" is none of the ${classes.length} classes that are named.`);
    else if (splits && split === "") refuse("It has no split, and others have.");
    else entries.push({ path: photo, split: splits ? split : "all", read: async () => ({ label, classes: [label] }) });
    seen.add(photo);
  }
  return { classes, entries, problems };
}

/** Ascending as numbers where all are, else in the order of their bytes. */
function labelsOf(rows: readonly { label: string }[]): string[] {
  const labels = [...new Set(rows.map(({ label }) => label))].filter((label) => label !== "").sort();
  return labels.every((label) => /^\d+$/.test(label)) ? labels.sort((a, b) => Number(a) - Number(b)) : labels;
}
