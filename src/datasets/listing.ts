/** What readers of layouts get (a folder's files, sorted out) and give (entries to be looked at one by one, problems). */
import type { Photo } from "../images/index.ts";
import type { ItemOf, Kind, Photographed, Problem } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import type { Place } from "./path-facts.ts";
import type { Splits } from "./split-lists.ts";

export interface DataSetOptions<K extends Kind = Kind> {
  /** Needed where a folder can be read in more than one way: coco128 has boxes and masks. */
  readonly kind?: K;
  /** A table in the folder: path, label and, if it has it, split; CSV, or "path label" lines. Then the kind is "classes". */
  readonly list?: string;
  /** Names of classes: a file in the folder, or the names by id. Default: a file of a usual name (docs/datasets.md). */
  readonly classes?: string | readonly string[];
  /**
   * The id in masks that is no class, or "none". Default: that of a class called void, unlabeled or ignore; else 0 where the names
   * start at 1; else 255, unless a class is named there.
   */
  readonly ignore?: number | "none";
  /** Metres of one step in depth files: 0.001 for millimetres. Depth needs it. */
  readonly metresPerUnit?: number;
  /** Decodes every photo to its end too, so that one which is cut short is found now and not when features are made. Slower. */
  readonly decode?: (bytes: Uint8Array, path: string) => Promise<Photo>;
  readonly signal?: AbortSignal;
  /** Called after each photo. */
  readonly onPhoto?: (done: number, of: number) => void;
}

/** A folder's files, sorted out, for the readers of layouts. */
export interface Listing {
  readonly folder: Folder;
  readonly paths: readonly string[];
  readonly places: readonly Place[];
  readonly splits: Splits;
  readonly options: DataSetOptions;
}

/** What a layout found before a single photo was opened. `read` gets the photo's size and refuses with `flaw`. */
export interface Draft<Known> {
  readonly classes: readonly string[];
  readonly ignore?: number;
  readonly entries: readonly {
    readonly path: string;
    readonly split: string;
    read(size: Photographed["size"]): Promise<Known>;
  }[];
  readonly problems: readonly Problem[];
}

/** What an item adds to its photo's path and size. */
export type Known<K extends Kind> = Omit<ItemOf[K], "path" | "size">;

/** A layout that is read: what kind of labels it has, by what it is recognized, and what reads it. */
export interface Layout<K extends Kind = Kind> {
  readonly kind: K;
  /** Name in messages. */
  readonly name: string;
  /** `isAsked`: the kind was given, so that what only may be of it counts too. */
  recognize(listing: Listing, isAsked: boolean): boolean | Promise<boolean>;
  read(listing: Listing): Promise<Draft<Known<K>>>;
}
