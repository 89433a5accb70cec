/** From scores of tokens to the class of every pixel: enlarged bilinearly as `resize` does, and the largest taken, without the enlarged planes. */
import { argmax } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import type { Mask } from "./masks.ts";

/**
 * The class with the largest score at each pixel, the first of equals, from scores [rows·cols, classes]. Along a line a pixel's score is
 * a mean of two tokens' with the same weights for all classes, so where one class is the largest in both there is nothing to compute.
 * @throws S2Error "not-finite" for NaN.
 */
export function largestScores(scores: Float32Array, classes: number, { grid, size }: Pick<PhotoTokens, "grid" | "size">): Mask {
  const [height, width] = size;
  const data = new Uint8Array(height * width);
  const [down, along] = [between(grid.rows, height), between(grid.cols, width)];
  const stride = grid.cols * classes;
  const line = new Float64Array(stride);
  const best = new Uint8Array(grid.cols);
  for (let y = 0; y < height; y++) {
    const [above, below, part] = [down.first[y] * stride, down.second[y] * stride, down.part[y]];
    for (let i = 0; i < stride; i++) line[i] = (1 - part) * scores[above + i] + part * scores[below + i];
    for (let col = 0; col < grid.cols; col++) best[col] = argmax(line, col * classes, classes);
    largestAlong(line, best, classes, along, data, y * width);
  }
  return { width, height, data };
}

/** One line of pixels, from a line of tokens [cols, classes] and the largest of each. */
function largestAlong(
  line: Float64Array,
  best: Uint8Array,
  classes: number,
  { first, second, part }: Between,
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
        const score = (1 - part[x]) * line[a + k] + part[x] * line[b + k];
        if (score > most) {
          most = score;
          winner = k;
        }
      }
    }
    data[offset + x] = winner;
  }
}

/** Of each pixel: the two tokens that it lies between, and how far towards the second. */
interface Between {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly part: Float64Array;
}

/** torch's bilinear interpolation along one side, align_corners false. */
function between(count: number, pixels: number): Between {
  const [first, second, part] = [new Int32Array(pixels), new Int32Array(pixels), new Float64Array(pixels)];
  for (let i = 0; i < pixels; i++) {
    const at = Math.max(0, ((i + 0.5) * count) / pixels - 0.5);
    first[i] = Math.min(Math.floor(at), count - 1);
    second[i] = Math.min(first[i] + 1, count - 1);
    part[i] = at - first[i];
  }
  return { first, second, part };
}
