/** Metrics of an image's scores [classes]: top-k accuracy, Brier score, expected calibration error. */
import { argmax, checkFinite } from "../core/index.ts";
import type { Metric } from "./sums.ts";

/** Returns 1 if fewer than `k` classes come before the true one, else 0; of equal scores the lower id is first. Sum [isInTop(...), 1] for `mean`. */
export function isInTop(k: number, scores: ArrayLike<number>, label: number): number {
  checkFinite(scores, "The list of scores");
  let before = 0;
  for (let id = 0; id < scores.length; id++)
    if (scores[id] > scores[label] || (scores[id] === scores[label] && id < label)) before++;
  return before < k ? 1 : 0;
}

/** Returns the squared distance between probabilities and the truth, 0 to 2 (Brier 1950). Sum [brier(...), 1] for `mean`. */
export function brier(probabilities: ArrayLike<number>, label: number): number {
  checkFinite(probabilities, "The list of probabilities");
  let sum = 0;
  for (let id = 0; id < probabilities.length; id++) sum += (probabilities[id] - (id === label ? 1 : 0)) ** 2;
  return sum;
}

/** Bins of equal size, as in Guo et al. 2017. */
const BINS = 15;
const CELLS_PER_BIN = 3;

/** Cells of sums for `ece`. */
export const CALIBRATION_CELLS = BINS * CELLS_PER_BIN;

/** Makes an image's sums for `ece`: in the bin of its highest probability that probability, 1 if it is correct, and 1. Bins include their lower edge. */
export function calibrationSums(probabilities: ArrayLike<number>, label: number): Float64Array {
  checkFinite(probabilities, "The list of probabilities");
  const best = argmax(probabilities);
  const bin = Math.min(BINS - 1, Math.floor(probabilities[best] * BINS));
  const sums = new Float64Array(CALIBRATION_CELLS);
  sums.set([probabilities[best], best === label ? 1 : 0, 1], bin * CELLS_PER_BIN);
  return sums;
}

/** Expected calibration error with 15 bins: the mean distance between confidence and accuracy (Guo et al. 2017, eq. 3). */
export const ece: Metric = (sums) => {
  let distance = 0;
  let images = 0;
  for (let at = 0; at < sums.length; at += CELLS_PER_BIN) {
    distance += Math.abs(sums[at] - sums[at + 1]);
    images += sums[at + 2];
  }
  return distance / images;
};
