/** Classes of which a split has nothing: they cannot be learned there, or are in no figure. */
import type { DataSet, Kind, Photographed } from "./data-set.ts";
import { some } from "./invalid-file.ts";

/** The set with a problem for each split that lacks classes, in place of those that were noted before. */
export function noteLacking<K extends Kind>(set: DataSet<K>): DataSet<K> {
  const { classes, ignore, splits, problems } = set;
  const named = classes.flatMap((name, id) => (name === "" || id === ignore ? [] : [id]));
  const lacking = Object.entries<readonly Photographed[]>(splits).flatMap(([split, items]) => {
    const had = new Set(items.flatMap((item) => item.classes));
    const names = named.filter((id) => !had.has(id)).map((id) => classes[id]);
    if (names.length === 0) return [];
    const reason = `The split has nothing of ${names.length} of ${named.length} classes: ${some(names)}.`;
    return [{ path: split, reason, used: true }];
  });
  return { ...set, problems: [...problems.filter(({ path }) => !Object.hasOwn(splits, path)), ...lacking] };
}
