/** The shape of a data set of any layout: splits of images with their labels, and the issues of files. */
import type { Box } from "../core/index.ts";
import { type DataSetIssue, shortList } from "./files.ts";

/** A task by its labels: a class per image, a class per pixel, meters per pixel, or boxes of objects. */
export type Task = "classification" | "segmentation" | "depth" | "counting";

/** One number per pixel, [height, width] row-major. */
export interface Raster {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Values, `height * width` of them. */
  readonly data: Uint8Array | Uint16Array;
}

/** Meters per pixel, [height, width] row-major; 0 = no value. `data[y][x]` belongs to the image's pixel [y * step, x * step]. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly data: Float32Array;
}

/** An image of a data set. */
export interface DataSetImage {
  /** Path in the data set's folder. */
  readonly path: string;
  /** Size of the upright image in pixels. */
  readonly size: readonly [height: number, width: number];
  /** Ids of the classes in the image, ascending and unique: its class, or those of its pixels (without the ignored one) or boxes. */
  readonly classes: readonly number[];
}

/** An image with one class. */
export interface ClassificationItem extends DataSetImage {
  /** Id of the image's class. */
  readonly label: number;
}

/** An image with a class id per pixel. */
export interface SegmentationItem extends DataSetImage {
  /** Path of the file that holds the mask. */
  readonly maskPath: string;
  /** Reads and decodes the class ids, one per pixel of the image. */
  mask(): Promise<Raster>;
}

/** An image with depth. */
export interface DepthItem extends DataSetImage {
  /** Path of the depth file. */
  readonly depthPath: string;
  /** Reads and decodes the depth in meters. */
  depth(): Promise<DepthMap>;
  /** Path of the mask of objects, if there is one. */
  readonly objectsPath?: string;
  /** Reads ids of objects on the grid of `depth`, if the data set has them. */
  objects?(): Promise<Raster>;
}

/** A box in pixels of the image, and its class. */
export interface LabeledBox extends Box {
  /** Id of the class. */
  readonly label: number;
}

/** An image with boxes of objects. */
export interface CountingItem extends DataSetImage {
  /** Path of the file that holds the boxes. */
  readonly labelPath: string;
  /** Boxes of objects, cut at the image's edges. */
  readonly boxes: readonly LabeledBox[];
}

/** Items by task. */
export interface ItemOf {
  /** Items with one class per image. */
  readonly classification: ClassificationItem;
  /** Items with one class per pixel. */
  readonly segmentation: SegmentationItem;
  /** Items with meters per pixel. */
  readonly depth: DepthItem;
  /** Items with boxes. */
  readonly counting: CountingItem;
}

/** A data set; a check of `task` gives the type of its items: `if (set.task === "counting") set.splits.train[0].boxes`. */
export type DataSet<K extends Task = Task> = K extends Task
  ? {
      readonly task: K;
      /** Name of the folder. */
      readonly name: string;
      /** Names by class id; "" where an id has none. Empty for depth. */
      readonly classes: readonly string[];
      /** Id of masks that is no class: its pixels count nowhere; -1 if every id is a class. Set for segmentation alone. */
      readonly ignore?: number;
      /** Items by split ("train", "val", "test" or a name of a list; "all" if nothing names splits), sorted by path. */
      readonly splits: Readonly<Record<string, readonly ItemOf[K][]>>;
      readonly issues: readonly DataSetIssue[];
    }
  : never;

/** Counts the images of every split, and the images that hold each class. */
export function countItems({ classes, splits }: DataSet): Record<string, { images: number; classes: Record<string, number> }> {
  return Object.fromEntries(
    Object.entries(splits).map(([split, items]) => {
      const counts = new Array<number>(classes.length).fill(0);
      for (const item of items) for (const id of item.classes) counts[id]++;
      const named = classes.flatMap((name, id) => (name === "" ? [] : [[name, counts[id]] as const]));
      return [split, { images: items.length, classes: Object.fromEntries(named) }];
    }),
  );
}

/** Returns the set with an issue for each split that lacks classes, in place of earlier ones. */
export function noteMissingClasses<K extends Task>(set: DataSet<K>): DataSet<K> {
  const { classes, ignore, splits, issues } = set;
  const named = classes.flatMap((name, id) => (name === "" || id === ignore ? [] : [id]));
  const lacking = Object.entries<readonly DataSetImage[]>(splits).flatMap(([path, items]) => {
    const present = new Set(items.flatMap((item) => item.classes));
    const names = named.filter((id) => !present.has(id)).map((id) => classes[id]);
    const reason = `The split has nothing of ${names.length} of ${named.length} classes: ${shortList(names)}.`;
    return names.length === 0 ? [] : [{ path, reason, used: true }];
  });
  return { ...set, issues: [...issues.filter(({ path }) => !Object.hasOwn(splits, path)), ...lacking] };
}

/** Groups items by a key, in their order; JavaScript's own `Map.groupBy` needs Node 21. */
export function groupBy<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Returns ids ascending, each once. */
export const sortedIds = (ids: Iterable<number>): number[] => [...new Set(ids)].sort((a, b) => a - b);
