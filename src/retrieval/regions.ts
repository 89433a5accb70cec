/** Parts of a photo as vectors: windows of its tokens with their boxes, the part under a box, and how alike all tokens are to a vector. */
import { type Box, S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { cellBox, type Place } from "../features/index.ts";
import type { PhotoVectors } from "../tensors/index.ts";

/** Squares of `window` tokens a side, every `stride` tokens and at the far edges. */
export interface Windows {
  readonly window: number;
  readonly stride: number;
}

/** Where the tokens lie in the photo. */
export function placeOf({ place, size: [height, width], grid: { rows, cols } }: PhotoTokens): Place {
  return place ?? { region: { left: 0, top: 0, width, height }, token: [height / rows, width / cols] };
}

/** The mean of each window's tokens, brought to length 1, and its pixels. @throws S2Error "option" for windows that are none. */
export function regionVectors(tokens: PhotoTokens, { window, stride }: Windows): PhotoVectors["regions"] {
  if (!(Number.isInteger(window) && Number.isInteger(stride) && window >= 1 && stride >= 1 && stride <= window)) {
    throw new S2Error(
      "option",
      `Got windows of ${window} tokens every ${stride}; expected whole numbers from 1, the step at most the window, or parts would be missed.`,
    );
  }
  const { grid, channels } = tokens;
  const place = placeOf(tokens);
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
      const box = cellBox(place, top, left, high, wide);
      boxes.set([box.left, box.top, box.width, box.height], 4 * at++);
    }
  }
  return { vectors, boxes };
}

/** First tokens of windows along a side; the last one ends where the side ends. */
function starts(side: number, window: number, stride: number): number[] {
  const all = Array.from({ length: Math.floor((side - window) / stride) + 1 }, (_, i) => i * stride);
  return all.at(-1) === side - window ? all : [...all, side - window];
}

/**
 * The part under a box as a vector of length 1: the mean of its tokens, each weighted by how much of it lies in the box.
 * @throws S2Error "outside" where the model saw nothing.
 */
export function regionVector(tokens: PhotoTokens, box: Box): Float32Array {
  const place = placeOf(tokens);
  const vector = new Float32Array(tokens.channels);
  let seen = 0;
  for (let row = 0; row < tokens.grid.rows; row++) {
    for (let col = 0; col < tokens.grid.cols; col++) {
      const cell = cellBox(place, row, col);
      const part = (shared(cell, box, "left", "width") * shared(cell, box, "top", "height")) / (cell.width * cell.height);
      if (!(part > 0)) continue;
      seen += part;
      add(tokens, row, col, part, vector);
    }
  }
  if (seen > 0) return unit(vector);
  const { left, top, width, height } = place.region;
  throw new S2Error(
    "outside",
    `The box ${box.left},${box.top},${box.width},${box.height} (left, top, width, height) has nothing that the model saw; ` +
      `expected a part of ${left},${top},${width},${height}, in the photo's pixels.`,
  );
}

/** The window of tokens around a pixel, moved inwards at the edges. @throws S2Error "outside" where the model saw nothing. */
export function boxAround(tokens: PhotoTokens, x: number, y: number, window: number): Box {
  const { region, token } = placeOf(tokens);
  const { rows, cols } = tokens.grid;
  if (!(x >= region.left && y >= region.top && x <= region.left + region.width && y <= region.top + region.height)) {
    throw new S2Error(
      "outside",
      `The point ${x}, ${y} is outside what the model saw: ${region.left} to ${region.left + region.width} across, ` +
        `${region.top} to ${region.top + region.height} down, in the photo's pixels.`,
    );
  }
  const start = (place: number, side: number, count: number) =>
    Math.max(0, Math.min(count - Math.min(window, count), Math.min(count - 1, Math.floor(place / side)) - ((window - 1) >> 1)));
  const row = start(y - region.top, token[0], rows);
  const col = start(x - region.left, token[1], cols);
  return cellBox({ region, token }, row, col, Math.min(window, rows), Math.min(window, cols));
}

/** Cosine of every token of the grid with a vector of length 1, row by row. */
export function similarities({ data, channels, prefix, grid }: PhotoTokens, vector: Float32Array): Float32Array {
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

/** Brings a vector to length 1 where it lies; one of zeros stays. */
export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (let c = 0; c < vector.length; c++) squares += vector[c] * vector[c];
  if (squares === 0) return vector;
  const factor = 1 / Math.sqrt(squares);
  for (let c = 0; c < vector.length; c++) vector[c] *= factor;
  return vector;
}

function add({ data, channels, prefix, grid }: PhotoTokens, row: number, col: number, weight: number, sum: Float32Array): void {
  const from = (prefix + row * grid.cols + col) * channels;
  for (let c = 0; c < channels; c++) sum[c] += weight * data[from + c];
}

/** Pixels that two boxes share along a side. */
function shared(a: Box, b: Box, from: "left" | "top", length: "width" | "height"): number {
  return Math.max(0, Math.min(a[from] + a[length], b[from] + b[length]) - Math.max(a[from], b[from]));
}
