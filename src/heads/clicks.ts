/**
 * Segmentation from a handful of points, in milliseconds and without a runtime: ridge regression on the tokens that were clicked, solved in
 * as many unknowns as there are clicks. The result is an ordinary segmentation head.
 */
import { S2Error } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { cholesky, solve } from "./cholesky.ts";
import { largestScores } from "./largest-scores.ts";
import type { Mask } from "./masks.ts";
import type { SegmentationHead } from "./segmentation.ts";
import {
  foldStandardization,
  type LinearMap,
  type Solution,
  type Standardization,
  standardizationOfFeatures,
} from "./standardize.ts";
import { gridFeatures, type LabeledPoint, tokenOf } from "./tokens.ts";

/** An image prepared for `segmentClicks`. */
export interface ClickableImage {
  /** The image's tokens. */
  readonly tokens: ImageTokens;
  /** Standardization over the image: z has mean 0 and squares that sum to 1 on average, each scale with the same weight. */
  readonly standard: Standardization;
}

/**
 * Prepares an image for clicks: computes mean and deviation of its tokens.
 * @throws S2Error "rows" for tokens that are no grid, or not finite.
 */
export function clickable(tokens: ImageTokens): ClickableImage {
  const { mean, factor } = standardizationOfFeatures(gridFeatures(tokens, tokens.channelsPerScale), tokens.channelsPerScale);
  return { tokens, standard: { mean, factor: factor.map((value) => value / Math.sqrt(tokens.channels)) } };
}

/** The regularization, where the squares of a row sum to 1; between 0.1 and 1 it hardly matters. */
const alpha = 0.3;

/**
 * Predicts the class of every pixel from points with classes; `classes` is their number.
 * @throws S2Error "labels" for no click or a label that is no class; "outside" for a click outside the image.
 */
export function segmentClicks(image: ClickableImage, clicks: readonly LabeledPoint[], classes: number): Mask {
  const { tokens, standard } = image;
  const scores = linearScores(
    gridFeatures(tokens, tokens.channelsPerScale),
    foldStandardization(fitClicks(image, clicks, classes), standard),
  );
  return largestScores(scores, classes, tokens);
}

/** Returns scores [n, outputs] of rows [n, channels], four rows at a time: additions need not wait for each other. */
export function linearScores(rows: Float32Array, { weight, bias }: LinearMap): Float32Array {
  const [outputs, channels] = weight.dims;
  const count = rows.length / channels;
  const scores = new Float32Array(count * outputs);
  for (let row = 0; row < count; row += 4) {
    const a = row * channels;
    const b = Math.min(row + 1, count - 1) * channels; // at the end the last row is repeated
    const c = Math.min(row + 2, count - 1) * channels;
    const d = Math.min(row + 3, count - 1) * channels;
    for (let k = 0, at = 0; k < outputs; k++) {
      let [first, second, third, fourth] = [0, 0, 0, 0];
      for (let i = 0; i < channels; i++, at++) {
        first += weight.data[at] * rows[a + i];
        second += weight.data[at] * rows[b + i];
        third += weight.data[at] * rows[c + i];
        fourth += weight.data[at] * rows[d + i];
      }
      const to = row * outputs + k;
      scores[to] = first + bias.data[k];
      scores[to + outputs] = second + bias.data[k]; // beyond the end nothing is written
      scores[to + 2 * outputs] = third + bias.data[k];
      scores[to + 3 * outputs] = fourth + bias.data[k];
    }
  }
  return scores;
}

/** Fits a head to the clicks, for other images that are extracted with the same options. */
export function clicksHead(image: ClickableImage, clicks: readonly LabeledPoint[], classes: readonly string[]): SegmentationHead {
  const map = foldStandardization(fitClicks(image, clicks, classes.length), image.standard);
  return { kind: "segmentation", classes, channelsPerScale: image.tokens.channelsPerScale, tensors: { ...map } };
}

/** Fits 1 for a click's class and 0 for the others, the bias as one more channel of 1; (zzᵀ + 1 + alpha)⁻¹ has as many rows as there are clicks. */
function fitClicks({ tokens, standard }: ClickableImage, clicks: readonly LabeledPoint[], classes: number): Solution {
  if (clicks.length === 0) throw new S2Error("labels", "There is no click; give at least one point of each class.");
  const rows = gridFeatures(tokens, tokens.channelsPerScale);
  const { channels } = tokens;
  const z = clicks.map((click) => {
    const at = tokenOf(tokens, click, classes) * channels;
    return standard.mean.map((mean, c) => (rows[at + c] - mean) * standard.factor[c]);
  });
  const n = clicks.length;
  const products = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = a === b ? 1 + alpha : 1;
      for (let c = 0; c < channels; c++) sum += z[a][c] * z[b][c];
      products[a * n + b] = sum;
    }
  }
  cholesky(products, n); // positive definite: alpha is on its diagonal
  const weight = new Float64Array(classes * channels);
  const bias = new Float64Array(classes);
  for (let k = 0; k < classes; k++) {
    const fractions = Float64Array.from(clicks, ({ label }) => Number(label === k));
    solve(products, n, fractions);
    for (let a = 0; a < n; a++) {
      bias[k] += fractions[a];
      for (let c = 0; c < channels; c++) weight[k * channels + c] += fractions[a] * z[a][c];
    }
  }
  return { weight, bias };
}
