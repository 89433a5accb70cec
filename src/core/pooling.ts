/** Placement of a scale's tokens on the output's grid, and the weights of each tile's prefix tokens. */
import { croppedGrid, type Grid } from "./layout.ts";
import { type Axis, type Links, linkTiles } from "./links.ts";
import type { S2Plan } from "./types.ts";
import { coverage } from "./warnings.ts";

export interface Pooling {
  /** For each row of tiles, where its rows of tokens go. */
  readonly rows: readonly Links[];
  readonly cols: readonly Links[];
  /** A tile's part in the mean of prefix tokens. */
  readonly prefixWeights: readonly number[];
  /** The output's. */
  readonly grid: Grid;
}

/** Pools scale `index`, whose tiles have `grid` tokens each, onto the output's grid; the output scale's tiles have `outputTileGrid`. */
export function pooling(plan: S2Plan, index: number, grid: Grid, outputTileGrid: Grid): Pooling {
  const from = scaleAxes(plan, index, grid);
  const onto = scaleAxes(plan, plan.outputScale, outputTileGrid);
  const covered = plan.fusion === "reference" ? plan.scales[index].tiles.map(() => 1) : coverage(plan.scales[index]);
  const all = covered.reduce((sum, fraction) => sum + fraction, 0);
  return {
    rows: linkTiles(from.rows, onto.rows, plan.fusion),
    cols: linkTiles(from.cols, onto.cols, plan.fusion),
    prefixWeights: covered.map((fraction) => fraction / all),
    grid: { rows: onto.rows.cells, cols: onto.cols.cells },
  };
}

/** The axes of a scale whose tiles have `grid` tokens each. */
export function scaleAxes(plan: S2Plan, index: number, grid: Grid): { rows: Axis; cols: Axis } {
  const scale = plan.scales[index];
  const { rows, cols } = croppedGrid(scale, grid, plan);
  const filled = [scale.canvas[0] - scale.padding[0], scale.canvas[1] - scale.padding[1]];
  return {
    rows: { starts: scale.rowStarts, tile: scale.tile[0], tokens: grid.rows, cells: rows, filled: filled[0] },
    cols: { starts: scale.colStarts, tile: scale.tile[1], tokens: grid.cols, cells: cols, filled: filled[1] },
  };
}
