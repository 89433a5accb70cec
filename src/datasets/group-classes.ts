/** `groupClasses`: merges classes of a data set, for example COCO's 130 into its 27 supercategories. */
import { S2Error } from "../core/index.ts";
import { type DataSet, type ItemOf, noteMissingClasses, sortedIds, type Task } from "./data-set.ts";

/** Ignored id of grouped masks, as in MMSegmentation. */
const IGNORE = 255;

type Grouped = Exclude<Task, "depth">;

/** New ids by old id. */
type Ids = readonly (number | undefined)[];

/**
 * Merges classes for which `groupOf` returns the same name; new ids count from 0 in the order of the old ones. Classes for which it returns
 * undefined are dropped with their images and boxes; their pixels are ignored (255), like those that were ignored before.
 * @throws S2Error "data-set" for more than 255 classes of masks.
 */
export function groupClasses<K extends Grouped>(
  set: DataSet<K>,
  groupOf: (name: string, id: number) => string | undefined,
): DataSet<K> {
  const classes: string[] = [];
  const ids = set.classes.map((name, id) => {
    const group = name === "" || id === set.ignore ? undefined : groupOf(name, id);
    if (group !== undefined && !classes.includes(group)) classes.push(group);
    return group === undefined ? undefined : classes.indexOf(group);
  });
  if (set.task === "segmentation" && classes.length > IGNORE)
    throw new S2Error("data-set", `Got ${classes.length} groups of classes; masks have at most ${IGNORE}. Make larger groups.`);
  const regroup = REGROUP[set.task as K];
  const before = Object.entries(set.splits as Readonly<Record<string, readonly ItemOf[K][]>>);
  const splits = Object.fromEntries(before.map(([split, items]) => [split, items.flatMap((item) => regroup(item, ids))]));
  const ignored = set.task === "segmentation" && { ignore: IGNORE };
  return noteMissingClasses({ ...set, classes, splits, ...ignored } as unknown as DataSet<K>);
}

const REGROUP: { readonly [K in Grouped]: (item: ItemOf[K], ids: Ids) => ItemOf[K][] } = {
  classification: (item, ids) => {
    const label = ids[item.label];
    return label === undefined ? [] : [{ ...item, label, classes: [label] }];
  },
  segmentation: (item, ids) => {
    const table = Uint8Array.from(ids, (id) => id ?? IGNORE);
    const mask = async () => {
      const { width, height, data } = await item.mask();
      const grouped = new Uint8Array(data.length);
      for (let i = 0; i < data.length; i++) grouped[i] = table[data[i]] ?? IGNORE; // an old ignore id may lie above all classes
      return { width, height, data: grouped };
    };
    return [{ ...item, mask, classes: regrouped(item.classes, ids) }];
  },
  counting: (item, ids) => {
    const boxes = item.boxes.flatMap((box) => {
      const label = ids[box.label];
      return label === undefined ? [] : [{ ...box, label }];
    });
    return [{ ...item, boxes, classes: regrouped(item.classes, ids) }];
  },
};

const regrouped = (classes: readonly number[], ids: Ids): number[] =>
  sortedIds(classes.map((id) => ids[id]).filter((id) => id !== undefined));
