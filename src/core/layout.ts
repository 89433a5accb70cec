/** Layout of the tiles of one scale: starts in the canvas, boxes in the image, the token grid after stitching. */
import { badOption, S2Error } from "./error.ts";
import type { Box, S2Plan, ScalePlan, Traits } from "./types.ts";

type Size = readonly [height: number, width: number];
export type Grid = { readonly rows: number; readonly cols: number };

/** Lays tiles over a canvas that `image` fills down to `size`; with `overlap` (in tokens), or where no whole number of tiles fills the canvas, more tiles, evenly spread, share margins. */
export function layOut(image: Size, size: Size, canvas: Size, tile: Size, overlap: number, patchSize?: number): ScalePlan {
  const rowStarts = starts(canvas[0], tile[0], overlap, patchSize);
  const colStarts = starts(canvas[1], tile[1], overlap, patchSize);
  const [rows, cols] = [rowStarts.length, colStarts.length];
  const padding = [canvas[0] - size[0], canvas[1] - size[1]] as const;
  const tiles: Box[] = [];
  for (const y of rowStarts) for (const x of colStarts) tiles.push(boxOf(y, x, image, size, tile));
  return { size, canvas, padding, rows, cols, tile, rowStarts, colStarts, tiles };
}

// Tiles must begin on a token, so that overlapping tiles speak of the same pixels token by token.
function starts(canvas: number, tile: number, overlap: number, patchSize?: number): number[] {
  if (overlap === 0 && canvas % tile === 0) return Array.from({ length: canvas / tile }, (_, i) => i * tile);
  if (patchSize === undefined) {
    throw new S2Error(
      "overlap",
      'Tiles share whole tokens with overlap and with splitMode "cover", so the model\'s traits must have patchSize; they do not.',
      { option: ["overlap", "splitMode", "patchSize"] },
    );
  }
  if (tile % patchSize !== 0 || canvas % patchSize !== 0) {
    throw new S2Error(
      "overlap",
      `Tiles with common tokens need sizes of whole tokens: a tile of ${tile} px or a side of ${canvas} px is no multiple of the patch of ${patchSize} px.`,
      { option: ["overlap", "splitMode"] },
    );
  }
  const [all, grid] = [canvas / patchSize, tile / patchSize];
  if (overlap >= grid) {
    throw badOption("overlap", "overlap", overlap, `at most ${grid - 1}, because a tile has ${grid} tokens on this side`);
  }
  if (all === grid) return [0];
  const count = Math.ceil((all - grid) / (grid - overlap)) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (all - grid)) / (count - 1)) * patchSize);
}

/** Positions in `tiles` of those that the model runs on. */
export function runTiles({ tiles, skipped = [] }: ScalePlan): number[] {
  return [...tiles.keys()].filter((tile) => !skipped.includes(tile));
}

/** The part of the image under a tile: what is padding is cut off. `filled` is the part of the canvas that the image fills. */
function boxOf(y: number, x: number, image: Size, filled: Size, tile: Size): Box {
  const [perRow, perCol] = [image[0] / filled[0], image[1] / filled[1]];
  return {
    left: x * perCol,
    top: y * perRow,
    width: (Math.min(x + tile[1], filled[1]) - x) * perCol,
    height: (Math.min(y + tile[0], filled[0]) - y) * perRow,
  };
}

/**
 * The grids that a model may make of a tile that is no multiple of its patch: convolutions drop the rest (ViT), Swin fills it up, and
 * models of several stages may do one and the other. The first is the usual one.
 */
export function possibleGrids([height, width]: Size, patchSize: number): Grid[] {
  const { floor, ceil } = Math;
  return [
    [floor, floor],
    [ceil, ceil],
    [floor, ceil],
    [ceil, floor],
  ]
    .map(([down, across]) => ({ rows: down(height / patchSize), cols: across(width / patchSize) }))
    .filter(({ rows, cols }) => rows * cols);
}

/** The grid of a tile: of the model's own size as the model says, of another one the whole patches. */
export function tileGrid(tile: Size, patchSize: number, { imageSize, tileGrid: modelGrid }: Traits = {}): Grid {
  if (modelGrid && imageSize && tile[0] === imageSize[0] && tile[1] === imageSize[1])
    return { rows: modelGrid[0], cols: modelGrid[1] };
  return { rows: Math.floor(tile[0] / patchSize), cols: Math.floor(tile[1] / patchSize) };
}

/** The stitched token grid of a scale before padding is cropped. */
export function stitchedGrid(scale: ScalePlan, grid: Grid): Grid {
  return {
    rows: tokenStart(scale.rowStarts.at(-1)!, scale.tile[0], grid.rows) + grid.rows,
    cols: tokenStart(scale.colStarts.at(-1)!, scale.tile[1], grid.cols) + grid.cols,
  };
}

/** The first token, on the stitched grid, of a tile that starts at pixel `start`. */
export function tokenStart(start: number, tile: number, tokens: number): number {
  return Math.round((start / tile) * tokens);
}

/**
 * The token grid that a scale brings to the pooling: in "pad" and "cover" mode the rows and columns that touch the image.
 * The reference computes ceil(size / canvas · tokens) in float64, division first, which can land one above the exact value.
 */
export function croppedGrid(scale: ScalePlan, grid: Grid, plan: Pick<S2Plan, "splitMode" | "fusion">): Grid {
  const { rows, cols } = stitchedGrid(scale, grid);
  if (plan.splitMode === "exact" || plan.splitMode === "resize") return { rows, cols };
  const crop = (size: number, canvas: number, tokens: number) =>
    plan.fusion === "reference" ? Math.ceil((size / canvas) * tokens) : Math.ceil((size * tokens) / canvas);
  return { rows: crop(scale.size[0], scale.canvas[0], rows), cols: crop(scale.size[1], scale.canvas[1], cols) };
}

/** Fills in what follows from the model's traits: each scale's grid and channels, the output's grid, the cost. */
export function withTraits(plan: S2Plan, traits: Traits): S2Plan {
  const { patchSize, channels, multiplyAdds, imageSize } = traits;
  const scales = plan.scales.map((scale, i): ScalePlan => {
    const grid = patchSize === undefined ? undefined : croppedGrid(scale, tileGrid(scale.tile, patchSize, traits), plan);
    const from = plan.merge === "concat" ? i * (channels ?? 0) : 0;
    return {
      ...scale,
      ...(grid && { grid }),
      ...(channels !== undefined && { channels: [from, from + channels] as const }),
    };
  });
  const ofModelsSize = imageSize && scales.every(({ tile }) => tile[0] === imageSize[0] && tile[1] === imageSize[1]);
  const outputGrid = scales[plan.outputScale].grid;
  return {
    ...plan,
    scales,
    ...(outputGrid && { outputGrid }),
    ...(multiplyAdds !== undefined && ofModelsSize && { multiplyAdds: multiplyAdds * plan.tiles }),
  };
}
