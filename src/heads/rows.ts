/** Features as heads take them: rows in batches that can be gone through again, so that they need not fit in memory. */
import { firstNotFinite, S2Error } from "../core/index.ts";
import type { OpenGraph } from "../onnx/index.ts";

/** Features of some images, or of some tokens: [n, channels], row after row. */
export interface FeatureBatch {
  readonly features: Float32Array;
}

/** Rows and the class of each: a whole number from 0; another number than a class's (-1, 255) leaves the row out. */
export interface LabeledBatch extends FeatureBatch {
  readonly labels: Int32Array;
}

/** Rows and what is to be told from each: [n, targets]. */
export interface TargetBatch extends FeatureBatch {
  readonly targets: Float32Array;
  /** How much each row counts; default 1. */
  readonly weights?: Float32Array;
}

/** The same batches each time they are asked for; some hundred rows in each run fast. */
export type Batches<B> = () => AsyncIterable<B> | Iterable<B>;

/** The same batches, each made into another. */
export function mapBatches<A, B>(batches: Batches<A>, map: (batch: A) => B): Batches<B> {
  return async function* () {
    for await (const batch of batches()) yield map(batch);
  };
}

/** What is made of an image is kept as long as the image is: its mask need not be counted again in every step where images stay in memory. */
export function memoized<A extends object, B>(make: (image: A) => B): (image: A) => B {
  const known = new WeakMap<A, B>();
  return (image) => {
    if (!known.has(image)) known.set(image, make(image));
    return known.get(image)!;
  };
}

/** How far a fit is. `done` counts up to `of` where that is known. */
export interface FitProgress {
  /** "statistics", "products", or the regularization that is being tried: "c = 0.1". */
  readonly step: string;
  readonly done: number;
  readonly of?: number;
  /** Of the training rows, penalty included. */
  readonly loss?: number;
}

/** What every fit is given. Nothing in a fit is random: on one thread the same rows give the same head, bit for bit. */
export interface FitOptions {
  readonly openGraph: OpenGraph;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FitProgress) => void;
}

/** One regularization that was tried. */
export interface Trial {
  readonly regularization: number;
  /** Mean loss of the validation rows, without penalty; absent without a validation split. */
  readonly validation?: number;
  /** Mean loss of the training rows, penalty included. */
  readonly loss: number;
  /** Steps of L-BFGS, and whether they came to rest before the last that was allowed; a closed form takes none. */
  readonly iterations: number;
  readonly converged: boolean;
}

/** A head and how its regularization was chosen: the least validation loss, the first of equals. */
export interface FittedHead<H> {
  readonly head: H;
  readonly chosen: Trial;
  readonly trials: readonly Trial[];
}

/**
 * Number of rows; every fit and every prediction counts its rows here. `before` is the number of rows in earlier batches.
 * @throws S2Error "rows" when they are not whole, or when one holds NaN or infinity.
 */
export function rowCount(rows: Float32Array, channels: number, before = 0): number {
  const count = rows.length / channels;
  if (!Number.isInteger(count))
    throw new S2Error(
      "rows",
      `Got ${rows.length} numbers for rows of ${channels} channels; give features as the head was made for.`,
    );
  const at = firstNotFinite(rows);
  if (at < 0) return count;
  throw new S2Error(
    "rows",
    `Row ${before + Math.floor(at / channels)} of the features has ${rows[at]} in channel ${at % channels}; expected finite numbers. Leave that image out, or extract its features again.`,
  );
}

/** The sum of the scales' channels. */
export const channelsOf = (channelsPerScale: readonly number[]): number =>
  channelsPerScale.reduce((sum, width) => sum + width, 0);

/**
 * What is tried: a number or a list, positive, from the strongest to the weakest. Several need a validation split to choose by.
 * @throws S2Error "option".
 */
export function regularizationsOf(name: string, value: number | readonly number[], validation: unknown): readonly number[] {
  const list = typeof value === "number" ? [value] : value;
  if (list.length === 0 || !list.every((each) => Number.isFinite(each) && each > 0))
    throw new S2Error("option", `${name} is [${list.join(", ")}]; expected positive numbers, at least one.`);
  if (list.length > 1 && !validation)
    throw new S2Error(
      "option",
      `There are ${list.length} values of ${name} and no validation rows to choose by; give one, or the rows.`,
    );
  return list;
}
