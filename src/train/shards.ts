/** What a student learns from: views of images with what the teacher says of them, some at a time in a file, made once. */
import { S2Error, type Tensor } from "../core/index.ts";
import { normalizer, type Pixels, type Preprocessing } from "../images/index.ts";
import {
  checkChecksum,
  fromFloat16,
  makeRandom,
  type Random,
  readChecked,
  type StoredTensor,
  shuffled,
  toFloat16,
  writeChecked,
} from "../tensors/index.ts";
import type { Checkpoints } from "./fit.ts";
import { drawView, type View, type ViewOptions } from "./views.ts";

/** A view is its coarse tile alone, or that and four of the fine one, row by row. */
export type TilesPerView = 1 | 5;

export interface ShardOptions {
  /** Paths of the images. */
  readonly images: readonly string[];
  readonly load: (path: string) => Promise<Pixels>;
  /** What is learned from, for the normalized tiles [t, 3, side, side] of a view: token maps [t, 1 + n, c], [CLS] first, of one or more of its layers. */
  readonly teacher: (tiles: Tensor) => Promise<readonly Tensor[]>;
  readonly preprocessing: Preprocessing;
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
  const { images, views, perShard, seed, store, recipe, onShard, signal } = options;
  if (images.length === 0) throw new S2Error("training", "There are no images to train on; give a folder that holds some.");
  const names = Array.from({ length: Math.ceil(views / perShard) }, (_, i) => `views/${String(i).padStart(5, "0")}.safetensors`);
  // Every image once, in random order, then every image again.
  const order = Array.from({ length: Math.ceil(views / images.length) }, (_, round) =>
    shuffled(images.length, makeRandom(seed + round)),
  ).flat();
  for (const [i, name] of names.entries()) {
    signal?.throwIfAborted();
    const there = await store.read(name);
    if (!there || (await recipeOf(there, name)) !== recipe) {
      const chosen = order.slice(i * perShard, Math.min(views, (i + 1) * perShard)).map((image) => images[image]);
      await store.write(name, await makeShard(chosen, makeRandom(seed * 7919 + i), options));
    }
    onShard?.(i + 1, names.length);
  }
  return names;
}

/** undefined for a damaged shard, which is made again. @throws S2Error "write" for a file that is no shard: it is not overwritten. */
async function recipeOf(bytes: Uint8Array, name: string): Promise<string | undefined> {
  if ((await checkChecksum(bytes)) === "wrong") return undefined;
  const known = { code: "training" as const, name, advice: "" };
  const read = await readChecked(bytes, known).catch(() => undefined);
  if (read?.metadata.recipe !== undefined) return isShard(read.tensors) ? read.metadata.recipe : undefined;
  throw new S2Error(
    "write",
    `${name} exists and is no file of views (or is damaged); it is not overwritten. Give another --training folder, or remove it.`,
  );
}

/** The tensors of a shard. @throws S2Error "training" for one that is gone or damaged. */
export async function readShard(store: Checkpoints, name: string): Promise<Record<string, StoredTensor>> {
  const advice = "Run the same command again: it is made anew.";
  const bytes = await store.read(name);
  if (!bytes) throw new S2Error("training", `${name} is gone. ${advice}`);
  const { tensors } = await readChecked(bytes, { code: "training" as const, name, advice });
  if (!isShard(tensors)) throw new S2Error("training", `${name} does not hold views and tokens of them. ${advice}`);
  return tensors;
}

/** Returns true if the tensors are those of `makeShard`: types, and dims that agree. */
function isShard(tensors: Readonly<Record<string, StoredTensor>>): boolean {
  const is = (name: string, dtype: string, dims: readonly number[]) =>
    tensors[name]?.dtype === dtype && String(tensors[name].dims) === String(dims);
  const [views, side] = tensors.coarse?.dims ?? [];
  const layers = Object.keys(tensors).filter((name) => name.startsWith(layerName("")));
  const tiles = views * (tensors.fine ? 5 : 1);
  return (
    is("coarse", "U8", [views, side, side, 3]) &&
    (!tensors.fine || is("fine", "U8", [views, 2 * side, 2 * side, 3])) &&
    layers.length > 0 &&
    layers.every((_, i) => is(layerName(i), "F16", [tiles, ...(tensors[layerName(i)]?.dims.slice(1, 3) ?? [])]))
  );
}

async function makeShard(
  paths: readonly string[],
  random: Random,
  { load, view, teacher, preprocessing, recipe, onProblem }: ShardOptions,
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
    throw new S2Error("training", `None of ${paths.length} images could be read, the first ${paths[0]}; give images that can.`);
  const { side } = view;
  const answers: (readonly Tensor[])[] = [];
  for (const each of views) answers.push(await teacher(normalized(tilesOf(each, side), side, preprocessing)));
  const stored = answers[0].map(({ dims: [tiles, tokens, channels] }, layer): [string, StoredTensor] => [
    layerName(layer),
    { dtype: "F16", dims: [views.length * tiles, tokens, channels], data: halves(answers.map((each) => each[layer])) },
  ]);
  return writeChecked(
    {
      coarse: { dtype: "U8", dims: [views.length, side, side, 3], data: joined(views.map(({ coarse }) => coarse)) },
      ...(view.fine !== false && {
        fine: { dtype: "U8", dims: [views.length, 2 * side, 2 * side, 3], data: joined(views.map(({ fine }) => fine!)) },
      }),
      ...Object.fromEntries(stored),
    },
    { recipe },
  );
}

/** What the teacher said in a shard, layer by layer. */
export const layerName = (layer: number | ""): string => `tokens.${layer}`;

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

/** The tiles of a view as bytes [1 or 5, side, side, 3]. */
export function tilesOf({ coarse, fine }: View, side: number): Uint8Array {
  if (!fine) return coarse;
  const tile = side * side * 3;
  const tiles = new Uint8Array(5 * tile);
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

/** Bytes [t, side, side, 3] as the teacher takes them. */
export function normalized(tiles: Uint8Array, side: number, preprocessing: Preprocessing): Tensor {
  const count = tiles.length / (side * side * 3);
  const data = new Float32Array(tiles.length);
  const write = normalizer(preprocessing);
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

/** Mean and deviation of each of a layer's channels, over [CLS] tokens and over the others. */
export interface Statistics {
  readonly cls: Moments;
  readonly patches: Moments;
}

interface Moments {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Those of one shard, layer by layer; prefix tokens beyond [CLS] are not known here. */
export async function teacherStatistics(store: Checkpoints, shard: string): Promise<Statistics[]> {
  const tensors = await readShard(store, shard);
  const layers: Statistics[] = [];
  for (let layer = 0; layerName(layer) in tensors; layer++) {
    const { dims, data } = tensors[layerName(layer)];
    const values = fromFloat16(data as Uint16Array);
    const [, tokens, channels] = dims;
    const over = (chosen: (token: number) => boolean) => momentsOf(values, channels, (row) => chosen(row % tokens));
    layers.push({ cls: over((token) => token === 0), patches: over((token) => token > 0) });
  }
  return layers;
}

function momentsOf(values: Float32Array, channels: number, chosen: (row: number) => boolean): Moments {
  const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let count = 0;
  for (let row = 0; row < values.length / channels; row++) {
    if (!chosen(row)) continue;
    count++;
    for (let c = 0; c < channels; c++) {
      const value = values[row * channels + c];
      sum[c] += value;
      squares[c] += value * value;
    }
  }
  const mean = Array.from(sum, (total) => total / count);
  return { mean, deviation: mean.map((value, c) => Math.sqrt(Math.max(1e-6, squares[c] / count - value * value))) };
}
