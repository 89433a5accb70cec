/** Metrics of one photo's scores, a number a class: whether the true one is in the top k, Brier score, expected calibration error. */
import { argmax, checkFinite } from "../core/index.ts";
import type { Metric } from "./accumulate.ts";

/** 1 when fewer than `k` classes come before the true one, else 0: add [isInTop(...), 1] and take `mean`. Of equal scores the lower id is first. */
export function isInTop(k: number, scores: ArrayLike<number>, label: number): number {
  checkFinite(scores, "The list of scores");
  let before = 0;
  for (let id = 0; id < scores.length; id++)
    if (scores[id] > scores[label] || (scores[id] === scores[label] && id < label)) before++;
  return before < k ? 1 : 0;
}

/** The class with the highest score; of equals the lowest id. @throws S2Error "not-finite" for NaN. */
export const argMax = (scores: ArrayLike<number>): number => argmax(scores);

/** Sum of squared differences between probabilities and the truth, 0 to 2 (Brier 1950): add [brier(...), 1] and take `mean`. */
export function brier(probabilities: ArrayLike<number>, label: number): number {
  checkFinite(probabilities, "The list of probabilities");
  let sum = 0;
  for (let id = 0; id < probabilities.length; id++) sum += (probabilities[id] - (id === label ? 1 : 0)) ** 2;
  return sum;
}

/** Of equal width, as Guo et al. 2017 have them. */
const BINS = 15;
const CELLS_PER_BIN = 3;

/** Cells of a tally for `ece`. */
export const CALIBRATION_CELLS = BINS * CELLS_PER_BIN;

/** One photo's sums for `ece`: in the bin of its highest probability that number, whether it is right, and 1. A bin has its lower edge; 1 is in the last. */
export function calibrationSums(probabilities: ArrayLike<number>, label: number): Float64Array {
  checkFinite(probabilities, "The list of probabilities");
  const best = argMax(probabilities);
  const bin = Math.min(BINS - 1, Math.floor(probabilities[best] * BINS));
  const sums = new Float64Array(CALIBRATION_CELLS);
  sums.set([probabilities[best], best === label ? 1 : 0, 1], bin * CELLS_PER_BIN);
  return sums;
}

/** Expected calibration error, 15 bins (Guo et al. 2017, eq. 3): how far confidence and accuracy are apart. */
export const ece: Metric = (sums) => {
  let apart = 0;
  let photos = 0;
  for (let at = 0; at < sums.length; at += CELLS_PER_BIN) {
    apart += Math.abs(sums[at] - sums[at + 1]);
    photos += sums[at + 2];
  }
  return apart / photos;
};
