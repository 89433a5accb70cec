/** The context of experiments: models, data sets and graphs as values, independent of the runtime. */

import type { S2Plan } from "s2-vision";
import type { Folder } from "s2-vision/datasets";
import type { ImageTokens } from "s2-vision/heads";
import type { ExtractOptions, extract, Model } from "s2-vision/node";
import type { OpenGraph, OpenLoop } from "s2-vision/onnx";
import type { ExtractionConfig } from "s2-vision/tasks";
import type { Checkpoints } from "s2-vision/train";
import type { ModelStages } from "./model-stages.ts";
import type { VitWeights } from "./register-vit.ts";
import type { Outcome } from "./result.ts";

/** A function that `extract` takes as its model. */
export type ImageModel = Parameters<typeof extract>[0];

/**
 * A model of the experiment: the one under test, a larger one, another of its size; or the model with positions interpolated to images of another
 * size, or the tokens of a model's middle layer, or a model of the ladder by its path below the folders of models.
 */
export type ModelVariant =
  | "model"
  | "larger"
  | "other"
  | { readonly imageSize: number }
  | { readonly middleOf: "model" | "larger" }
  | { readonly path: string; readonly imageSize?: number };

/** Options or a plan for an image. */
export type PlanOf = (image: { readonly height: number; readonly width: number }, path: string) => ExtractOptions | S2Plan;

/** A model as pages name it, ready to run. */
export interface ExperimentModel {
  readonly name: string;
  /** SHA-256 of the weights file. */
  readonly sha256: string;
  /** Side of the model's images in pixels. */
  readonly side: number;
  /** Side of a token in pixels; 0 where the model does not say. */
  readonly patch: number;
  readonly model: Model;
}

export interface ExperimentContext {
  /** Opens a data set by its path below the data folder: "clothing", "depth/osd". */
  data(set: string): Folder;
  /** Returns true if the data folder has the set. */
  hasData(set: string): boolean;
  /** Extracts features of a folder's images, or reads them from the store; images that fail are listed in `issues` and left out. */
  features(
    folder: Folder,
    images: readonly string[],
    extraction: ExtractionConfig,
    variant?: ModelVariant,
  ): Promise<ReadonlyMap<string, ImageTokens>>;
  /**
   * Extracts features by a plan of each image's own. No tile of a folder is run twice, whatever the plans, as long as the folder stays the same;
   * a model that is a function runs as it is.
   */
  planned(
    folder: Folder,
    images: readonly string[],
    planOf: PlanOf,
    variant?: "model" | "other" | ImageModel,
  ): Promise<ReadonlyMap<string, ImageTokens>>;
  /** Reads the weights of a ViT, with what else its own graph needs; refuses other models. */
  vitWeights(variant: "model" | "other"): Promise<VitWeights & Pick<ImageModel, "traits" | "preprocessing">>;
  /** Reads what a former run has kept under a name, or makes and keeps it. */
  kept<T>(name: string, make: () => Promise<T>): Promise<T>;
  readonly model: ExperimentModel;
  /** Undefined if no larger model was given. */
  readonly larger?: ExperimentModel;
  /** Undefined if no other model of the size was given. */
  readonly other?: ExperimentModel;
  /** Opens a model of the ladder and lists it on the page; undefined if no folder of models has it. */
  openModel(path: string, imageSize?: number): Promise<ExperimentModel | undefined>;
  /** Opens the stages of a model of the ladder, its own output last, and lists it on the page; undefined if no folder of models has it. */
  openStages(path: string): Promise<ModelStages | undefined>;
  /** Builds a student from its files; the caller disposes of it. */
  buildStudent(files: Readonly<Record<string, Uint8Array>>): Promise<Model>;
  /** Removes what `features` kept of a folder's images for a model of the ladder, at all sizes. */
  removeFeatures(folder: Folder, path: string): Promise<void>;
  readonly openGraph: OpenGraph;
  readonly openLoop: OpenLoop;
  /** Opens the checkpoints of a training, which resumes from them. */
  checkpoints(name: string): Checkpoints;
  /** When aborted, training stops with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly issues: { path: string; reason: string }[];
  /** Writes the page of an experiment that is not finished, which a long one does after each of its parts. */
  publish(outcome: Outcome): Promise<void>;
  /** Reports progress. */
  say(step: string): void;
  /** Copies an image into the folder beside the page, which is not committed. */
  keepImage(folder: Folder, image: string, name: string): Promise<void>;
}

/** Extraction of the whole image, squashed into the model's square, so that all grids are alike. */
export const native = (...scales: number[]): ExtractionConfig => ({ scales, fit: "squash", fusion: "reference" });
/** Extraction from the image reduced to the model's size, as in the paper's tables. */
export const upsampled = (...scales: number[]): ExtractionConfig => ({
  scales,
  fit: "squash",
  fusion: "reference",
  upsampled: true,
});
/** Extraction on the grid of the last scale; area pooling gives the features of `native` from it. */
export const finest = (...scales: number[]): ExtractionConfig => ({
  scales,
  fit: "squash",
  fusion: "reference",
  resizeOutputToIdx: -1,
});

/** "1x+2x+3x". */
export const scaleName = (count: number): string => Array.from({ length: count }, (_, i) => `${i + 1}x`).join("+");
