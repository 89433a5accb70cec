/** The two kernels that add a tile's output to the pooled grid as it arrives: for tokens, and for feature maps. */
import type { Links } from "./links.ts";

/** Adds tokens [rows·cols, c] at `from` of `source` to the grid [·, gridCols, c] at `to` of `target`. */
export function addTokens(
  source: Float32Array,
  from: number,
  channels: number,
  rows: Links,
  cols: Links,
  target: Float32Array,
  to: number,
  gridCols: number,
): void {
  const height = rows.first.length;
  const width = cols.first.length;
  for (let y = 0; y < height; y++) {
    for (let j = 0; j < rows.count[y]; j++) {
      const rowWeight = rows.weight[y * rows.reach + j];
      const gridRow = to + (rows.first[y] + j) * gridCols * channels;
      for (let x = 0; x < width; x++) {
        const token = from + (y * width + x) * channels;
        for (let k = 0; k < cols.count[x]; k++) {
          const weight = rowWeight * cols.weight[x * cols.reach + k];
          const cell = gridRow + (cols.first[x] + k) * channels;
          for (let c = 0; c < channels; c++) target[cell + c] += weight * source[token + c];
        }
      }
    }
  }
}

/** Adds a map [c, rows, cols] at `from` of `source` to the map [c, gridRows, gridCols] at `to` of `target`. */
export function addMap(
  source: Float32Array,
  from: number,
  channels: number,
  rows: Links,
  cols: Links,
  target: Float32Array,
  to: number,
  gridRows: number,
  gridCols: number,
): void {
  const height = rows.first.length;
  const width = cols.first.length;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const line = from + (c * height + y) * width;
      for (let j = 0; j < rows.count[y]; j++) {
        const rowWeight = rows.weight[y * rows.reach + j];
        const gridRow = to + (c * gridRows + rows.first[y] + j) * gridCols;
        for (let x = 0; x < width; x++) {
          const value = rowWeight * source[line + x];
          for (let k = 0; k < cols.count[x]; k++) target[gridRow + cols.first[x] + k] += value * cols.weight[x * cols.reach + k];
        }
      }
    }
  }
}

/** Writes a scale's features [b, n, c] (or [b, c, n]) into channels of the output: beside the other scales', or added to them. */
export function mergeScale(
  source: Float32Array,
  blocks: number,
  block: number,
  target: Float32Array,
  stride: number,
  offset: number,
  factor: number,
): void {
  for (let i = 0; i < blocks; i++) {
    const from = i * block;
    const to = i * stride + offset;
    for (let k = 0; k < block; k++) target[to + k] += factor * source[from + k];
  }
}
