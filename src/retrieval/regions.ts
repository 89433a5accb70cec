/** Vectors of regions of an image: windows of its tokens, boxes, and the similarity of all tokens to a vector. */
import { type Box, S2Error } from "../core/index.ts";
import { cellBox, type GridGeometry, type ImageTokens } from "../features/index.ts";
import type { ImageVectors } from "../tensors/index.ts";

/** Square windows of tokens, at every `stride` and at the far edges. */
export interface Windows {
  /** Tokens a side. */
  readonly window: number;
  /** Tokens from one window to the next, at most `window`. */
  readonly stride: number;
}

/** Returns the location of the tokens in the image. */
export function gridGeometryOf({ gridGeometry, size: [height, width], grid: { rows, cols } }: ImageTokens): GridGeometry {
  return gridGeometry ?? { region: { left: 0, top: 0, width, height }, token: [height / rows, width / cols] };
}

/** Returns the mean of each window's tokens, scaled to length 1, and its box in pixels. @throws S2Error "option" for invalid windows. */
export function regionVectors(tokens: ImageTokens, { window, stride }: Windows): ImageVectors["regions"] {
  if (!(Number.isInteger(window) && Number.isInteger(stride) && window >= 1 && stride >= 1 && stride <= window)) {
    throw new S2Error(
      "option",
      `Got windows of ${window} tokens every ${stride}; expected whole numbers from 1, the step at most the window, so that no token is missed.`,
    );
  }
  const { grid, channels } = tokens;
  const geometry = gridGeometryOf(tokens);
  const [high, wide] = [Math.min(window, grid.rows), Math.min(window, grid.cols)];
  const tops = starts(grid.rows, high, stride);
  const lefts = starts(grid.cols, wide, stride);
  const vectors = new Float32Array(tops.length * lefts.length * channels);
  const boxes = new Float64Array(tops.length * lefts.length * 4);
  let at = 0;
  for (const top of tops) {
    for (const left of lefts) {
      const vector = vectors.subarray(at * channels, (at + 1) * channels);
      for (let row = top; row < top + high; row++)
        for (let col = left; col < left + wide; col++) add(tokens, row, col, 1, vector);
      unit(vector);
      const box = cellBox(geometry, top, left, high, wide);
      boxes.set([box.left, box.top, box.width, box.height], 4 * at++);
    }
  }
  return { vectors, boxes };
}

/** Returns the first tokens of the windows along a side; the last window ends where the side ends. */
function starts(side: number, window: number, stride: number): number[] {
  const all = Array.from({ length: Math.floor((side - window) / stride) + 1 }, (_, i) => i * stride);
  return all.at(-1) === side - window ? all : [...all, side - window];
}

/**
 * Returns the vector of a box, of length 1: the mean of its tokens, each weighted by the fraction of its area in the box.
 * @throws S2Error "outside" for a box outside the part of the image that the model saw.
 */
export function regionVector(tokens: ImageTokens, box: Box): Float32Array {
  const geometry = gridGeometryOf(tokens);
  const vector = new Float32Array(tokens.channels);
  let seen = 0;
  for (let row = 0; row < tokens.grid.rows; row++) {
    for (let col = 0; col < tokens.grid.cols; col++) {
      const cell = cellBox(geometry, row, col);
      const fraction = (shared(cell, box, "left", "width") * shared(cell, box, "top", "height")) / (cell.width * cell.height);
      if (!(fraction > 0)) continue;
      seen += fraction;
      add(tokens, row, col, fraction, vector);
    }
  }
  if (seen > 0) return unit(vector);
  const { left, top, width, height } = geometry.region;
  throw new S2Error(
    "outside",
    `The box ${box.left},${box.top},${box.width},${box.height} (left, top, width, height) is outside what the model saw; ` +
      `expected a box in ${left},${top},${width},${height}, in the image's pixels.`,
  );
}

/**
 * Returns the box of the window of tokens around a pixel, moved inwards at the edges.
 * @throws S2Error "outside" for a point outside the part of the image that the model saw.
 */
export function boxAround(tokens: ImageTokens, x: number, y: number, window: number): Box {
  const { region, token } = gridGeometryOf(tokens);
  const { rows, cols } = tokens.grid;
  if (!(x >= region.left && y >= region.top && x <= region.left + region.width && y <= region.top + region.height)) {
    throw new S2Error(
      "outside",
      `The point ${x}, ${y} is outside what the model saw: ${region.left} to ${region.left + region.width} across, ` +
        `${region.top} to ${region.top + region.height} down, in the image's pixels.`,
    );
  }
  const start = (offset: number, side: number, count: number) => {
    const middle = Math.min(count - 1, Math.floor(offset / side));
    return Math.max(0, Math.min(count - Math.min(window, count), middle - ((window - 1) >> 1)));
  };
  const row = start(y - region.top, token[0], rows);
  const col = start(x - region.left, token[1], cols);
  return cellBox({ region, token }, row, col, Math.min(window, rows), Math.min(window, cols));
}

/** Returns the cosine of every token of the grid with a vector of length 1, row by row. */
export function similarities({ data, channels, prefix, grid }: ImageTokens, vector: Float32Array): Float32Array {
  const result = new Float32Array(grid.rows * grid.cols);
  for (let cell = 0, at = prefix * channels; cell < result.length; cell++) {
    let [dot, squares] = [0, 0];
    for (let c = 0; c < channels; c++, at++) {
      dot += data[at] * vector[c];
      squares += data[at] * data[at];
    }
    result[cell] = squares > 0 ? dot / Math.sqrt(squares) : 0;
  }
  return result;
}

/** Scales a vector to length 1 in place; zeros stay. */
export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (let c = 0; c < vector.length; c++) squares += vector[c] * vector[c];
  if (squares === 0) return vector;
  const factor = 1 / Math.sqrt(squares);
  for (let c = 0; c < vector.length; c++) vector[c] *= factor;
  return vector;
}

/** Adds a token to a sum. */
function add({ data, channels, prefix, grid }: ImageTokens, row: number, col: number, weight: number, sum: Float32Array): void {
  const from = (prefix + row * grid.cols + col) * channels;
  for (let c = 0; c < channels; c++) sum[c] += weight * data[from + c];
}

/** Returns the overlap of two boxes along a side, in pixels. */
function shared(a: Box, b: Box, from: "left" | "top", length: "width" | "height"): number {
  return Math.max(0, Math.min(a[from] + a[length], b[from] + b[length]) - Math.max(a[from], b[from]));
}
