/** The interface of a task to its session: labels of images are kept, suggested and saved. */
import type { ImageTokens } from "../features/index.ts";
import type { LabeledPoint, Mask } from "../heads/index.ts";
import type { LabelFiles } from "./label-files.ts";
import type { ImageView } from "./view.ts";

/** Files that a task reads and saves. */
export interface TaskStart {
  readonly files: LabelFiles;
  /** Path of the list. */
  readonly list: string;
  /** Paths of all images. */
  readonly images: readonly string[];
  readonly state: SavedState;
}

/** Classes and clicks by path, as they were saved, and how to save them again. */
export interface SavedState {
  readonly classes: readonly string[];
  readonly clicks: ReadonlyMap<string, readonly LabeledPoint[]>;
  save(classes: readonly string[], clicks: Iterable<readonly [string, readonly LabeledPoint[]]>): Promise<void>;
}

/** A task on the images of a folder. Every change is saved before it counts; one that cannot be saved changes nothing. */
export interface LabelTask {
  classes(): readonly string[];
  /** The images that count as labeled, the last one at the end, with the ids of their classes. */
  labels(): ReadonlyMap<string, readonly number[]>;
  canUndo(): boolean;
  /** Takes in the features of an image. */
  add(path: string, tokens: ImageTokens): void;
  /** Returns the image to ask for next, the most unsure one. */
  next(open: readonly string[]): Promise<string | undefined>;
  /** Returns what the page shows of an image. */
  view(path: string): Promise<Pick<ImageView, "label" | "scores" | "clicks" | "mask">>;
  /** Takes the last change back and returns the path of its image. */
  undo(): Promise<string | undefined>;
  addClass(name: string): Promise<void>;
  /** Classification alone: gives an image a class. */
  setLabel?(path: string, label: number): Promise<void>;
  /** Segmentation alone. */
  readonly masks?: MaskActions;
}

/** The part of a task that has masks. */
export interface MaskActions {
  /** Adds a click, in fractions of the image. */
  click(path: string, click: LabeledPoint): Promise<void>;
  /** Saves the mask that is shown. */
  accept(path: string): Promise<void>;
  /** Returns the mask that is shown of an image, in its shape but maybe smaller: the saved one, else the suggestion. */
  of(path: string): Promise<Mask | undefined>;
}
