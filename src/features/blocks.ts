/** Token grids cut into equal blocks and put together again: NVILA's projector sees one block at a time. */
import type { Tensor } from "../core/index.ts";

type Grid = { readonly rows: number; readonly cols: number };

/** Tokens [1, rows·cols, c] of a grid as blocks [blocks, tokens of one, c], row by row. */
export function cutBlocks({ dims, data }: Tensor, grid: Grid, blocks: Grid): Tensor {
  const [, tokens, c] = dims;
  const out = new Float32Array(data.length);
  eachRow(grid, blocks, (inGrid, inBlocks, length) => {
    out.set(data.subarray(inGrid * c, (inGrid + length) * c), inBlocks * c);
  });
  const count = blocks.rows * blocks.cols;
  return { dims: [count, tokens / count, c], data: out };
}

/** Blocks [blocks, tokens of one, c] as tokens [1, rows·cols, c] of the grid that they make. */
export function joinBlocks({ dims, data }: Tensor, grid: Grid, blocks: Grid): Tensor {
  const [count, tokens, c] = dims;
  const out = new Float32Array(data.length);
  eachRow(grid, blocks, (inGrid, inBlocks, length) => {
    out.set(data.subarray(inBlocks * c, (inBlocks + length) * c), inGrid * c);
  });
  return { dims: [1, count * tokens, c], data: out };
}

/** Each row of tokens within a block: where it begins in the grid and in the list of blocks, and its length. */
function eachRow(grid: Grid, blocks: Grid, copy: (inGrid: number, inBlocks: number, length: number) => void): void {
  const [height, width] = [grid.rows / blocks.rows, grid.cols / blocks.cols];
  let inBlocks = 0;
  for (let row = 0; row < blocks.rows; row++) {
    for (let col = 0; col < blocks.cols; col++) {
      for (let y = 0; y < height; y++, inBlocks += width) copy((row * height + y) * grid.cols + col * width, inBlocks, width);
    }
  }
}
