/** Batches of views: the patches of some cells of each tile, with the teacher's tokens at these patches. */
import { S2Error } from "../core/index.ts";
import { fromFloat16, makeRandom, type Random, type StoredTensor, shuffled } from "../tensors/index.ts";
import type { Batch, Checkpoints } from "./fit.ts";
import { layerName, readShard, type TilesPerView } from "./shards.ts";
import { recolor } from "./views.ts";

/** Options of `shardBatches` and `freshBatches`. */
export interface BatchOptions {
  /** Views in a batch. */
  readonly views: number;
  /** Cells of the coarse grid that are kept in each quarter of a view; 49 are all of a 14x14 grid. Each is one coarse patch and four fine ones. */
  readonly cells: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Most change of brightness, contrast and saturation from 1. */
  readonly color: number;
  /** Seed of the order, the cells and the colors. */
  readonly seed: number;
}

/**
 * Makes batches from shards of `makeShards`, of t tiles a view: `pixels` uint8 [views·t, 4·cells, size·size·3], their `positions` in the
 * grid int64 [views·t·4·cells], and for each of the teacher's layers `tokens.i` float32 [views·t, 1 + 4·cells, c]. Tokens of a coarse tile
 * are in the order (quarter, cell), those of a fine one in the order (cell, row, column): four of the latter lie over one of the former.
 * The result is the `batches` of `fit`. @throws S2Error "training" where no shard has enough views.
 */
export function shardBatches(store: Checkpoints, shards: readonly string[], options: BatchOptions) {
  const { views, seed } = options;
  return async function* (done: number): AsyncGenerator<Batch> {
    let skip = done;
    const sizes = await Promise.all(shards.map((shard) => shardSize(store, shard, views)));
    if (sizes.every((size) => size === 0))
      throw new S2Error("training", `No file of views has the ${views} views of one step; draw more views.`); // else no batch would ever be made
    for (let epoch = 0; ; epoch++) {
      for (const index of shuffled(shards.length, makeRandom(seed + epoch))) {
        const inShard = await shardSize(store, shards[index], views);
        if (skip >= inShard) {
          skip -= inShard;
          continue;
        }
        const tensors = await readShard(store, shards[index]);
        const order = shuffled(tensors.coarse.dims[0], makeRandom(seed * 31 + epoch * 1009 + index));
        for (let batch = skip; batch < inShard; batch++) {
          const random = makeRandom(seed * 131 + epoch * 100_003 + index * 211 + batch);
          yield batchOf(order.slice(batch * views, (batch + 1) * views), tensors, options, random);
        }
        skip = 0;
      }
    }
  };
}

const sizesOfShards = new WeakMap<Checkpoints, Map<string, number>>();

/** Returns the number of batches in a shard; each shard is read once, so that a resumed run skips without reading again. */
async function shardSize(store: Checkpoints, shard: string, views: number): Promise<number> {
  const known = sizesOfShards.get(store) ?? new Map<string, number>();
  sizesOfShards.set(store, known);
  if (!known.has(shard)) known.set(shard, (await readShard(store, shard)).coarse.dims[0]);
  return Math.floor(known.get(shard)! / views);
}

/** Makes a batch of the chosen views; `tensors` are those of a shard. */
export function batchOf(
  chosen: readonly number[],
  tensors: Readonly<Record<string, StoredTensor>>,
  { cells, patchSize, color }: BatchOptions,
  random: Random,
): Batch {
  const side = tensors.coarse.dims[1];
  const tokens = 4 * cells;
  const pixels = patchSize * patchSize * 3;
  const tilesPerView: TilesPerView = tensors.fine ? 5 : 1;
  const tiles = chosen.length * tilesPerView;
  const positions = chosen.map(() => drawPositions(side / patchSize, cells, random).slice(0, tilesPerView));
  const patches = new Uint8Array(tiles * tokens * pixels);
  chosen.forEach((view, i) => {
    const target = patches.subarray(i * tilesPerView * tokens * pixels, (i + 1) * tilesPerView * tokens * pixels);
    const image = (name: string) => {
      const { dims, data } = tensors[name];
      const size = dims[1] * dims[2] * dims[3];
      return (data as Uint8Array).subarray(view * size, (view + 1) * size);
    };
    cutPatches(image("coarse"), tensors.fine && image("fine"), side, patchSize, positions[i], target);
    if (color > 0) recolor(target, color, random);
  });
  const targets = Object.entries(tensors).filter(([name]) => name.startsWith(layerName("")));
  return {
    pixels: { dims: [tiles, tokens, pixels], data: patches },
    positions: { dims: [tiles * tokens], data: BigInt64Array.from(positions.flat(2), BigInt) },
    ...Object.fromEntries(targets.map(([name, layer]) => [name, targetsOf(layer, chosen, positions)])),
  };
}

/** Draws positions in the grids of a view's five tiles: `cells` of each quarter of the coarse tile, and the four over each in the fine tiles. */
function drawPositions(grid: number, cells: number, random: Random): number[][] {
  const half = grid / 2;
  const coarse: number[] = [];
  const fine = [0, 1, 2, 3].map((quarter) => {
    const [top, left] = [(quarter >> 1) * half, (quarter & 1) * half];
    return shuffled(half * half, random)
      .slice(0, cells)
      .flatMap((cell) => {
        const [row, col] = [Math.floor(cell / half), cell % half];
        coarse.push((top + row) * grid + left + col);
        return [0, 1, grid, grid + 1].map((step) => 2 * row * grid + 2 * col + step);
      });
  });
  return [coarse, ...fine];
}

/** Copies the pixels of the patches at the positions. */
function cutPatches(
  coarse: Uint8Array,
  fine: Uint8Array | undefined,
  side: number,
  patchSize: number,
  positions: readonly (readonly number[])[],
  patches: Uint8Array,
): void {
  const grid = side / patchSize;
  const line = patchSize * 3;
  let to = 0;
  positions.forEach((tokens, tile) => {
    const [image, width] = tile === 0 ? [coarse, side] : [fine!, 2 * side];
    const [top, left] = tile === 0 ? [0, 0] : [((tile - 1) >> 1) * side, ((tile - 1) & 1) * side];
    for (const position of tokens) {
      const [y, x] = [top + Math.floor(position / grid) * patchSize, left + (position % grid) * patchSize];
      for (let row = 0; row < patchSize; row++, to += line) {
        const from = ((y + row) * width + x) * 3;
        patches.set(image.subarray(from, from + line), to);
      }
    }
  });
}

/** Returns [CLS] and the tokens of a layer at the positions, tile by tile. */
function targetsOf(
  { dims: [, count, channels], data }: StoredTensor,
  chosen: readonly number[],
  positions: readonly (readonly (readonly number[])[])[],
) {
  const kept = 1 + positions[0][0].length;
  const tilesPerView = positions[0].length;
  const halves = new Uint16Array(chosen.length * tilesPerView * kept * channels);
  let to = 0;
  const copy = (token: number) => {
    halves.set((data as Uint16Array).subarray(token * channels, (token + 1) * channels), to);
    to += channels;
  };
  chosen.forEach((view, i) => {
    positions[i].forEach((tokens, tile) => {
      const first = (view * tilesPerView + tile) * count;
      copy(first);
      for (const position of tokens) copy(first + 1 + position);
    });
  });
  return { dims: [chosen.length * tilesPerView, kept, channels], data: fromFloat16(halves) };
}
