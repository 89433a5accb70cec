/** Hard samples of a pair of models, by category, and how many of them other features classify correctly. */
import { addImage, type ImageSums, newSums } from "s2-vision/metrics";
import type { PhotoPredictions } from "./classify.ts";
import type { PhotoSamples, SampleSet } from "./samples.ts";

/** Kinds of samples; one may be of several. "confused": the larger model makes the small one's mistake on another sample. */
export const CATEGORIES = ["all", "rare", "ambiguous", "confused", "small"] as const;
export type Category = (typeof CATEGORIES)[number];

/** A class is rare with at most this fraction of the training samples of the median class. */
const RARE = 0.5;
/** A sample is ambiguous where the larger model's margin is in this lowest fraction of those that it classifies correctly. */
const AMBIGUOUS = 0.25;
/** An object or class is small if it covers less of the photo than a token of a 7x7 grid. */
const SMALL = 1 / 49;

/** Predictions of one system by photo. */
export type Predictions = ReadonlyMap<string, PhotoPredictions>;

export const byKey = (predictions: readonly PhotoPredictions[]): Predictions =>
  new Map(predictions.map((each) => [each.key, each]));

/** A test sample that the larger model alone classifies correctly. */
export interface HardSample {
  readonly photo: PhotoSamples;
  readonly index: number;
  readonly categories: ReadonlySet<Category>;
}

/** Lists the test samples that `large` classifies correctly and `small` does not. Background is no object and does not count. */
export function hardSamples({ photos, classes }: SampleSet, small: Predictions, large: Predictions): HardSample[] {
  const test = photos.filter(({ key, split }) => split === "test" && small.has(key) && large.has(key));
  const rare = rareClasses(photos, classes.length);
  const background = classes.indexOf("background");
  const [margins, confusions]: [number[], Set<string>] = [[], new Set()];
  const wrong: { photo: PhotoSamples; index: number; label: number; predicted: number }[] = [];
  for (const photo of test)
    for (const [index, label] of photo.labels.entries()) {
      if (label < 0 || label === background) continue;
      const { classes, margins: each } = large.get(photo.key)!;
      if (classes[index] !== label) {
        confusions.add(`${label} ${classes[index]}`);
        continue;
      }
      margins.push(each[index]);
      const predicted = small.get(photo.key)!.classes[index];
      if (predicted !== label) wrong.push({ photo, index, label, predicted });
    }
  const limit = margins.sort((a, b) => a - b)[Math.floor(AMBIGUOUS * margins.length)];
  return wrong.map(({ photo, index, label, predicted }) => {
    const is: Readonly<Record<Category, boolean>> = {
      all: true,
      rare: rare.has(label),
      ambiguous: large.get(photo.key)!.margins[index] < limit,
      confused: confusions.has(`${label} ${predicted}`),
      small: photo.areas[index] < SMALL,
    };
    return { photo, index, categories: new Set(CATEGORIES.filter((category) => is[category])) };
  });
}

function rareClasses(photos: readonly PhotoSamples[], classes: number): Set<number> {
  const counts = new Array<number>(classes).fill(0);
  for (const { split, labels } of photos) if (split === "train") for (const label of labels) if (label >= 0) counts[label]++;
  const present = counts.filter((count) => count > 0).sort((a, b) => a - b);
  const median = present[present.length >> 1];
  return new Set(counts.flatMap((count, label) => (count > 0 && count <= RARE * median ? [label] : [])));
}

/** Sums of each photo with hard samples of a category: those that the predictions have right, and all. */
export function rescued(samples: readonly HardSample[], category: Category, predictions: Predictions): ImageSums {
  const rows = new Map<string, [right: number, all: number]>();
  for (const { photo, index, categories } of samples) {
    if (!categories.has(category)) continue;
    const row = rows.get(photo.key) ?? [0, 0];
    rows.set(photo.key, [row[0] + Number(predictions.get(photo.key)?.classes[index] === photo.labels[index]), row[1] + 1]);
  }
  return sumsOf(rows);
}

/** Sums of each photo: samples that the predictions have wrong, and all; with `among`, of the photos whose key it has alone. */
export function errors(
  { photos }: SampleSet,
  split: PhotoSamples["split"],
  predictions: Predictions,
  among?: ReadonlySet<string>,
): ImageSums {
  const rows = new Map<string, [wrong: number, all: number]>();
  for (const { key, split: side, labels } of photos) {
    const predicted = predictions.get(key);
    if (side !== split || !predicted || (among && !among.has(key))) continue;
    let [wrong, all] = [0, 0];
    for (const [i, label] of labels.entries()) {
      if (label < 0) continue;
      all++;
      if (predicted.classes[i] !== label) wrong++;
    }
    rows.set(key, [wrong, all]);
  }
  return sumsOf(rows);
}

function sumsOf(rows: ReadonlyMap<string, readonly [number, number]>): ImageSums {
  const sums = newSums(2);
  for (const [key, row] of rows) addImage(sums, key, row);
  return sums;
}

/** Keys of the photos that the predictions have wrong; of sets with one sample a photo. */
export const missed = ({ photos }: SampleSet, predictions: Predictions): Set<string> =>
  new Set(
    photos.flatMap(({ key, labels }) => (predictions.has(key) && predictions.get(key)!.classes[0] !== labels[0] ? [key] : [])),
  );
