/** What readers of layouts get (a folder's files, sorted out) and give (entries to be looked at one by one, problems). */
import type { Photo } from "../images/index.ts";
import type { DataSetImage, DataSetIssue, ItemOf, Task } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import type { PathFacts } from "./path-facts.ts";
import type { Splits } from "./split-lists.ts";

export interface DataSetOptions<K extends Task = Task> {
  /** Needed where a folder can be read in more than one way: coco128 has boxes and masks. */
  readonly task?: K;
  /** A table in the folder: path, label and, if it has it, split; CSV, or "path label" lines. The task is then "classification". */
  readonly list?: string;
  /** Names of classes: a file in the folder, or the names by id. Default: a file of a usual name (docs/datasets.md). */
  readonly classes?: string | readonly string[];
  /**
   * The id in masks that is no class, or "none". Default: that of a class called void, unlabeled or ignore; else 0 where the names
   * start at 1; else 255, unless a class is named there.
   */
  readonly ignore?: number | "none";
  /** Meters of one step in depth files: 0.001 for millimeters. Depth needs it. */
  readonly metersPerUnit?: number;
  /** Decodes every image to its end too, so that one which is cut short is found now and not when features are made. Slower. */
  readonly decode?: (bytes: Uint8Array, path: string) => Promise<Photo>;
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onImage?: (done: number, of: number) => void;
}

/** A folder's files, sorted out, for the readers of layouts. */
export interface Listing {
  readonly folder: Folder;
  readonly paths: readonly string[];
  readonly locations: readonly PathFacts[];
  readonly splits: Splits;
  readonly options: DataSetOptions;
}

/** What a layout found before a single image was opened. `read` gets the image's size and refuses with `flaw`. */
export interface Draft<Known> {
  readonly classes: readonly string[];
  readonly ignore?: number;
  readonly entries: readonly {
    readonly path: string;
    readonly split: string;
    read(size: DataSetImage["size"]): Promise<Known>;
  }[];
  readonly issues: readonly DataSetIssue[];
}

/** What an item adds to its image's path and size. */
export type Known<K extends Task> = Omit<ItemOf[K], "path" | "size">;

/** A layout that is read: what kind of labels it has, by what it is recognized, and what reads it. */
export interface Layout<K extends Task = Task> {
  readonly task: K;
  /** Name in messages. */
  readonly name: string;
  /** `isAsked`: the kind was given, so that what only may be of it counts too. */
  recognize(listing: Listing, isAsked: boolean): boolean | Promise<boolean>;
  read(listing: Listing): Promise<Draft<Known<K>>>;
}
