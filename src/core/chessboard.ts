/** Cutting images into a chessboard of tiles and putting tiles together again (`split_chessboard`, `merge_chessboard`). */
import { isCount, px, S2Error } from "./error.ts";
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
  const [h, w] = [height / rows, width / cols];
  return { dims: [rows * cols * b, c, h, w], data: reorder(images.data, b * c, rows, cols, h, w, true) };
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
  return { dims: [b, c, rows * h, cols * w], data: reorder(tiles.data, b * c, rows, cols, h, w, false) };
}

/** Copies planes [rows·h, cols·w] to tiles (`split`), or tiles to planes. */
function reorder(
  source: Float32Array,
  planes: number,
  rows: number,
  cols: number,
  h: number,
  w: number,
  split: boolean,
): Float32Array {
  const data = new Float32Array(source.length);
  let i = 0;
  for (let r = 0; r < rows; r++) {
    for (let q = 0; q < cols; q++) {
      for (let plane = 0; plane < planes; plane++) {
        for (let y = 0; y < h; y++, i += w) {
          const at = ((plane * rows + r) * h + y) * cols * w + q * w;
          if (split) data.set(source.subarray(at, at + w), i);
          else data.set(source.subarray(i, i + w), at);
        }
      }
    }
  }
  return data;
}

function wholeGrid(rows: number, cols: number): void {
  if (!isCount(rows, cols))
    throw new S2Error("size", `A chessboard has at least 1 row and 1 column; got ${rows} rows and ${cols} columns.`);
}

/** The multiple of `n` nearest to `size`, at least n. */
export function nearestMultiple(size: number, n: number): number {
  return Math.max(1, Math.round(size / n)) * n;
}
