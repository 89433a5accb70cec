/** The class of every pixel from scores of tokens: the largest of the bilinearly enlarged scores, without the enlarged planes in memory. */
import { argmax } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import type { Mask } from "./masks.ts";

/**
 * Returns the class with the largest score at each pixel, the first of equals, from scores [rows·cols, classes]. A pixel's score is a
 * weighted mean of those of two tokens of a line, so where one class is the largest in both there is nothing to compute.
 * @throws S2Error "not-finite" for NaN.
 */
export function largestScores(scores: Float32Array, classes: number, { grid, size }: Pick<ImageTokens, "grid" | "size">): Mask {
  const [height, width] = size;
  const data = new Uint8Array(height * width);
  const [down, along] = [between(grid.rows, height), between(grid.cols, width)];
  const stride = grid.cols * classes;
  const line = new Float64Array(stride);
  const best = new Uint8Array(grid.cols);
  for (let y = 0; y < height; y++) {
    const [above, below, weight] = [down.first[y] * stride, down.second[y] * stride, down.weight[y]];
    for (let i = 0; i < stride; i++) line[i] = (1 - weight) * scores[above + i] + weight * scores[below + i];
    for (let col = 0; col < grid.cols; col++) best[col] = argmax(line, col * classes, classes);
    largestAlong(line, best, classes, along, data, y * width);
  }
  return { width, height, data };
}

/** Writes one line of pixels, from a line of tokens [cols, classes] and the largest class of each. */
function largestAlong(
  line: Float64Array,
  best: Uint8Array,
  classes: number,
  { first, second, weight }: Between,
  data: Uint8Array,
  offset: number,
): void {
  for (let x = 0; x < first.length; x++) {
    const a = first[x] * classes;
    const b = second[x] * classes;
    let winner = best[first[x]];
    if (winner !== best[second[x]]) {
      winner = 0;
      let most = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < classes; k++) {
        const score = (1 - weight[x]) * line[a + k] + weight[x] * line[b + k];
        if (score > most) {
          most = score;
          winner = k;
        }
      }
    }
    data[offset + x] = winner;
  }
}

/** The two tokens that each pixel lies between, and the weight of the second. */
interface Between {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float64Array;
}

/** Computes torch's bilinear interpolation along one side, align_corners false. */
function between(count: number, pixels: number): Between {
  const [first, second, weight] = [new Int32Array(pixels), new Int32Array(pixels), new Float64Array(pixels)];
  for (let i = 0; i < pixels; i++) {
    const at = Math.max(0, ((i + 0.5) * count) / pixels - 0.5);
    first[i] = Math.min(Math.floor(at), count - 1);
    second[i] = Math.min(first[i] + 1, count - 1);
    weight[i] = at - first[i];
  }
  return { first, second, weight };
}
