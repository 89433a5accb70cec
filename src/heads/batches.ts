/** Features in batches that can be read several times, so that they need not fit in memory. */
import { firstNotFinite, S2Error } from "../core/index.ts";

/** Features of some images, or of some tokens. */
export interface FeatureBatch {
  /** [n, channels], row by row. */
  readonly features: Float32Array;
  /** The weight of each row in the loss; default 1. Rows of weight 0 do not count in mean and deviation either. */
  readonly weights?: Float32Array;
}

/** Features and the class of each row. */
export interface LabeledBatch extends FeatureBatch {
  /** Whole numbers from 0, [n]; a number that is no class (-1, 255) leaves the row out. */
  readonly labels: Int32Array;
}

/** Features and the values to predict from each row. */
export interface TargetBatch extends FeatureBatch {
  /** [n, targets], row by row. */
  readonly targets: Float32Array;
}

/** Returns the same batches at every call; some hundred rows in each run fast. */
export type Batches<B> = () => AsyncIterable<B> | Iterable<B>;

/** Applies a function to each batch. */
export function mapBatches<A, B>(batches: Batches<A>, map: (batch: A) => B): Batches<B> {
  return async function* () {
    for await (const batch of batches()) yield map(batch);
  };
}

/** Keeps results as long as their arguments are in memory: an image's mask is then counted once, not in every step. */
export function memoized<A extends object, B>(make: (image: A) => B): (image: A) => B {
  const known = new WeakMap<A, B>();
  return (image) => {
    if (!known.has(image)) known.set(image, make(image));
    return known.get(image)!;
  };
}

/** Gives the rows whose label is no class the weight 0. */
export const withLabelWeights = (batches: Batches<LabeledBatch>, classes: number): Batches<LabeledBatch> =>
  mapBatches(batches, (batch) => ({
    ...batch,
    weights: Float32Array.from(batch.labels, (label) => Number(label >= 0 && label < classes)),
  }));

/**
 * Returns the number of rows of `features`. `before` is the number of rows in earlier batches.
 * @throws S2Error "rows" when they are not whole, or when one holds NaN or infinity.
 */
export function rowCount(features: Float32Array, channels: number, before = 0): number {
  const count = features.length / channels;
  if (!Number.isInteger(count))
    throw new S2Error(
      "rows",
      `Got ${features.length} numbers for rows of ${channels} channels; give features as the head was made for.`,
    );
  const at = firstNotFinite(features);
  if (at < 0) return count;
  throw new S2Error(
    "rows",
    `Row ${before + Math.floor(at / channels)} of the features has ${features[at]} in channel ${at % channels}; expected finite numbers. Leave that image out, or extract its features again.`,
  );
}

/** Returns the sum of the scales' channels. */
export const channelsOf = (channelsPerScale: readonly number[]): number =>
  channelsPerScale.reduce((sum, channels) => sum + channels, 0);
