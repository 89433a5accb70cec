/** Sums image by image, so that a metric made of sums can be had for all images, for each, or for any sample of them. */
import { checkFinite, S2Error } from "../core/index.ts";

/** For each image a row of `cells` numbers that add up over images; what is 0 takes no room. Made by `openTally`, filled by `addImage`. */
export interface ImageSums {
  readonly cells: number;
  readonly images: string[];
  /** Row i is at `starts[i]` to `starts[i + 1]` of `columns` and `values`. */
  readonly starts: number[];
  readonly columns: number[];
  readonly values: number[];
}

/** A metric of sums: `mIoU` of a confusion matrix, `mean` of a sum and a count. NaN where there is nothing to measure. */
export type Metric = (sums: ArrayLike<number>) => number;

/** A figure over images that can be had again with each image counted `times[i]` times; once each by default. */
export interface Score {
  readonly images: readonly string[];
  measure(times?: ArrayLike<number>): number;
}

export function newSums(cells: number): ImageSums {
  return { cells, images: [], starts: [0], columns: [], values: [] };
}

/** Adds an image's own sums: its confusion matrix, its errors. @throws S2Error "metric" for a row of another length, "not-finite" for NaN or infinity. */
export function addImage(tally: ImageSums, image: string, sums: ArrayLike<number>): void {
  if (sums.length !== tally.cells)
    throw new S2Error(
      "metric",
      `Got ${sums.length} sums for "${image}"; expected ${tally.cells}, as many as the tally has cells.`,
    );
  checkFinite(sums, `The row of sums for "${image}"`);
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] === 0) continue;
    tally.columns.push(i);
    tally.values.push(sums[i]);
  }
  tally.starts.push(tally.columns.length);
  tally.images.push(image);
}

/** Sums over all images. */
export function sumImages({ cells, columns, values }: ImageSums): Float64Array {
  const total = new Float64Array(cells);
  for (let at = 0; at < columns.length; at++) total[columns[at]] += values[at];
  return total;
}

/** The metric of the sums over all images of now: an image counts by its pixels, as MMSeg's mIoU does it. */
export function pooled(tally: ImageSums, metric: Metric): Score {
  const { images, starts, columns, values } = frozen(tally);
  const total = new Float64Array(tally.cells);
  const measure = (times?: ArrayLike<number>) => {
    total.fill(0);
    for (let image = 0; image < images.length; image++) {
      const factor = times ? times[image] : 1;
      if (factor === 0) continue;
      const end = starts[image + 1];
      for (let at = starts[image]; at < end; at++) total[columns[at]] += factor * values[at];
    }
    return metric(total);
  };
  return { images, measure };
}

/** The mean of the metric of each image of now, those without a value left out: images count alike, as depth is reported. */
export function perImageMean(tally: ImageSums, metric: Metric): Score {
  const { images, starts, columns, values } = frozen(tally);
  const row = new Float64Array(tally.cells);
  const each = Float64Array.from(images, (_, image) => {
    row.fill(0);
    for (let at = starts[image]; at < starts[image + 1]; at++) row[columns[at]] = values[at];
    return metric(row);
  });
  const measure = (times?: ArrayLike<number>) => {
    let sum = 0;
    let count = 0;
    for (let image = 0; image < each.length; image++) {
      const factor = times ? times[image] : 1;
      if (factor === 0 || Number.isNaN(each[image])) continue;
      sum += factor * each[image];
      count += factor;
    }
    return sum / count;
  };
  return { images, measure };
}

/** A tally that nothing is added to any more, in typed arrays: resampling reads it a thousand times. */
function frozen({ images, starts, columns, values }: ImageSums) {
  return {
    images: [...images],
    starts: Uint32Array.from(starts),
    columns: Uint32Array.from(columns),
    values: Float64Array.from(values),
  };
}

/** Of [sum, count]: top-1 and top-5 of [hits, images], mean absolute error of [errors, counts], recall@k of [found, queries]. */
export const mean: Metric = (sums) => sums[0] / sums[1];

/** The mean of those that have a value, as numpy's nanmean; NaN when none has. */
export function nanMean(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    sum += values[i];
    count++;
  }
  return sum / count;
}

/** The images of several tallies in one: of folds, each with images of its own. */
export function joinSums(tallies: readonly ImageSums[]): ImageSums {
  const joined = newSums(tallies[0].cells);
  for (const { cells, images, starts, columns, values } of tallies) {
    for (const [i, image] of images.entries()) {
      const row = new Float64Array(cells);
      for (let at = starts[i]; at < starts[i + 1]; at++) row[columns[at]] = values[at];
      addImage(joined, image, row);
    }
  }
  return joined;
}
