/** Options and results that all fits share. */
import type { OpenGraph } from "../onnx/index.ts";
import type { Batches } from "./batches.ts";

/** Progress of a fit. */
export interface FitProgress {
  /** "statistics", "products", or the regularization that is being tried: "c = 0.1". */
  readonly step: string;
  /** Rows, steps or values that are done. */
  readonly done: number;
  /** Most rows, steps or values there can be, where that is known. */
  readonly of?: number;
  /** Mean loss of the training rows, penalty included. */
  readonly loss?: number;
}

/** Options of every fit. Nothing in a fit is random: on one thread the same rows give the same head, bit for bit. */
export interface FitOptions {
  /** Opens the graphs of the fit: `openGraph` of "s2-vision/node" or "s2-vision/web". */
  readonly openGraph: OpenGraph;
  /** Stops the fit, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each batch or step. */
  readonly onProgress?: (progress: FitProgress) => void;
}

/** Options of fits that choose a regularization. */
export interface HeadOptions<B> extends FitOptions {
  /** Channels of each scale of the features. */
  readonly channelsPerScale: readonly number[];
  /** Chooses among several regularizations. */
  readonly validation?: Batches<B>;
}

/** One regularization that was tried. */
export interface Trial {
  /** The value of `c`, `alpha` or `decay`. */
  readonly regularization: number;
  /** Mean loss of the validation rows, without penalty; absent without a validation split. */
  readonly validation?: number;
  /** Mean loss of the training rows, penalty included. */
  readonly loss: number;
  /** Steps of L-BFGS; 0 for a closed form. */
  readonly iterations: number;
  /** False where L-BFGS did not converge within the step limit. */
  readonly converged: boolean;
}

/** A head and how its regularization was chosen. */
export interface FittedHead<H> {
  readonly head: H;
  /** The trial with the least validation loss, the first of equals. */
  readonly chosen: Trial;
  /** All trials, in the order of the options. */
  readonly trials: readonly Trial[];
}
