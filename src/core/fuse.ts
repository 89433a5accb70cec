/** Fusing scales: tile outputs are stitched, pooled to the output's grid and merged as they arrive (reference: merge, area, cat, mean). */

import { enlargeTokens, type StitchedScale, stitching } from "./enlarge.ts";
import { S2Error } from "./error.ts";
import { croppedGrid, type Grid, runTiles } from "./layout.ts";
import { checkTiles, readOutput, type TileOutput } from "./output.ts";
import { addMap, addTokens, mergeScale } from "./pool.ts";
import { type Pooling, pooling } from "./pooling.ts";
import type { S2Plan, Tensor, Traits } from "./types.ts";

/** The output, its token grid, and the pixels of the output scale's canvas that a token covers. */
export interface Fused {
  readonly features: Tensor;
  readonly grid: Grid;
  readonly token: readonly [height: number, width: number];
}

export interface Fusion {
  /** Takes the output of one run: images `from` .. of scale `index`'s tiles that are run, in (tile, image) order. */
  add(index: number, from: number, images: number, output: Tensor): void;
  /** All of the output; every tile must have arrived. */
  result(): Fused;
}

/** One scale on its way to the output: where its tiles' tokens go, and what has arrived. */
interface PendingScale extends Pooling {
  readonly features: Tensor;
  /** On its own grid, where the next scale has tiles that are not run. */
  readonly stitched?: StitchedScale;
  missing: number;
}

/**
 * The output of `plan` for `batch` images, filled run by run.
 * The output's grid is known when a tile of the output scale's size was seen; what arrives before that waits.
 */
export function fuse(plan: S2Plan, batch: number, traits: Traits, onScale?: (scale: number, features: Tensor) => void): Fusion {
  const waiting: { index: number; from: number; images: number; output: TileOutput }[] = [];
  const pendingScales: (PendingScale | undefined)[] = plan.scales.map(() => undefined);
  const grids: (Grid | undefined)[] = plan.scales.map(() => undefined);
  let channels: number | undefined;
  let merged: Tensor | undefined;

  function poolRun(index: number, tiles: readonly number[], from: number, images: number, output: TileOutput): void {
    const pending = (pendingScales[index] ??= newScale(plan, index, output, grids[plan.outputScale]!, batch));
    for (let i = 0; i < images; i++) {
      const tile = tiles[Math.floor((from + i) / batch)];
      const source = (i * output.data.length) / images;
      const image = (from + i) % batch;
      addTile(plan, index, tile, output, source, pending, image);
      if (pending.stitched) addTile(plan, index, tile, output, source, pending.stitched, image);
    }
    pending.missing -= images;
    if (pending.missing > 0) return;
    pendingScales[index] = undefined;
    merged ??= newOutput(plan, pending.features);
    mergeChannels(plan, index, pending.features, merged.data);
    onScale?.(index, pending.features);
    if (pending.stitched) fillSkipped(index + 1, pending.stitched);
  }

  /** Gives the tiles of a scale that are not run the tokens of the scale before. */
  function fillSkipped(index: number, coarser: StitchedScale): void {
    const enlarged = enlargeTokens(plan, index, coarser, grids[index] ?? coarser.tileGrid);
    for (const tile of plan.scales[index].skipped!) poolRun(index, [tile], 0, batch, enlarged(tile));
  }

  return {
    add(index, from, images, tensor) {
      const output = readOutput(tensor, images, plan.scales[index].tile, plan, traits);
      checkTiles(output, plan, { index, from, images, batch });
      if (output.channels !== (channels ??= output.channels)) {
        throw new S2Error(
          "model-output",
          `The model returned ${output.channels} channels, after ${channels} for earlier tiles; expected the same for all.`,
        );
      }
      learnGrids(plan, grids, index, output.grid);
      waiting.push({ index, from, images, output });
      if (!grids[plan.outputScale]) return;
      for (const run of waiting.splice(0)) poolRun(run.index, runTiles(plan.scales[run.index]), run.from, run.images, run.output);
    },
    result() {
      return withGrid(plan, merged!, grids[plan.outputScale]!);
    },
  };
}

/** Adds the grid of the output to its features; a tile of the output's scale has `tileGrid` tokens. */
export function withGrid(plan: S2Plan, features: Tensor, tileGrid: Grid): Fused {
  const scale = plan.scales[plan.outputScale];
  const token = [scale.tile[0] / tileGrid.rows, scale.tile[1] / tileGrid.cols] as const;
  return { features, grid: croppedGrid(scale, tileGrid, plan), token };
}

