/** Cutting images into a chessboard of tiles and putting tiles together again (`split_chessboard`, `merge_chessboard`). */
import { px, S2Error } from "./error.ts";
import { imageDims } from "./resize.ts";
import type { Tensor } from "./types.ts";

/**
 * Cuts images [b, c, rows·h, cols·w] into tiles [rows·cols·b, c, h, w], ordered (row, column, image): image fastest.
 * @throws S2Error "not-divisible" when the height is no multiple of rows or the width none of cols.
 */
export function splitChessboard(images: Tensor, rows: number, cols: number): Tensor {
  const [b, c, height, width] = imageDims(images);
  wholeGrid(rows, cols);
  if (height % rows !== 0 || width % cols !== 0) {
    throw new S2Error(
      "not-divisible",
      `splitChessboard: ${px([height, width])} px does not divide evenly into ${rows} rows and ${cols} columns; ` +
        `the nearest that does is ${px([nearestMultiple(height, rows), nearestMultiple(width, cols)])}.`,
    );
  }
  const h = height / rows;
  const w = width / cols;
  const data = new Float32Array(images.data.length);
  let to = 0;
  for (let r = 0; r < rows; r++) {
    for (let q = 0; q < cols; q++) {
      for (let plane = 0; plane < b * c; plane++) {
        const corner = (plane * height + r * h) * width + q * w;
        for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) data[to++] = images.data[corner + y * width + x];
      }
    }
  }
  return { dims: [rows * cols * b, c, h, w], data };
}

/**
 * Puts tiles [rows·cols·b, c, h, w] in (row, column, image) order together to [b, c, rows·h, cols·w]; undoes `splitChessboard`.
 * @throws S2Error "not-divisible" when the number of tiles is no multiple of rows·cols.
 */
export function mergeChessboard(tiles: Tensor, rows: number, cols: number): Tensor {
  const [n, c, h, w] = imageDims(tiles);
  wholeGrid(rows, cols);
  if (n % (rows * cols) !== 0) {
    throw new S2Error("not-divisible", `mergeChessboard: ${n} tiles are no multiple of ${rows} rows x ${cols} columns.`);
  }
  const b = n / (rows * cols);
  const [height, width] = [rows * h, cols * w];
  const data = new Float32Array(tiles.data.length);
  let from = 0;
  for (let r = 0; r < rows; r++) {
    for (let q = 0; q < cols; q++) {
      for (let plane = 0; plane < b * c; plane++) {
        const corner = (plane * height + r * h) * width + q * w;
        for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) data[corner + y * width + x] = tiles.data[from++];
      }
    }
  }
  return { dims: [b, c, height, width], data };
}

function wholeGrid(rows: number, cols: number): void {
  if (!(Number.isInteger(rows) && Number.isInteger(cols) && rows > 0 && cols > 0)) {
    throw new S2Error(
      "size",
      `A chessboard has whole numbers of rows and columns, at least 1; got ${rows} rows and ${cols} columns.`,
    );
  }
}

/** The multiple of `n` nearest to `size`, at least n. */
export function nearestMultiple(size: number, n: number): number {
  return Math.max(1, Math.round(size / n)) * n;
}
