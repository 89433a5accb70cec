/** What a data set is, whatever its layout: splits of photos with what is known of each, and what could not be used and why. */
import type { Box } from "../core/index.ts";
import type { DepthMap } from "./depth-map.ts";
import type { Raster } from "./png-values.ts";

/** What is known of the photos: one class each, a class a pixel, metres a pixel, or boxes of objects. */
export type Kind = "classes" | "masks" | "depth" | "boxes";

/** A photo of a data set. */
export interface Photographed {
  /** In the data set's folder. */
  readonly path: string;
  /** Of the photo as it is decoded: upright. */
  readonly size: readonly [height: number, width: number];
  /** Ids of the classes that it holds, ascending, none twice: of the photo, its pixels (without the ignored one) or its boxes. */
  readonly classes: readonly number[];
}

export interface ClassItem extends Photographed {
  /** The photo's class. */
  readonly label: number;
}

export interface MaskItem extends Photographed {
  readonly maskPath: string;
  /** Class ids, a pixel of the photo each; read and decoded anew at every call. */
  mask(): Promise<Raster>;
}

export interface DepthItem extends Photographed {
  readonly depthPath: string;
  /** Metres; read and decoded anew at every call. */
  depth(): Promise<DepthMap>;
  readonly objectsPath?: string;
  /** Ids of objects on the grid of `depth`, where the data set has them. */
  objects?(): Promise<Raster>;
}

/** A box in pixels of the photo, and its class. */
export interface LabelledBox extends Box {
  readonly label: number;
}

export interface BoxItem extends Photographed {
  readonly labelPath: string;
  readonly boxes: readonly LabelledBox[];
}

export interface ItemOf {
  readonly classes: ClassItem;
  readonly masks: MaskItem;
  readonly depth: DepthItem;
  readonly boxes: BoxItem;
}

/** Something about a file that its user must know. */
export interface Problem {
  readonly path: string;
  /** A sentence. */
  readonly reason: string;
  /** Whether the photo is in its split all the same; those that are not are left out of every figure. */
  readonly used: boolean;
}

/** Narrowed by `kind`: `if (set.kind === "boxes") set.splits.train[0].boxes`. */
export type DataSet<K extends Kind = Kind> = K extends Kind
  ? {
      readonly kind: K;
      /** The folder's name. */
      readonly name: string;
      /** Names by id; "" where an id has none. Empty for depth. */
      readonly classes: readonly string[];
      /** The id that is no class: pixels of it count nowhere; -1 where every id is a class. Masks alone have it. */
      readonly ignore?: number;
      /** "train", "val", "test" or whatever a list says; "all" where nothing says it. Sorted by path. */
      readonly splits: Readonly<Record<string, readonly ItemOf[K][]>>;
      readonly problems: readonly Problem[];
    }
  : never;

/** Photos, and photos that hold each class, of every split. */
export function countItems({ classes, splits }: DataSet): Record<string, { photos: number; classes: Record<string, number> }> {
  return Object.fromEntries(
    Object.entries(splits).map(([split, items]) => {
      const counts = new Array<number>(classes.length).fill(0);
      for (const item of items) for (const id of item.classes) counts[id]++;
      const named = classes.flatMap((name, id) => (name === "" ? [] : [[name, counts[id]] as const]));
      return [split, { photos: items.length, classes: Object.fromEntries(named) }];
    }),
  );
}
