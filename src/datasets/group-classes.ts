/** `groupClasses`: a data set with fewer classes, several of the old ones in one: COCO's 130 in its 27 supercategories. */
import { S2Error } from "../core/index.ts";
import type { DataSet, ItemOf } from "./data-set.ts";
import { noteMissingClasses } from "./missing-classes.ts";

/** In grouped masks, as MMSeg has it. */
const IGNORE = 255;

type Grouped = "classification" | "segmentation" | "counting";

/** The new id of every old one, or undefined. */
type Ids = readonly (number | undefined)[];

/**
 * Puts classes together by the name that `groupOf` gives; new ids count from 0 in the order of the old ones. A class for which it gives
 * undefined is none any more: its images and boxes are left out, its pixels are ignored (255), as are those that were.
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
  const splits = Object.fromEntries(
    Object.entries(set.splits as Readonly<Record<string, readonly ItemOf[K][]>>).map(([split, items]) => [
      split,
      items.flatMap((item) => regroup(item, ids)),
    ]),
  );
  return noteMissingClasses({
    ...set,
    classes,
    splits,
    ...(set.task === "segmentation" && { ignore: IGNORE }),
  } as unknown as DataSet<K>);
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

function regrouped(classes: readonly number[], ids: Ids): number[] {
  const groups = new Set(classes.map((id) => ids[id]).filter((id) => id !== undefined));
  return [...groups].sort((a, b) => a - b);
}
