/** Sums of each image, and metrics as functions of sums: over all images, as a mean of images, or over a resample of them. */
import { checkFinite, S2Error } from "../core/index.ts";

/** One row of `cells` sums per image, stored sparsely: a confusion matrix, errors and counts. */
export interface ImageSums {
  /** Sums per image. */
  readonly cells: number;
  /** Names of the images. */
  readonly images: string[];
  /** Row i is stored from `starts[i]` to `starts[i + 1]` of `columns` and `values`. */
  readonly starts: number[];
  /** Indexes of the nonzero sums. */
  readonly columns: number[];
  /** The nonzero sums. */
  readonly values: number[];
}

/** A metric of sums: `mIoU` of a confusion matrix, `mean` of a sum and a count. NaN if there is nothing to measure. */
export type Metric = (sums: ArrayLike<number>) => number;

/** A metric over images that can be computed again for a resample of them. */
export interface Score {
  /** Names of the images. */
  readonly images: readonly string[];
  /** Computes the metric with image i counted `times[i]` times, once by default. */
  measure(times?: ArrayLike<number>): number;
}

/** Makes empty sums with this many cells per image. */
export function newSums(cells: number): ImageSums {
  return { cells, images: [], starts: [0], columns: [], values: [] };
}

/** Appends the sums of an image. @throws S2Error "metric" for a row of another length, "not-finite" for NaN or infinity. */
export function addImage(sums: ImageSums, image: string, row: ArrayLike<number>): void {
  if (row.length !== sums.cells)
    throw new S2Error("metric", `Got ${row.length} sums for "${image}"; expected ${sums.cells}, the cells of newSums.`);
  checkFinite(row, `The row of sums for "${image}"`);
  for (let i = 0; i < row.length; i++) {
    if (row[i] === 0) continue;
    sums.columns.push(i);
    sums.values.push(row[i]);
  }
  sums.starts.push(sums.columns.length);
  sums.images.push(image);
}

/** Adds the rows of all images. */
export function sumImages({ cells, columns, values }: ImageSums): Float64Array {
  const total = new Float64Array(cells);
  for (let at = 0; at < columns.length; at++) total[columns[at]] += values[at];
  return total;
}

/** Returns the metric of the total over the images so far: images count by their pixels, as in MMSegmentation's mIoU. */
export function pooled(sums: ImageSums, metric: Metric): Score {
  const { images, starts, columns, values } = frozen(sums);
  const total = new Float64Array(sums.cells);
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

/** Returns the mean of the metric of each image so far, without those that are NaN: images count equally, as in papers on depth. */
export function perImageMean(sums: ImageSums, metric: Metric): Score {
  const { images } = frozen(sums);
  const each = Float64Array.from(images, (_, image) => metric(rowOf(sums, image)));
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

/** Returns the sums of one image. */
export function rowOf({ cells, starts, columns, values }: ImageSums, image: number): Float64Array {
  const row = new Float64Array(cells);
  for (let at = starts[image]; at < starts[image + 1]; at++) row[columns[at]] = values[at];
  return row;
}

/** Copies sums into typed arrays, which resampling reads a thousand times and later images do not change. */
function frozen({ images, starts, columns, values }: ImageSums) {
  return {
    images: [...images],
    starts: Uint32Array.from(starts),
    columns: Uint32Array.from(columns),
    values: Float64Array.from(values),
  };
}

/** The first of two sums divided by the second: top-1 of [hits, images], MAE of [errors, counts], recall@k of [found, queries]. */
export const mean: Metric = (sums) => sums[0] / sums[1];

/** Returns the mean of the values that are not NaN, as numpy's nanmean; NaN if there are none. */
export function nanMean(values: ArrayLike<number>): number {
  const valid = Array.from(values).filter((value) => !Number.isNaN(value));
  return valid.reduce((sum, value) => sum + value, 0) / valid.length;
}

/** Joins the images of several sums, for example of folds. */
export function joinSums(all: readonly ImageSums[]): ImageSums {
  return keepImages(all, () => true);
}

/** Joins those images of several sums that `keep` returns true for. */
export function keepImages(all: readonly ImageSums[], keep: (image: string) => boolean): ImageSums {
  const kept = newSums(all[0].cells);
  for (const sums of all) for (const [i, image] of sums.images.entries()) if (keep(image)) addImage(kept, image, rowOf(sums, i));
  return kept;
}
