/** Classes of which a split has nothing: they cannot be learned there, or are in no figure. */
import type { DataSet, DataSetImage, Task } from "./data-set.ts";
import { shortList } from "./invalid-file.ts";

/** The set with a problem for each split that lacks classes, in place of those that were noted before. */
export function noteMissingClasses<K extends Task>(set: DataSet<K>): DataSet<K> {
  const { classes, ignore, splits, issues } = set;
  const named = classes.flatMap((name, id) => (name === "" || id === ignore ? [] : [id]));
  const lacking = Object.entries<readonly DataSetImage[]>(splits).flatMap(([split, items]) => {
    const had = new Set(items.flatMap((item) => item.classes));
    const names = named.filter((id) => !had.has(id)).map((id) => classes[id]);
    if (names.length === 0) return [];
    const reason = `The split has nothing of ${names.length} of ${named.length} classes: ${shortList(names)}.`;
    return [{ path: split, reason, used: true }];
  });
  return { ...set, issues: [...issues.filter(({ path }) => !Object.hasOwn(splits, path)), ...lacking] };
}
