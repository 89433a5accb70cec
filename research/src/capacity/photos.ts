/** The photos of four data sets, by the sets' own splits, and their features, of which only what an experiment needs stays in memory. */
import { type ImageTokens, imageTokens } from "s2-vision/heads";
import { extract, loadImage } from "s2-vision/node";
import type { ExtractionConfig } from "s2-vision/tasks";
import { makeRandom, shuffled } from "s2-vision/train";
import type { ExperimentContext, ImageModel } from "../context.ts";
import { ResearchError } from "../error.ts";
import { type ImageFeatures, mapAll, type TaskData } from "../evaluate.ts";
import { openEvaluationSet } from "../seven-sets.ts";

export const PHOTO_SETS = ["clothing", "grocery", "camvid", "bccd"] as const;
export type PhotoSet = (typeof PHOTO_SETS)[number];

export const SPLITS = ["train", "validation", "test"] as const;
export type Split = (typeof SPLITS)[number];

/** A photo; its key is unique over the sets. */
export interface Photo {
  readonly key: string;
  readonly task: TaskData;
  readonly path: string;
  readonly split: Split;
}

/** Opens the sets that are there. */
export async function openPhotoSets(context: ExperimentContext): Promise<ReadonlyMap<PhotoSet, TaskData>> {
  const sets = new Map<PhotoSet, TaskData>();
  for (const name of PHOTO_SETS) if (context.hasData(name)) sets.set(name, (await openEvaluationSet(context, name)).task);
  if (sets.size > 0) return sets;
  throw new ResearchError(`--data has none of ${PHOTO_SETS.join(", ")}; give a folder with one of them at least.`);
}

/** Lists the photos of sets. */
export const photosOf = (tasks: Iterable<TaskData>): Photo[] =>
  [...tasks].flatMap((task) =>
    SPLITS.flatMap((split) => task.splits[split].map(({ path }) => ({ key: `${task.folder.name}/${path}`, task, path, split }))),
  );

/** A model and how its features are extracted. */
export interface Extraction {
  readonly model: ImageModel;
  readonly config: ExtractionConfig;
}

/**
 * Extracts the features of each photo by each extraction and keeps what `reduce` makes of them. A photo that cannot be read is left out of all
 * and listed.
 */
export async function extractReduced(
  context: ExperimentContext,
  photos: readonly Photo[],
  extractions: readonly Extraction[],
  reduce: (tokens: ImageTokens, photo: Photo, extraction: number) => ImageTokens,
): Promise<ImageFeatures[]> {
  const features = extractions.map(() => new Map<string, ImageTokens>());
  for (const photo of photos) {
    context.signal?.throwIfAborted();
    const { key, path, task } = photo;
    try {
      const pixels = await loadImage(await task.folder.read(path));
      const reduced: ImageTokens[] = [];
      for (const [i, { model, config }] of extractions.entries())
        reduced.push(reduce(imageTokens(await extract(model, pixels, config)), photo, i));
      for (const [i, tokens] of reduced.entries()) features[i].set(key, tokens);
    } catch (error) {
      if (!context.issues.some((issue) => issue.path === key))
        context.issues.push({ path: key, reason: (error as Error).message });
    }
  }
  return features;
}

/** Takes `count` cells of an image's grid at random, the same for every model with this grid; all of them where there are no more. */
export function sampleCells(tokens: ImageTokens, count: number, seed: number): ImageTokens {
  const { data, channels, prefix, channelsPerScale, size } = tokens;
  const drawn = draw(count, data.length / channels - prefix, seed);
  const sampled = new Float32Array(drawn.length * channels);
  for (const [i, cell] of drawn.entries())
    sampled.set(data.subarray((prefix + cell) * channels, (prefix + cell + 1) * channels), i * channels);
  return { data: sampled, channels, prefix: 0, grid: { rows: 1, cols: drawn.length }, channelsPerScale, size };
}

/** Takes `count` channels of features at random; all of them where there are no more. */
export function sampleChannels(features: ImageFeatures, count: number, seed: number): ImageFeatures {
  const [{ channels }] = features.values();
  const drawn = draw(count, channels, seed);
  return mapAll(features, (tokens) => {
    const data = new Float32Array((tokens.data.length / channels) * drawn.length);
    for (let i = 0; i < data.length; i++)
      data[i] = tokens.data[Math.floor(i / drawn.length) * channels + drawn[i % drawn.length]];
    return { ...tokens, data, channels: drawn.length, channelsPerScale: [drawn.length] };
  });
}

/** Draws up to `count` of `total` indices. */
const draw = (count: number, total: number, seed: number): readonly number[] =>
  Array.from(shuffled(total, makeRandom(seed)).slice(0, count));

/** Makes a seed of a photo's key (FNV-1a). */
export function seedOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
