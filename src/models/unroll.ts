/** Hiera's order of tokens (arXiv 2306.00989, appendix A; `Unroll` in its code): those that a query pool makes one of lie a whole pool apart. */
import type { Size } from "./architecture.ts";

/**
 * For each token of a grid (row by row) its place. Each step takes the position within blocks of `stride` x `stride` to the front and
 * leaves the grid of blocks, so that later the maximum over a leading axis of stride² is that over a block.
 */
export function unrolledPlaces([height, width]: Size, stride: number, steps: number): Int32Array {
  return Int32Array.from({ length: height * width }, (_, token) => {
    let [row, col, place] = [Math.floor(token / width), token % width, 0];
    for (let step = 0; step < steps; step++) {
      place = (place * stride + (row % stride)) * stride + (col % stride);
      [row, col] = [Math.floor(row / stride), Math.floor(col / stride)];
    }
    const scale = stride ** steps;
    return (place * (height / scale) + row) * (width / scale) + col;
  });
}

/** The other way round: which token is at each place. */
export function inverse(places: Int32Array): Int32Array {
  const tokens = new Int32Array(places.length);
  places.forEach((place, token) => {
    tokens[place] = token;
  });
  return tokens;
}
