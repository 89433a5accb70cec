/** Sums photo by photo, so that a metric made of sums can be had for all photos, for each, or for any sample of them. */
import { checkFinite, S2Error } from "../core/index.ts";

/** For each photo a row of `cells` numbers that add up over photos; what is 0 takes no room. Made by `openTally`, filled by `addPhoto`. */
export interface Tally {
  readonly cells: number;
  readonly photos: string[];
  /** Row i is at `starts[i]` to `starts[i + 1]` of `columns` and `values`. */
  readonly starts: number[];
  readonly columns: number[];
  readonly values: number[];
}

/** A metric of sums: `mIoU` of a confusion matrix, `mean` of a sum and a count. NaN where there is nothing to measure. */
export type Metric = (sums: ArrayLike<number>) => number;

/** A figure over photos that can be had again with each photo counted `times[i]` times; once each by default. */
export interface Score {
  readonly photos: readonly string[];
  measure(times?: ArrayLike<number>): number;
}

export function openTally(cells: number): Tally {
  return { cells, photos: [], starts: [0], columns: [], values: [] };
}

/** Adds a photo's own sums: its confusion matrix, its errors. @throws S2Error "metric" for a row of another length, "not-finite" for NaN or infinity. */
export function addPhoto(tally: Tally, photo: string, sums: ArrayLike<number>): void {
  if (sums.length !== tally.cells)
    throw new S2Error(
      "metric",
      `Got ${sums.length} sums for "${photo}"; expected ${tally.cells}, as many as the tally has cells.`,
    );
  checkFinite(sums, `The row of sums for "${photo}"`);
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] === 0) continue;
    tally.columns.push(i);
    tally.values.push(sums[i]);
  }
  tally.starts.push(tally.columns.length);
  tally.photos.push(photo);
}

/** Sums over all photos. */
export function addUp({ cells, columns, values }: Tally): Float64Array {
  const total = new Float64Array(cells);
  for (let at = 0; at < columns.length; at++) total[columns[at]] += values[at];
  return total;
}

/** The metric of the sums over all photos of now: a photo counts by its pixels, as MMSeg's mIoU does it. */
export function pooled(tally: Tally, metric: Metric): Score {
  const { photos, starts, columns, values } = frozen(tally);
  const total = new Float64Array(tally.cells);
  const measure = (times?: ArrayLike<number>) => {
    total.fill(0);
    for (let photo = 0; photo < photos.length; photo++) {
      const factor = times ? times[photo] : 1;
      if (factor === 0) continue;
      const end = starts[photo + 1];
      for (let at = starts[photo]; at < end; at++) total[columns[at]] += factor * values[at];
    }
    return metric(total);
  };
  return { photos, measure };
}

/** The mean of the metric of each photo of now, those without a value left out: photos count alike, as depth is reported. */
export function photoMean(tally: Tally, metric: Metric): Score {
  const { photos, starts, columns, values } = frozen(tally);
  const row = new Float64Array(tally.cells);
  const each = Float64Array.from(photos, (_, photo) => {
    row.fill(0);
    for (let at = starts[photo]; at < starts[photo + 1]; at++) row[columns[at]] = values[at];
    return metric(row);
  });
  const measure = (times?: ArrayLike<number>) => {
    let sum = 0;
    let count = 0;
    for (let photo = 0; photo < each.length; photo++) {
      const factor = times ? times[photo] : 1;
      if (factor === 0 || Number.isNaN(each[photo])) continue;
      sum += factor * each[photo];
      count += factor;
    }
    return sum / count;
  };
  return { photos, measure };
}

/** A tally that nothing is added to any more, in typed arrays: resampling reads it a thousand times. */
function frozen({ photos, starts, columns, values }: Tally) {
  return {
    photos: [...photos],
    starts: Uint32Array.from(starts),
    columns: Uint32Array.from(columns),
    values: Float64Array.from(values),
  };
}

/** Of [sum, count]: top-1 and top-5 of [hits, photos], mean absolute error of [errors, counts], recall@k of [found, queries]. */
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

/** The photos of several tallies in one: of folds, each with photos of its own. */
export function joinTallies(tallies: readonly Tally[]): Tally {
  const joined = openTally(tallies[0].cells);
  for (const { cells, photos, starts, columns, values } of tallies) {
    for (const [i, photo] of photos.entries()) {
      const row = new Float64Array(cells);
      for (let at = starts[i]; at < starts[i + 1]; at++) row[columns[at]] = values[at];
      addPhoto(joined, photo, row);
    }
  }
  return joined;
}
