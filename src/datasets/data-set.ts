/** What a data set is, whatever its layout: splits of images with what is known of each, and what could not be used and why. */
import type { Box } from "../core/index.ts";
import type { DepthMap } from "./depth-map.ts";
import type { Raster } from "./png-values.ts";

/** What is known of the images: one class each, a class a pixel, meters a pixel, or boxes of objects. */
export type Task = "classification" | "segmentation" | "depth" | "counting";

/** An image of a data set. */
export interface DataSetImage {
  /** In the data set's folder. */
  readonly path: string;
  /** Of the image as it is decoded: upright. */
  readonly size: readonly [height: number, width: number];
  /** Ids of the classes that it holds, ascending, none twice: of the image, its pixels (without the ignored one) or its boxes. */
  readonly classes: readonly number[];
}

export interface ClassificationItem extends DataSetImage {
  /** The image's class. */
  readonly label: number;
}

export interface SegmentationItem extends DataSetImage {
  readonly maskPath: string;
  /** Class ids, a pixel of the image each; read and decoded anew at every call. */
  mask(): Promise<Raster>;
}

export interface DepthItem extends DataSetImage {
  readonly depthPath: string;
  /** Meters; read and decoded anew at every call. */
  depth(): Promise<DepthMap>;
  readonly objectsPath?: string;
  /** Ids of objects on the grid of `depth`, where the data set has them. */
  objects?(): Promise<Raster>;
}

/** A box in pixels of the image, and its class. */
export interface LabeledBox extends Box {
  readonly label: number;
}

export interface CountingItem extends DataSetImage {
  readonly labelPath: string;
  readonly boxes: readonly LabeledBox[];
}

export interface ItemOf {
  readonly classification: ClassificationItem;
  readonly segmentation: SegmentationItem;
  readonly depth: DepthItem;
  readonly counting: CountingItem;
}

/** Something about a file that its user must know. */
export interface DataSetIssue {
  readonly path: string;
  /** A sentence. */
  readonly reason: string;
  /** Whether the image is in its split all the same; those that are not are left out of every figure. */
  readonly used: boolean;
}

/** Narrowed by `task`: `if (set.task === "counting") set.splits.train[0].boxes`. */
export type DataSet<K extends Task = Task> = K extends Task
  ? {
      readonly task: K;
      /** The folder's name. */
      readonly name: string;
      /** Names by id; "" where an id has none. Empty for depth. */
      readonly classes: readonly string[];
      /** The id that is no class: pixels of it count nowhere; -1 where every id is a class. Masks alone have it. */
      readonly ignore?: number;
      /** "train", "val", "test" or whatever a list says; "all" where nothing says it. Sorted by path. */
      readonly splits: Readonly<Record<string, readonly ItemOf[K][]>>;
      readonly issues: readonly DataSetIssue[];
    }
  : never;

/** Images, and images that hold each class, of every split. */
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
