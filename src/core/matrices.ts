/**
 * A plan as matrices. Resizing, padding and cutting tiles, stitching, blending and pooling are all linear and separate into rows and
 * columns, so each scale is two matrices on the way to the model and two on the way back. For graphs and other runtimes.
 */
import type { Grid } from "./layout.ts";
import type { Links } from "./links.ts";
import { pooling } from "./pooling.ts";
import { filters } from "./resize.ts";
import { taps } from "./taps.ts";
import type { S2Plan, ScalePlan } from "./types.ts";

/** Row-major. */
export interface Matrix {
  readonly dims: readonly [rows: number, cols: number];
  readonly data: Float32Array;
}

export interface ScaleMatrices {
  /** [rows·tile height, image height]: from the image's lines to those of each row of tiles, one row of tiles after another. */
  readonly cutRows: Matrix;
  readonly cutCols: Matrix;
  /** [output rows, rows·token rows of a tile]: from stitched tokens, tile by tile, to the output's grid. */
  readonly poolRows: Matrix;
  readonly poolCols: Matrix;
  /** A tile's part in the mean of prefix tokens. */
  readonly prefixWeights: readonly number[];
}

/** Scale `index` of a plan whose model gives `tileGrid(scale)` tokens for a tile of that scale. */
export function scaleMatrices(plan: S2Plan, index: number, tileGrid: (scale: ScalePlan) => Grid): ScaleMatrices {
  const scale = plan.scales[index];
  const { rows, cols, prefixWeights, grid } = pooling(plan, index, tileGrid(scale), tileGrid(plan.scales[plan.outputScale]));
  return {
    cutRows: cutMatrix(plan, scale, 0),
    cutCols: cutMatrix(plan, scale, 1),
    poolRows: poolMatrix(rows, grid.rows),
    poolCols: poolMatrix(cols, grid.cols),
    prefixWeights,
  };
}

/** Zeros where a tile reaches into the padding. */
function cutMatrix(plan: S2Plan, scale: ScalePlan, axis: 0 | 1): Matrix {
  const [image, tile] = [plan.image[axis], scale.tile[axis]];
  const lines = resizedLines(plan, scale, axis);
  const starts = axis === 0 ? scale.rowStarts : scale.colStarts;
  const data = new Float32Array(starts.length * tile * image);
  starts.forEach((start, i) => {
    for (let y = 0; y < tile && start + y < lines.length / image; y++) {
      const from = (start + y) * image;
      data.set(lines.subarray(from, from + image), (i * tile + y) * image);
    }
  });
  return { dims: [starts.length * tile, image], data };
}

/** [side of the scale, image side]: resized once, or in "resize" mode twice, as `s2` does. */
function resizedLines(plan: S2Plan, { size, canvas }: ScalePlan, axis: 0 | 1): Float64Array {
  const { image, splitMode } = plan;
  const once = tapsMatrix(image[axis], size[axis], filters(plan, image, size));
  if (splitMode !== "resize") return once;
  return product(tapsMatrix(size[axis], canvas[axis], filters(plan, size, canvas)), once, size[axis], image[axis]);
}

function tapsMatrix(from: number, to: number, antialias: boolean): Float64Array {
  const matrix = new Float64Array(to * from);
  if (from === to) {
    for (let i = 0; i < to; i++) matrix[i * from + i] = 1;
    return matrix;
  }
  const { count, first, weight } = taps(from, to, "bicubic", antialias);
  for (let i = 0; i < to; i++) {
    for (let k = 0; k < count; k++) matrix[i * from + first[i] + k] = weight[i * count + k];
  }
  return matrix;
}

/** [n, inner] times [inner, cols]; most of the left is zeros. */
function product(left: Float64Array, right: Float64Array, inner: number, cols: number): Float64Array {
  const rows = left.length / inner;
  const result = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const weight = left[i * inner + k];
      if (weight !== 0) for (let j = 0; j < cols; j++) result[i * cols + j] += weight * right[k * cols + j];
    }
  }
  return result;
}

function poolMatrix(tiles: readonly Links[], cells: number): Matrix {
  const tokens = tiles[0].first.length;
  const width = tiles.length * tokens;
  const data = new Float32Array(cells * width);
  tiles.forEach(({ reach, first, count, weight }, tile) => {
    for (let y = 0; y < tokens; y++) {
      for (let k = 0; k < count[y]; k++) data[(first[y] + k) * width + tile * tokens + y] = weight[y * reach + k];
    }
  });
  return { dims: [cells, width], data };
}
