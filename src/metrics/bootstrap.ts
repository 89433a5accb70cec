/** 95 % intervals by resampling images (percentile bootstrap: Efron and Tibshirani 1993, §13), paired when two systems are compared. */
import { S2Error } from "../core/index.ts";
import { makeRandom } from "../tensors/index.ts";
import type { Score } from "./accumulate.ts";

/** A figure with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Default 1000. */
  readonly resamples?: number;
  /** Default 1; the same seed gives the same interval. */
  readonly seed?: number;
}

/** A figure with the interval that holds it in 95 of 100 samples of as many images. @throws S2Error "metric" without images. */
export function interval(score: Score, resampling: BootstrapOptions = {}): Interval {
  return { value: score.measure(), ...spread(score.images.length, score.measure, resampling) };
}

/**
 * How much more `a` has than `b`, measured on the same images and drawn together: what is hard for both cancels out.
 * An interval without 0 is a difference that other images would most likely show too.
 * @throws S2Error "metric" when the images are not the same in the same order.
 */
export function compare(a: Score, b: Score, resampling: BootstrapOptions = {}): Interval {
  const at = a.images.length === b.images.length ? a.images.findIndex((image, i) => image !== b.images[i]) : -2;
  if (at !== -1) {
    const what =
      at < 0 ? `${a.images.length} and ${b.images.length} images` : `"${a.images[at]}" and "${b.images[at]}" as image ${at + 1}`;
    throw new S2Error(
      "metric",
      `Got ${what} to compare; expected the same images in the same order. Leave out what one of the two lacks.`,
    );
  }
  const difference = (times?: ArrayLike<number>) => a.measure(times) - b.measure(times);
  return { value: difference(), ...spread(a.images.length, difference, resampling) };
}

/** The 2.5th and 97.5th percentile over resamples; those that have no value (a class that was not drawn) are left out. */
function spread(
  images: number,
  measure: Score["measure"],
  { resamples = 1000, seed = 1 }: BootstrapOptions,
): { low: number; high: number } {
  if (images === 0) throw new S2Error("metric", "Got no images; expected one or more to measure. See the data set's problems.");
  if (!(Number.isInteger(resamples) && resamples >= 1))
    throw new S2Error("metric", `Got ${resamples} resamples; expected a whole number of at least 1; 1000 is usual.`);
  const random = makeRandom(seed);
  const times = new Uint32Array(images);
  const values: number[] = [];
  for (let i = 0; i < resamples; i++) {
    times.fill(0);
    for (let draw = 0; draw < images; draw++) times[Math.floor(random() * images)]++;
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