/** Adds the output of one tile of image `image`, at `source` of `output`, to a scale's features. */
function addTile(
  plan: S2Plan,
  index: number,
  tile: number,
  output: TileOutput,
  source: number,
  { rows, cols, prefixWeights, grid, features: { dims, data } }: Pooling & { readonly features: Tensor },
  image: number,
): void {
  const c = output.channels;
  const target = (image * data.length) / dims[0];
  const tileRows = rows[Math.floor(tile / plan.scales[index].cols)];
  const tileCols = cols[tile % plan.scales[index].cols];
  if (plan.outputShape === "bchw") {
    addMap(output.data, source, c, tileRows, tileCols, data, target, grid.rows, grid.cols);
    return;
  }
  const prefix = plan.numPrefixToken * c;
  for (let k = 0; k < prefix; k++) data[target + k] += prefixWeights[tile] * output.data[source + k];
  addTokens(output.data, source + prefix, c, tileRows, tileCols, data, target + prefix, grid.cols);
}

// Tiles of one size have one grid, so a scale's grid is known as soon as any scale with such tiles has run.
function learnGrids(plan: S2Plan, grids: (Grid | undefined)[], index: number, grid: Grid): void {
  const { tile } = plan.scales[index];
  plan.scales.forEach((scale, i) => {
    if (scale.tile[0] === tile[0] && scale.tile[1] === tile[1]) grids[i] ??= grid;
  });
  const known = grids[index]!;
  if (known.rows === grid.rows && known.cols === grid.cols) return;
  throw new S2Error(
    "model-output",
    `The model gave ${grid.rows}x${grid.cols} tokens for a tile, after ${known.rows}x${known.cols} for one of the same size.`,
  );
}

function newScale(plan: S2Plan, index: number, output: TileOutput, outputTileGrid: Grid, batch: number): PendingScale {
  const pools = pooling(plan, index, output.grid, outputTileGrid);
  const fillsNext = plan.scales[index + 1]?.skipped?.length;
  const stitched = fillsNext ? stitching(plan, index, output.grid) : undefined;
  return {
    ...pools,
    features: emptyFeatures(plan, pools.grid, output.channels, batch),
    ...(stitched && { stitched: { ...stitched, features: emptyFeatures(plan, stitched.grid, output.channels, batch) } }),
    missing: plan.scales[index].tiles.length * batch,
  };
}

function emptyFeatures(plan: S2Plan, { rows, cols }: Grid, c: number, batch: number): Tensor {
  const dims = plan.outputShape === "bnc" ? [batch, plan.numPrefixToken + rows * cols, c] : [batch, c, rows, cols];
  return { dims, data: new Float32Array(dims.reduce((a, d) => a * d, 1)) };
}

function newOutput(plan: S2Plan, { dims }: Tensor): Tensor {
  const times = plan.merge === "concat" ? plan.scales.length : 1;
  const outputDims =
    plan.outputShape === "bnc" ? [dims[0], dims[1], dims[2] * times] : [dims[0], dims[1] * times, dims[2], dims[3]];
  return { dims: outputDims, data: new Float32Array(outputDims.reduce((a, d) => a * d, 1)) };
}

// Channels are the last axis of tokens and the second of maps: either way a scale fills blocks at a stride.
function mergeChannels(plan: S2Plan, index: number, { dims, data }: Tensor, output: Float32Array): void {
  const blocks = plan.outputShape === "bnc" ? dims[0] * dims[1] : dims[0];
  const block = data.length / blocks;
  const concat = plan.merge === "concat";
  const factor = plan.merge === "mean" ? 1 / plan.scales.length : 1;
  mergeScale(data, blocks, block, output, concat ? block * plan.scales.length : block, concat ? index * block : 0, factor);
}

/** Copies the channels of scale `index` out of an output of concatenated scales. */
export function scaleOf(plan: S2Plan, index: number, { dims, data }: Tensor): Tensor {
  const scales = plan.scales.length;
  const axis = plan.outputShape === "bnc" ? 2 : 1;
  const block = dims.slice(axis).reduce((product, side) => product * side, 1) / scales;
  const scale = new Float32Array(data.length / scales);
  for (let from = index * block, to = 0; to < scale.length; from += block * scales, to += block)
    scale.set(data.subarray(from, from + block), to);
  return { dims: dims.map((side, i) => (i === axis ? side / scales : side)), data: scale };
}
