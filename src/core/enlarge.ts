/** Tiles that are not run: their tokens are those of the scale before, enlarged bilinearly. */
import { type Grid, tokenStart } from "./layout.ts";
import { type Axis, linkTiles } from "./links.ts";
import type { TileOutput } from "./output.ts";
import { addMap, addTokens } from "./pool.ts";
import { type Pooling, pooling, scaleAxes } from "./pooling.ts";
import type { S2Plan, Tensor } from "./types.ts";

/** A scale on its own grid, [b, prefix + rows·cols, c] or [b, c, rows, cols]. */
export interface StitchedScale extends Pooling {
  readonly features: Tensor;
  /** Tokens of one of its tiles. */
  readonly tileGrid: Grid;
}

/** Pools the tiles of scale `index` onto that scale's own grid, that is, stitches them. */
export function stitching(plan: S2Plan, index: number, tileGrid: Grid): Pooling & { tileGrid: Grid } {
  return { ...pooling({ ...plan, outputScale: index }, index, tileGrid, tileGrid), tileGrid };
}

/** Enlarges the scale before `index` to that scale's grid, whose tiles have `tileGrid` tokens; returns what one of its tiles has of it, for every image. */
export function enlargeTokens(plan: S2Plan, index: number, coarser: StitchedScale, tileGrid: Grid): (tile: number) => TileOutput {
  const { dims, data } = coarser.features;
  const from = scaleAxes(plan, index - 1, coarser.tileGrid);
  const onto = scaleAxes(plan, index, tileGrid);
  const [rows, cols] = [onto.rows.cells, onto.cols.cells];
  const [rowLinks] = linkTiles(asOneTile(from.rows), onto.rows, "bilinear");
  const [colLinks] = linkTiles(asOneTile(from.cols), onto.cols, "bilinear");
  const isMap = plan.outputShape === "bchw";
  const [batch, channels] = [dims[0], isMap ? dims[1] : dims[2]];
  const prefix = isMap ? 0 : plan.numPrefixToken * channels;
  const [each, enlargedEach] = [data.length / batch, prefix + rows * cols * channels];
  const enlarged = new Float32Array(batch * enlargedEach);
  for (let image = 0; image < batch; image++) {
    const [source, target] = [image * each, image * enlargedEach];
    if (isMap) addMap(data, source, channels, rowLinks, colLinks, enlarged, target, rows, cols);
    else addTokens(data, source + prefix, channels, rowLinks, colLinks, enlarged, target + prefix, cols);
    enlarged.set(data.subarray(source, source + prefix), target);
  }
  const scale = plan.scales[index];
  return (tile) => {
    const top = tokenStart(scale.rowStarts[Math.floor(tile / scale.cols)], scale.tile[0], tileGrid.rows);
    const left = tokenStart(scale.colStarts[tile % scale.cols], scale.tile[1], tileGrid.cols);
    // Tokens of padding stay zero; the pooling does not read them.
    const [height, width] = [Math.min(tileGrid.rows, rows - top), Math.min(tileGrid.cols, cols - left)];
    const tileEach = prefix + tileGrid.rows * tileGrid.cols * channels;
    const out = new Float32Array(batch * tileEach);
    // A map is `channels` planes of single numbers, tokens are one plane of `channels` numbers.
    const [planes, numbers] = isMap ? [channels, 1] : [1, channels];
    for (let image = 0; image < batch; image++) {
      const start = image * enlargedEach;
      out.set(enlarged.subarray(start, start + prefix), image * tileEach);
      for (let plane = 0; plane < planes; plane++) {
        for (let y = 0; y < height; y++) {
          const at = start + prefix + ((plane * rows + top + y) * cols + left) * numbers;
          const to = image * tileEach + prefix + (plane * tileGrid.rows + y) * tileGrid.cols * numbers;
          out.set(enlarged.subarray(at, at + width * numbers), to);
        }
      }
    }
    return { grid: tileGrid, channels, data: out };
  };
}

/** A stitched axis as if one tile had made it. */
const asOneTile = ({ tile, tokens, cells, filled }: Axis): Axis => ({
  starts: [0],
  tile: (tile / tokens) * cells,
  tokens: cells,
  cells,
  filled,
});
