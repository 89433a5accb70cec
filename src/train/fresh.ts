/** Batches of views that are drawn while training runs: each is used a few times and then dropped, so that none is memorized. */
import { S2Error } from "../core/index.ts";
import { makeRandom, type Random, type StoredTensor, shuffled, toFloat16 } from "../tensors/index.ts";
import { type BatchOptions, batchOf } from "./batches.ts";
import type { Batch } from "./fit.ts";
import { drawMixedView } from "./mix.ts";
import { layerName, normalized, type ShardOptions, tilesOf } from "./shards.ts";
import type { View } from "./views.ts";

/** Options of `freshBatches`; images and teacher are as for `makeShards`, but all images must be readable. */
export interface FreshOptions extends BatchOptions, Pick<ShardOptions, "images" | "load" | "teacher" | "preprocessing" | "view"> {
  /** Views in memory, from which batches are drawn: at least `views`. */
  readonly pool: number;
  /** Times that each view is used, on average. */
  readonly uses: number;
  /** Fraction of views that are a mixture of two images, also for the teacher (Beyer et al., arXiv 2106.05237, §3). */
  readonly mixed: number;
}

/**
 * Makes the batches of `shardBatches` without files; view i depends on the seed and i alone, so that a resumed run draws the same again.
 * @throws S2Error "training" for a pool of fewer views than a batch.
 */
export function freshBatches(options: FreshOptions) {
  const { views, pool, uses, seed } = options;
  if (pool < views)
    throw new S2Error("training", `A pool of ${pool} views is too small for batches of ${views}; give at least ${views}.`);
  const drawnBy = (step: number) => pool + Math.ceil((step * views) / uses);
  return async function* (done: number): AsyncGenerator<Batch> {
    const held: Record<string, StoredTensor> = {};
    let next = drawnBy(done) - pool;
    for (let step = done; ; step++) {
      for (; next < drawnBy(step); next++) await drawInto(held, next, options);
      const random = makeRandom(seed * 131 + step);
      yield batchOf(shuffled(pool, random).slice(0, views), held, options, random);
    }
  };
}

/** Draws view `index` and the teacher's tokens, and puts them in the pool. */
async function drawInto(held: Record<string, StoredTensor>, index: number, options: FreshOptions): Promise<void> {
  const { pool, teacher, preprocessing, view, seed } = options;
  const { side } = view;
  const drawn = await drawMixed(index, options, makeRandom(seed * 7919 + index));
  const put = (name: string, dtype: "U8" | "F16", dims: readonly number[], data: Uint8Array | Uint16Array) => {
    held[name] ??= { dtype, dims: [pool, ...dims], data: new (dtype === "U8" ? Uint8Array : Uint16Array)(pool * data.length) };
    (held[name].data as typeof data).set(data, (index % pool) * data.length);
  };
  put("coarse", "U8", [side, side, 3], drawn.coarse);
  if (drawn.fine) put("fine", "U8", [2 * side, 2 * side, 3], drawn.fine);
  const outputs = await teacher(normalized(tilesOf(drawn, side), side, preprocessing));
  for (const [layer, { dims, data }] of outputs.entries()) {
    const name = layerName(layer);
    put(name, "F16", dims, toFloat16(data));
    // Rows are tiles, as in shards.
    if (held[name].dims.length === 4) held[name] = { ...held[name], dims: [pool * dims[0], dims[1], dims[2]] };
  }
}

/** Draws from every image once, in random order, then from every image again; some are mixed with any other. */
function drawMixed(index: number, { images, load, view, seed, mixed }: FreshOptions, random: Random): Promise<View> {
  const round = Math.floor(index / images.length);
  const image = shuffled(images.length, makeRandom(seed + round))[index % images.length];
  return drawMixedView(images[image], { images, load, view, mixed }, random);
}
