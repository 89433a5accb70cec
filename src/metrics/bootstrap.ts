/** 95 % intervals by resampling photos (percentile bootstrap: Efron and Tibshirani 1993, §13), paired when two systems are compared. */
import { S2Error } from "../core/index.ts";
import { makeRandom } from "../tensors/index.ts";
import type { Score } from "./accumulate.ts";

/** A figure with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Resampling {
  /** Default 1000. */
  readonly resamples?: number;
  /** Default 1; the same seed gives the same interval. */
  readonly seed?: number;
}

/** A figure with the interval that holds it in 95 of 100 samples of as many photos. @throws S2Error "metric" without photos. */
export function interval(score: Score, resampling: Resampling = {}): Interval {
  return { value: score.measure(), ...spread(score.photos.length, score.measure, resampling) };
}

/**
 * How much more `a` has than `b`, measured on the same photos and drawn together: what is hard for both cancels out.
 * An interval without 0 is a difference that other photos would most likely show too.
 * @throws S2Error "metric" when the photos are not the same in the same order.
 */
export function compare(a: Score, b: Score, resampling: Resampling = {}): Interval {
  const at = a.photos.length === b.photos.length ? a.photos.findIndex((photo, i) => photo !== b.photos[i]) : -2;
  if (at !== -1) {
    const what =
      at < 0 ? `${a.photos.length} and ${b.photos.length} photos` : `"${a.photos[at]}" and "${b.photos[at]}" as photo ${at + 1}`;
    throw new S2Error(
      "metric",
      `Got ${what} to compare; expected the same photos in the same order. Leave out what one of the two lacks.`,
    );
  }
  const difference = (times?: ArrayLike<number>) => a.measure(times) - b.measure(times);
  return { value: difference(), ...spread(a.photos.length, difference, resampling) };
}

/** The 2.5th and 97.5th percentile over resamples; those that have no value (a class that was not drawn) are left out. */
function spread(
  photos: number,
  measure: Score["measure"],
  { resamples = 1000, seed = 1 }: Resampling,
): { low: number; high: number } {
  if (photos === 0) throw new S2Error("metric", "Got no photos; expected one or more to measure. See the data set's problems.");
  if (!(Number.isInteger(resamples) && resamples >= 1))
    throw new S2Error("metric", `Got ${resamples} resamples; expected a whole number of at least 1; 1000 is usual.`);
  const random = makeRandom(seed);
  const times = new Uint32Array(photos);
  const values: number[] = [];
  for (let i = 0; i < resamples; i++) {
    times.fill(0);
    for (let draw = 0; draw < photos; draw++) times[Math.floor(random() * photos)]++;
    const value = measure(times);
    if (!Number.isNaN(value)) values.push(value);
  }
  const sorted = Float64Array.from(values).sort();
  return { low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) };
}

/** Between the two nearest values, as numpy's percentile. */
function percentile(sorted: Float64Array, part: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = part * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
