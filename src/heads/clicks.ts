/**
 * Segmentation from a handful of points, in milliseconds and without a runtime: ridge regression on the tokens that were clicked, solved in
 * as many unknowns as there are clicks. What comes out is an ordinary segmentation head.
 */
import { S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { cholesky, solve } from "./cholesky.ts";
import { largestScores } from "./largest-scores.ts";
import type { Mask } from "./masks.ts";
import type { SegmentationHead } from "./segmentation.ts";
import { folded, type LinearMap, type Solution, type Standard, standardOfRows } from "./standardise.ts";
import { gridRows, type LabelledPoint, tokenOf } from "./tokens.ts";

/** A photo that is ready for clicks. */
export interface ClickablePhoto {
  readonly tokens: PhotoTokens;
  /** Of its own tokens: z has mean 0 over the photo and squares that sum to 1 on average, each scale's part of the same weight. */
  readonly standard: Standard;
}

/**
 * What all clicks on a photo share: mean and deviation of its tokens.
 * @throws S2Error "rows" for tokens that are no grid, or not finite.
 */
export function clickable(tokens: PhotoTokens): ClickablePhoto {
  const { mean, factor } = standardOfRows(gridRows(tokens, tokens.widths), tokens.widths);
  return { tokens, standard: { mean, factor: factor.map((value) => value / Math.sqrt(tokens.channels)) } };
}

/** Beside squares of 1; between 0.1 and 1 it hardly matters. */
const alpha = 0.3;

/**
 * The class of every pixel, from points with classes; `classes` is how many there are.
 * @throws S2Error "labels" for no click or a class that there is not; "outside" for a click outside the photo.
 */
export function segmentClicks(photo: ClickablePhoto, clicks: readonly LabelledPoint[], classes: number): Mask {
  const { tokens, standard } = photo;
  const scores = scoresOf(gridRows(tokens, tokens.widths), folded(fitClicks(photo, clicks, classes), standard));
  return largestScores(scores, classes, tokens);
}

/** Scores [n, outputs] of rows [n, channels]. Four rows at a time: additions need not wait for each other. */
function scoresOf(rows: Float32Array, { weight, bias }: LinearMap): Float32Array {
  const [outputs, channels] = weight.dims;
  const count = rows.length / channels;
  const scores = new Float32Array(count * outputs);
  for (let row = 0; row < count; row += 4) {
    const a = row * channels;
    const b = Math.min(row + 1, count - 1) * channels; // at the end the last row is taken again
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

/** The same as a head, for other photos of the same look. */
export function clicksHead(
  photo: ClickablePhoto,
  clicks: readonly LabelledPoint[],
  classes: readonly string[],
): SegmentationHead {
  const map = folded(fitClicks(photo, clicks, classes.length), photo.standard);
  return { kind: "segmentation", classes, widths: photo.tokens.widths, tensors: { ...map } };
}

/** Ridge regression on 1 for a click's class and 0 for the others, the bias as one more channel of 1: (zzᵀ + 1 + alpha)⁻¹ is of the clicks' side. */
function fitClicks({ tokens, standard }: ClickablePhoto, clicks: readonly LabelledPoint[], classes: number): Solution {
  if (clicks.length === 0) throw new S2Error("labels", "There is no click; give at least one point of each class.");
  const rows = gridRows(tokens, tokens.widths);
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
    const shares = Float64Array.from(clicks, ({ label }) => Number(label === k));
    solve(products, n, shares);
    for (let a = 0; a < n; a++) {
      bias[k] += shares[a];
      for (let c = 0; c < channels; c++) weight[k * channels + c] += shares[a] * z[a][c];
    }
  }
  return { weight, bias };
}
