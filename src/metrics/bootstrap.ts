/** 95 % intervals by resampling images (percentile bootstrap: Efron and Tibshirani 1993, §13), paired for the difference of two systems. */
import { S2Error } from "../core/index.ts";
import { makeRandom } from "../tensors/index.ts";
import type { Score } from "./sums.ts";

/**
 * Fewest images of which the interval of a difference can be trusted: from here on it contains the true difference in 93 % of data sets or
 * more, for accuracy and for mIoU (bench/results/intervals.json, by bench/intervals.mjs).
 */
export const MIN_IMAGES = 50;

/** A value with its 95 % interval. */
export interface Interval {
  /** The value for the images themselves. */
  readonly value: number;
  /** 2.5th percentile over resamples. */
  readonly low: number;
  /** 97.5th percentile over resamples. */
  readonly high: number;
}

/** Options of the bootstrap. */
export interface BootstrapOptions {
  /** Number of resamples, default 1000. */
  readonly resamples?: number;
  /** Seed of the resamples, default 1; the same seed gives the same interval. */
  readonly seed?: number;
}

/** Computes a score with its 95 % interval over samples of as many images. @throws S2Error "metric" without images. */
export function interval(score: Score, resampling: BootstrapOptions = {}): Interval {
  return { value: score.measure(), ...spread(score.images.length, score.measure, resampling) };
}

/**
 * Computes `a` minus `b` with its 95 % interval, both measured on the same resamples, so that images that are hard for both cancel out.
 * An interval without 0 means that other images would most likely show the difference too.
 * @throws S2Error "metric" unless the images are the same in the same order.
 */
export function compare(a: Score, b: Score, resampling: BootstrapOptions = {}): Interval {
  const difference = differenceOf(a, b);
  return { value: difference(), ...spread(a.images.length, difference, resampling) };
}

/** Computes the standard error of `a` minus `b` from the resamples of `compare`. @throws S2Error "metric" as `compare`. */
export function standardError(a: Score, b: Score, resampling: BootstrapOptions = {}): number {
  const values = resample(a.images.length, differenceOf(a, b), resampling);
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length);
}

function differenceOf(a: Score, b: Score): Score["measure"] {
  const at = a.images.length === b.images.length ? a.images.findIndex((image, i) => image !== b.images[i]) : -2;
  if (at !== -1) {
    const received =
      at < 0 ? `${a.images.length} and ${b.images.length} images` : `"${a.images[at]}" and "${b.images[at]}" as image ${at + 1}`;
    throw new S2Error(
      "metric",
      `Got ${received} to compare; expected the same images in the same order. Leave out images that one of the two lacks.`,
    );
  }
  return (times) => a.measure(times) - b.measure(times);
}

/** Computes the 2.5th and 97.5th percentile over resamples. */
function spread(images: number, measure: Score["measure"], resampling: BootstrapOptions): { low: number; high: number } {
  const sorted = resample(images, measure, resampling).sort();
  return { low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) };
}

/** Measures resamples of as many images, without those that are NaN (a class that was not drawn). */
function resample(images: number, measure: Score["measure"], { resamples = 1000, seed = 1 }: BootstrapOptions): Float64Array {
  if (images === 0) throw new S2Error("metric", "Got no images; expected one or more to measure. See the data set's issues.");
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
  return Float64Array.from(values);
}

/** Interpolates between the two nearest values, as numpy's percentile. */
function percentile(sorted: Float64Array, fraction: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
