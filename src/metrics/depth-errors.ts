/** Metrics of depth as in DINOv2's evaluation (Monocular Depth Estimation Toolbox, depth/core/evaluation/metrics.py). */
import { S2Error } from "../core/index.ts";
import type { Metric } from "./sums.ts";

/** Selects the pixels that count. */
export interface DepthRange {
  /** Lower limit of the true depth in meters, exclusive; default 0.001. Missing values are 0 and never count. */
  readonly min?: number;
  /** Upper limit of the true depth in meters, exclusive; default 10 (NYU; KITTI has 80). */
  readonly max?: number;
  /** Mask of the pixels that count, not 0: objects alone, or NYU's crop. */
  readonly where?: ArrayLike<number>;
}

/** Cells of sums for depth: pixels, three counts of deltas, six sums of errors. */
export const DEPTH_CELLS = 10;

/**
 * Sums an image's errors in meters over its valid pixels: for `perImageMean`, as papers report them, or `pooled` over pixels.
 * @throws S2Error "metric" for maps of different sizes, or predictions that are not positive.
 */
export function depthSums(predicted: ArrayLike<number>, truth: ArrayLike<number>, range: DepthRange = {}): Float64Array {
  const { min = 1e-3, max = 10, where } = range;
  if (predicted.length !== truth.length || (where && where.length !== truth.length)) {
    const mask = where ? ` and ${where.length} of where` : "";
    throw new S2Error(
      "metric",
      `Got ${predicted.length} pixels for ${truth.length} of truth${mask}; expected equal sizes. Resize to the truth's size.`,
    );
  }
  let [pixels, delta1, delta2, delta3, absRel, sqRel, squared, log, logSquared, log10] = new Array<number>(DEPTH_CELLS).fill(0);
  for (let i = 0; i < truth.length; i++) {
    const y = truth[i];
    if (!(y > min && y < max) || (where && where[i] === 0)) continue;
    const x = predicted[i];
    if (!(x > 0 && x < Number.POSITIVE_INFINITY))
      throw new S2Error(
        "metric",
        `Got depth ${x} at pixel ${i}; expected positive numbers of meters. Clamp the prediction to at least ${min}.`,
      );
    const ratio = Math.max(x / y, y / x);
    const error = x - y;
    const logError = Math.log(x) - Math.log(y);
    pixels++;
    if (ratio < 1.25) delta1++;
    if (ratio < 1.25 ** 2) delta2++;
    if (ratio < 1.25 ** 3) delta3++;
    absRel += Math.abs(error) / y;
    sqRel += (error * error) / y;
    squared += error * error;
    log += logError;
    logSquared += logError * logError;
    log10 += Math.abs(logError);
  }
  return Float64Array.of(pixels, delta1, delta2, delta3, absRel, sqRel, squared, log, logSquared, log10 / Math.LN10);
}

/** Metrics of `depthSums` over valid pixels with truth y and prediction x in meters. */
export const depthMetrics = {
  /** Fraction of pixels with max(x / y, y / x) below 1.25; higher is better. */
  delta1: (sums) => sums[1] / sums[0],
  /** Fraction below 1.25². */
  delta2: (sums) => sums[2] / sums[0],
  /** Fraction below 1.25³. */
  delta3: (sums) => sums[3] / sums[0],
  /** Mean of |x - y| / y. */
  absRel: (sums) => sums[4] / sums[0],
  /** Mean of (x - y)² / y. */
  sqRel: (sums) => sums[5] / sums[0],
  /** Root of the mean of (x - y)², meters. */
  rmse: (sums) => Math.sqrt(sums[6] / sums[0]),
  /** Root of the mean of (ln x - ln y)². */
  rmseLog: (sums) => Math.sqrt(sums[8] / sums[0]),
  /** Mean of |log10 x - log10 y|. */
  log10: (sums) => sums[9] / sums[0],
  /** 100 times the standard deviation of ln x - ln y; 0 if the prediction is wrong by a constant factor. */
  silog: (sums) => 100 * Math.sqrt(Math.max(0, sums[8] / sums[0] - (sums[7] / sums[0]) ** 2)),
} as const satisfies Record<string, Metric>;
