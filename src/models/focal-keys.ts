/** The keys of Focal Transformer's windows (arXiv 2107.00641, section 3.2): their own tokens, a ring around them, and pooled tokens further off. */
import type { Size } from "./architecture.ts";
import type { Windows } from "./windows.ts";

/** Tokens around a window that are keys of its queries. */
export interface Ring {
  /** Rows and columns from the window's first token, [keys][down, right]. */
  readonly offsets: readonly Size[];
  /** The columns of the stored table for each: the four copies that the authors make of the map overlap. */
  readonly columns: readonly (readonly number[])[];
}

/** The ring of width `reach` around a window of `side` tokens, in the authors' order: copies moved by ±reach, of each what is outside. */
export function ringOf(side: number, reach: number): Ring {
  const found = new Map<string, { offset: Size; columns: number[] }>();
  let column = 0;
  for (const [down, right] of [
    [reach, reach],
    [reach, -reach],
    [-reach, reach],
    [-reach, -reach],
  ]) {
    for (let row = 0; row < side; row++) {
      for (let col = 0; col < side; col++) {
        const offset: Size = [row + down, col + right];
        if (offset.every((at) => at >= 0 && at < side)) continue;
        const key = String(offset);
        if (!found.has(key)) found.set(key, { offset, columns: [] });
        found.get(key)!.columns.push(column++);
      }
    }
  }
  const keys = [...found.values()];
  return { offsets: keys.map(({ offset }) => offset), columns: keys.map(({ columns }) => columns) };
}

/** A level of pooled tokens: `scale` x `scale` for each window; windows see a square of `side` x `side` of them. */
export interface Level {
  readonly scale: number;
  readonly side: number;
  /** The side of the squares of tokens that are pooled into one. */
  readonly pooled: number;
}

/** The grid of windows: tokens are counted window by window. */
export interface WindowGrid {
  readonly rows: number;
  readonly cols: number;
  readonly side: number;
}

export function windowGrid(grid: Size, { size: [side] }: Windows): WindowGrid {
  return { rows: Math.ceil(grid[0] / side), cols: Math.ceil(grid[1] / side), side };
}

/** The number of the token at a row and column of the padded, rolled grid. */
function tokenAt({ cols, side }: WindowGrid, row: number, col: number): number {
  const window = Math.floor(row / side) * cols + Math.floor(col / side);
  return (window * side + (row % side)) * side + (col % side);
}

/** The tokens of each pooled square, one square after another; the number after the last token stands for zeros around the grid. */
export function pooledOrder(grid: WindowGrid, { scale, pooled }: Level): Int32Array {
  const sides = [grid.rows, grid.cols].map((count) => count * grid.side);
  const counts = [grid.rows, grid.cols].map((count) => count * scale);
  // The squares lie around the middle: of a larger grid the border is left out, a smaller one is padded.
  const starts = counts.map((count, axis) => Math.trunc((sides[axis] - count * pooled) / 2));
  const order = new Int32Array(counts[0] * counts[1] * pooled * pooled);
  let at = 0;
  for (let top = 0; top < counts[0]; top++) {
    for (let left = 0; left < counts[1]; left++) {
      for (let y = 0; y < pooled; y++) {
        for (let x = 0; x < pooled; x++) {
          const [row, col] = [starts[0] + top * pooled + y, starts[1] + left * pooled + x];
          const inside = row >= 0 && col >= 0 && row < sides[0] && col < sides[1];
          order[at++] = inside ? tokenAt(grid, row, col) : sides[0] * sides[1];
        }
      }
    }
  }
  return order;
}

export interface Keys {
  /** The keys of all windows, [windows, count]: numbers of tokens, then of the levels' pooled tokens. */
  readonly order: Int32Array;
  readonly count: number;
  /** True for places outside of the grid of pooled tokens, [windows, count]. */
  readonly outside: Uint8Array;
}

/** Lists each window's tokens, the ring around it (which wraps around the grid), and the levels' pooled tokens. */
export function keysOf(grid: WindowGrid, ring: Ring | undefined, levels: readonly Level[]): Keys {
  const { rows, cols, side } = grid;
  const area = side * side;
  const around = ring?.offsets ?? [];
  const count = area + around.length + levels.reduce((sum, level) => sum + level.side ** 2, 0);
  const order = new Int32Array(rows * cols * count);
  const outside = new Uint8Array(order.length);
  const wrapped = (at: number, length: number) => ((at % length) + length) % length;
  let at = 0;
  for (let window = 0; window < rows * cols; window++) {
    const [row, col] = [Math.floor(window / cols), window % cols];
    for (let token = 0; token < area; token++) order[at++] = window * area + token;
    for (const [down, right] of around)
      order[at++] = tokenAt(grid, wrapped(row * side + down, rows * side), wrapped(col * side + right, cols * side));
    let first = rows * cols * area;
    for (const level of levels) {
      const [height, width] = [rows * level.scale, cols * level.scale];
      const [top, left] = [firstSeen(row, level), firstSeen(col, level)];
      for (let y = top; y < top + level.side; y++) {
        for (let x = left; x < left + level.side; x++) {
          const inside = y >= 0 && x >= 0 && y < height && x < width;
          outside[at] = inside ? 0 : 1;
          order[at++] = inside ? first + y * width + x : 0;
        }
      }
      first += height * width;
    }
  }
  return { order, count, outside };
}

/** The first row (or column) of pooled tokens that a window in row `at` sees: as the authors' unfolding does, whose squares are one larger above. */
function firstSeen(at: number, { scale, side }: Level): number {
  const unfolded = side + scale - 1;
  return at * scale - (Math.floor(unfolded / 2) - (scale - 1));
}
