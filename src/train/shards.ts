/** What a student learns from: views of photos with what the teacher says of them, some at a time in a file, made once. */
import { S2Error, type Tensor, type VisionModel } from "../core/index.ts";
import { imagenet, normaliser, type Pixels, type Preprocessing } from "../images/index.ts";
import { fromFloat16, readSafetensors, toFloat16, writeSafetensors } from "../tensors/index.ts";
import type { Checkpoints } from "./fit.ts";
import { makeRandom, type Random, shuffled } from "./random.ts";
import { drawView, type View, type ViewOptions } from "./views.ts";

/** A view is five tiles: the coarse one and four of the fine one, row by row. */
export const tilesPerView = 5;

export interface ShardOptions {
  /** Paths of the photos. */
  readonly photos: readonly string[];
  readonly load: (path: string) => Promise<Pixels>;
  readonly teacher: VisionModel & { readonly preprocessing?: Preprocessing };
  /** In all. */
  readonly views: number;
  readonly perShard: number;
  readonly view: ViewOptions;
  readonly seed: number;
  readonly store: Checkpoints;
  /** What the views depend on besides; a shard of another recipe is made anew. */
  readonly recipe: string;
  readonly onShard?: (done: number, of: number) => void;
  readonly onProblem?: (path: string, reason: string) => void;
  readonly signal?: AbortSignal;
}

/** Makes the shards that are not there yet; returns their names. */
export async function makeShards(options: ShardOptions): Promise<string[]> {
  const { photos, views, perShard, seed, store, recipe, onShard, signal } = options;
  if (photos.length === 0) throw new S2Error("training", "There are no photos to train on; give a folder that holds some.");
  const names = Array.from({ length: Math.ceil(views / perShard) }, (_, i) => `views/${String(i).padStart(5, "0")}.safetensors`);
  // Every photo once, in random order, then every photo again.
  const order = Array.from({ length: Math.ceil(views / photos.length) }, (_, round) =>
    shuffled(photos.length, makeRandom(seed + round)),
  ).flat();
  for (const [i, name] of names.entries()) {
    signal?.throwIfAborted();
    const there = await store.read(name);
    if (!there || readSafetensors(there).metadata.recipe !== recipe) {
      const chosen = order.slice(i * perShard, Math.min(views, (i + 1) * perShard)).map((photo) => photos[photo]);
      await store.write(name, await makeShard(chosen, makeRandom(seed * 7919 + i), options));
    }
    onShard?.(i + 1, names.length);
  }
  return names;
}

