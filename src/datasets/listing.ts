/** The interface of layouts: the sorted files of a folder go in, entries to be read one by one and issues come out. */
import type { Photo } from "../images/index.ts";
import type { DataSetImage, ItemOf, Task } from "./data-set.ts";
import type { DataSetIssue, Folder } from "./files.ts";
import type { PathFacts } from "./path-facts.ts";
import type { Splits } from "./split-lists.ts";

/** Options of `openDataSet`. */
export interface DataSetOptions<K extends Task = Task> {
  /** Task to read the folder for; needed if it fits more than one: coco128 has boxes and masks. */
  readonly task?: K;
  /**
   * A table in the folder: path, label and optionally split, as CSV or "path label" lines; with task "segmentation" path, mask and
   * optionally split. The default task is then "classification".
   */
  readonly list?: string;
  /** Names of classes: a file in the folder, or the names by id. Default: a file of a usual name (docs/datasets.md). */
  readonly classes?: string | readonly string[];
  /**
   * Id of masks that is no class, or "none". Default: that of a class called void, unlabeled or ignore; else 0 if the names start
   * at 1; else 255, unless a class is named there.
   */
  readonly ignore?: number | "none";
  /** Meters per unit of depth files, required for depth: 0.001 for millimeters. */
  readonly metersPerUnit?: number;
  /** Decodes every image completely, so that truncated ones are found when the set is opened and not during extraction. Slower. */
  readonly decode?: (bytes: Uint8Array, path: string) => Promise<Photo>;
  /** Stops the reading. */
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onImage?: (done: number, of: number) => void;
}

/** The files of a folder with their roles and splits. */
export interface Listing {
  readonly folder: Folder;
  readonly paths: readonly string[];
  readonly locations: readonly PathFacts[];
  readonly splits: Splits;
  readonly options: DataSetOptions;
}

/** Fields that an item adds to its image's path and size. */
export type Known<K extends Task> = Omit<ItemOf[K], "path" | "size">;

/** An image that is not opened yet. `read` gets its size and throws `invalidFile` errors. */
export interface Entry<K extends Task> {
  readonly path: string;
  readonly split: string;
  read(size: DataSetImage["size"]): Promise<Known<K>>;
}

/** The result of a layout's reader. */
export interface Draft<K extends Task> {
  readonly classes: readonly string[];
  readonly ignore?: number;
  readonly entries: readonly Entry<K>[];
  readonly issues: readonly DataSetIssue[];
}

/** A supported layout. */
export interface Layout<K extends Task = Task> {
  readonly task: K;
  /** Name in messages. */
  readonly name: string;
  /** Returns true if the folder has the layout; `isRequested` (the task is given) admits evidence that would not do alone. */
  recognize(listing: Listing, isRequested: boolean): boolean | Promise<boolean>;
  read(listing: Listing): Promise<Draft<K>>;
}
