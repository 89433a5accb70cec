/** Windows of a token grid (Swin, sections 3.1 and 3.2), shifted or not: the order of tokens in them and relative positions. */
import type { Size } from "./architecture.ts";

/** Settings for cutting a grid: windows of `size` tokens, of the grid rolled up and left by `shift`. */
export interface Cut {
  readonly size: Size;
  readonly shift: Size;
  /** The grid is padded to whole windows before it is rolled (transformers), or after (timm). */
  readonly padsFirst: boolean;
}

export interface Windows {
  readonly size: Size;
  readonly count: number;
  /** The token at each position, window by window; one past the last where the grid was padded. */
  readonly order: Int32Array;
  /** The position of each token. */
  readonly positions: Int32Array;
  /** For rolled grids: only tokens with the same number see each other. */
  readonly regions?: Int32Array;
}

/** Cuts `grid` into windows, row by row, each token by token. */
export function cutWindows(grid: Size, { size, shift, padsFirst }: Cut): Windows {
  const counts = grid.map((side, axis) => Math.ceil(side / size[axis]));
  const padded = counts.map((count, axis) => count * size[axis]);
  const [rows, cols] = [0, 1].map((axis) => rolled(grid[axis], padded[axis], shift[axis], padsFirst));
  const [rowRegions, colRegions] = [0, 1].map((axis) => regionsOf(padded[axis], size[axis], shift[axis]));
  const order = new Int32Array(padded[0] * padded[1]);
  const regions = new Int32Array(order.length);
  const positions = new Int32Array(grid[0] * grid[1]);
  let position = 0;
  for (const [row, col] of cells(counts, size)) {
    const inside = rows[row] < grid[0] && cols[col] < grid[1];
    order[position] = inside ? rows[row] * grid[1] + cols[col] : positions.length;
    if (inside) positions[order[position]] = position;
    regions[position++] = rowRegions[row] * 3 + colRegions[col];
  }
  const shifted = shift[0] > 0 || shift[1] > 0;
  return { size, count: counts[0] * counts[1], order, positions, ...(shifted && { regions }) };
}

/** [row, col] of the padded grid, window by window. */
function* cells(counts: readonly number[], [height, width]: Size): Generator<Size> {
  for (let top = 0; top < counts[0] * height; top += height) {
    for (let left = 0; left < counts[1] * width; left += width) {
      for (let row = top; row < top + height; row++) {
        for (let col = left; col < left + width; col++) yield [row, col];
      }
    }
  }
}

/** Along one axis: the position before padding and roll of each position after them; positions from `side` on are padding. */
function rolled(side: number, padded: number, shift: number, padsFirst: boolean): number[] {
  const length = padsFirst ? padded : side;
  return Array.from({ length: padded }, (_, at) => (at < length ? (at + shift) % length : at));
}

/** Along one axis of the rolled grid: 0 for complete windows, then, in the last window, 1 before and 2 after the seam. */
function regionsOf(padded: number, size: number, shift: number): number[] {
  return Array.from({ length: padded }, (_, at) => (shift === 0 || at < padded - size ? 0 : at < padded - shift ? 1 : 2));
}

/** The row in the table of relative positions of every pair of a window's tokens, [area · area]: offsets (1 - h, 1 - w) to (h - 1, w - 1). */
export function relativePositions([height, width]: Size): Int32Array {
  const area = height * width;
  return Int32Array.from({ length: area * area }, (_, pair) => {
    const [from, to] = [Math.floor(pair / area), pair % area];
    const down = Math.floor(from / width) - Math.floor(to / width) + height - 1;
    const right = (from % width) - (to % width) + width - 1;
    return down * (2 * width - 1) + right;
  });
}

/** The four tokens that are merged into each cell: (0, 0), (1, 0), (0, 1), (1, 1); a map with odd sides is padded with zeros. */
export function mergeOrder([height, width]: Size): Int32Array {
  const [rows, cols] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  return Int32Array.from({ length: rows * cols * 4 }, (_, at) => {
    const [cell, corner] = [at >> 2, at & 3];
    const row = 2 * Math.floor(cell / cols) + (corner & 1);
    const col = 2 * (cell % cols) + (corner >> 1);
    return row < height && col < width ? row * width + col : height * width;
  });
}