async function makeShard(
  paths: readonly string[],
  random: Random,
  { load, view, teacher, recipe, onProblem }: ShardOptions,
): Promise<Uint8Array> {
  const views: View[] = [];
  for (const path of paths) {
    try {
      views.push(drawView(await load(path), view, random));
    } catch (error) {
      onProblem?.(path, (error as Error).message);
    }
  }
  if (views.length === 0)
    throw new S2Error("training", `None of ${paths.length} photos could be read, the first ${paths[0]}; give photos that can.`);
  const { side } = view;
  const answers: Tensor[] = [];
  for (const each of views) answers.push(await teacher(normalised(tilesOf(each, side), side, teacher.preprocessing ?? imagenet)));
  const [, tokens, channels] = answers[0].dims;
  return writeSafetensors(
    {
      coarse: { dtype: "U8", dims: [views.length, side, side, 3], data: joined(views.map(({ coarse }) => coarse)) },
      fine: { dtype: "U8", dims: [views.length, 2 * side, 2 * side, 3], data: joined(views.map(({ fine }) => fine)) },
      tokens: {
        dtype: "F16",
        dims: [views.length * tilesPerView, tokens, channels],
        data: halves(answers),
      },
    },
    { recipe },
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.forEach((part, i) => {
    all.set(part, i * part.length);
  });
  return all;
}

function halves(answers: readonly Tensor[]): Uint16Array {
  const size = answers[0].data.length;
  const all = new Uint16Array(size * answers.length);
  for (const [i, { data }] of answers.entries()) all.set(toFloat16(data), i * size);
  return all;
}

/** The five tiles of a view as bytes [5, side, side, 3]. */
function tilesOf({ coarse, fine }: View, side: number): Uint8Array {
  const tile = side * side * 3;
  const tiles = new Uint8Array(tilesPerView * tile);
  tiles.set(coarse);
  for (let t = 0; t < 4; t++) {
    const [top, left] = [(t >> 1) * side, (t & 1) * side];
    for (let y = 0; y < side; y++) {
      const from = ((top + y) * 2 * side + left) * 3;
      tiles.set(fine.subarray(from, from + side * 3), (1 + t) * tile + y * side * 3);
    }
  }
  return tiles;
}

function normalised(tiles: Uint8Array, side: number, preprocessing: Preprocessing): Tensor {
  const count = tiles.length / (side * side * 3);
  const data = new Float32Array(tiles.length);
  const write = normaliser(preprocessing);
  for (let i = 0; i < count; i++) {
    const pixels: Pixels = {
      width: side,
      height: side,
      channels: 3,
      data: tiles.subarray(i * side * side * 3, (i + 1) * side * side * 3),
    };
    write(pixels, 0, 0, side, side, data, i * side * side * 3);
  }
  return { dims: [count, 3, side, side], data };
}

/** Mean and deviation of each of the teacher's channels, over [CLS] tokens and over the others. */
export interface Statistics {
  readonly cls: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
  readonly patches: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

/** Those of one shard; prefix tokens beyond [CLS] are not known here. */
export async function teacherStatistics(store: Checkpoints, shard: string): Promise<Statistics> {
  const { dims, data } = readSafetensors((await store.read(shard))!).tensors.tokens;
  const values = fromFloat16(data as Uint16Array);
  const [, tokens, channels] = dims;
  const over = (chosen: (token: number) => boolean) => {
    const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
    let count = 0;
    for (let row = 0; row < values.length / channels; row++) {
      if (!chosen(row % tokens)) continue;
      count++;
      for (let c = 0; c < channels; c++) {
        const value = values[row * channels + c];
        sum[c] += value;
        squares[c] += value * value;
      }
    }
    const mean = Array.from(sum, (total) => total / count);
    return { mean, deviation: mean.map((value, c) => Math.sqrt(Math.max(1e-6, squares[c] / count - value * value))) };
  };
  return { cls: over((token) => token === 0), patches: over((token) => token > 0) };
}

/** Batches of whole views: `tiles` uint8 [views·5, side, side, 3] and the teacher's `tokens` float32 [views·5, n, c]. */
export function shardBatches(store: Checkpoints, shards: readonly string[], { views, seed }: { views: number; seed: number }) {
  return async function* (done: number) {
    let skip = done;
    for (let epoch = 0; ; epoch++) {
      for (const index of shuffled(shards.length, makeRandom(seed + epoch))) {
        const inShard = await shardSize(store, shards[index], views);
        if (skip >= inShard) {
          skip -= inShard;
          continue;
        }
        const { coarse, fine, tokens } = readSafetensors((await store.read(shards[index]))!).tensors;
        const [count, side] = coarse.dims;
        const order = shuffled(count, makeRandom(seed * 31 + epoch * 1009 + index));
        for (let batch = skip; batch < inShard; batch++) {
          yield batchOf(
            order.slice(batch * views, (batch + 1) * views),
            side,
            coarse.data as Uint8Array,
            fine.data as Uint8Array,
            tokens,
          );
        }
        skip = 0;
      }
    }
  };
}

const sizesOfShards = new WeakMap<Checkpoints, Map<string, number>>();

/** Batches in a shard; read once, so that a run that goes on need not read all that it skips again. */
async function shardSize(store: Checkpoints, shard: string, views: number): Promise<number> {
  const known = sizesOfShards.get(store) ?? new Map<string, number>();
  sizesOfShards.set(store, known);
  if (!known.has(shard)) known.set(shard, readSafetensors((await store.read(shard))!).tensors.coarse.dims[0]);
  return Math.floor(known.get(shard)! / views);
}

function batchOf(
  chosen: readonly number[],
  side: number,
  coarse: Uint8Array,
  fine: Uint8Array,
  { dims: [, tokens, channels], data }: { dims: readonly number[]; data: unknown },
) {
  const [pixels, answer] = [side * side * 3, tilesPerView * tokens * channels];
  const tiles = new Uint8Array(chosen.length * tilesPerView * pixels);
  const targets = new Float32Array(chosen.length * answer);
  chosen.forEach((view, i) => {
    const each: View = {
      coarse: coarse.subarray(view * pixels, (view + 1) * pixels),
      fine: fine.subarray(view * 4 * pixels, (view + 1) * 4 * pixels),
    };
    tiles.set(tilesOf(each, side), i * tilesPerView * pixels);
    targets.set(fromFloat16((data as Uint16Array).subarray(view * answer, (view + 1) * answer)), i * answer);
  });
  const count = chosen.length * tilesPerView;
  return {
    tiles: { dims: [count, side, side, 3], data: tiles },
    tokens: { dims: [count, tokens, channels], data: targets },
  };
}
