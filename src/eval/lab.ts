/** What an experiment works with: models, photos and graphs as values, so that it runs wherever a runtime is. */

import type { Folder } from "../datasets/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import type { OpenGraph, OpenLoop } from "../onnx/index.ts";
import type { Look } from "../store/index.ts";
import type { Checkpoints } from "../train/index.ts";

/**
 * The model that was given, a larger one, another of its size; the model with its positions interpolated to images of another side, or one's
 * tokens after half of its blocks.
 */
export type Which = "model" | "larger" | "other" | { readonly imageSize: number } | { readonly middleOf: "model" | "larger" };

/** What pages say of a model. */
export interface LabModel {
  readonly name: string;
  /** Of the file of its weights. */
  readonly sha256: string;
  /** Side of its images in pixels. */
  readonly side: number;
}

export interface Lab {
  /** Data sets by their folders' paths below the folder of all data: "clothing", "depth/osd". */
  data(set: string): Folder;
  /** Features of photos of a folder, from the store or the model; photos that fail are noted in `problems` and left out. */
  features(folder: Folder, photos: readonly string[], look: Look, which?: Which): Promise<ReadonlyMap<string, PhotoTokens>>;
  readonly model: LabModel;
  /** Absent where no larger model was given. */
  readonly larger?: LabModel;
  /** Absent where no other model of the size was given. */
  readonly other?: LabModel;
  readonly openGraph: OpenGraph;
  readonly openLoop: OpenLoop;
  /** Where a training keeps what it has, so that it goes on after a break. */
  checkpoints(name: string): Checkpoints;
  /** When aborted, training stops with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly problems: { path: string; reason: string }[];
  /** Says what is being done. */
  say(step: string): void;
  /** Copies a photo into the folder beside the page that no one commits. */
  keepPhoto(folder: Folder, photo: string, name: string): Promise<void>;
}

/** Looks that the experiments share: the whole photo in the model's square, so that all grids are alike. */
export const native = (...scales: number[]): Look => ({ scales, fit: "squash" });
export const upsampled = (...scales: number[]): Look => ({ scales, fit: "squash", upsampled: true });
/** Features on the grid of the last scale: `takeScales` of one scale gives them as fine as that, and pooled they are `native`'s. */
export const finest = (...scales: number[]): Look => ({ scales, fit: "squash", resizeOutputToIdx: -1 });

/** "1x+2x+3x". */
export const scaleName = (count: number): string => Array.from({ length: count }, (_, i) => `${i + 1}x`).join("+");
