/** Training data of a student: views of images with the teacher's tokens, in files that are made once. */
import { S2Error, type Tensor } from "../core/index.ts";
import { normalizer, type Pixels, type Preprocessing } from "../images/index.ts";
import {
  addMoments,
  checkChecksum,
  fromFloat16,
  makeRandom,
  meanAndDeviation,
  newMoments,
  type Random,
  readChecked,
  type StoredTensor,
  shuffled,
  toFloat16,
  writeChecked,
} from "../tensors/index.ts";
import type { Checkpoints } from "./fit.ts";
import { drawMixedView } from "./mix.ts";
import type { View, ViewOptions } from "./views.ts";

/** Tiles of a view: the coarse one alone, or that and the four of the fine view, row by row. */
export type TilesPerView = 1 | 5;

/** Options of `makeShards`. */
export interface ShardOptions {
  /** Names of the images, passed to `load`. */
  readonly images: readonly string[];
  /** Decodes an image, for example `loadImage`. */
  readonly load: (path: string) => Promise<Pixels>;
  /** Returns the tokens [t, 1 + n, c], [CLS] first, of one or more layers for the normalized tiles [t, 3, side, side] of a view. */
  readonly teacher: (tiles: Tensor) => Promise<readonly Tensor[]>;
  /** Normalization of the tiles. */
  readonly preprocessing: Preprocessing;
  /** Number of views. */
  readonly views: number;
  /** Views in a file. */
  readonly perShard: number;
  /** Sizes and changes of the views. */
  readonly view: ViewOptions;
  /** Fraction of views that are a mixture of two images, also for the teacher (Beyer et al., arXiv 2106.05237, §3); default 0. */
  readonly mixed?: number;
  /** Seed of the views. */
  readonly seed: number;
  /** Keeps the files. */
  readonly store: Checkpoints;
  /** Describes all else that determines the views; a file of another recipe is replaced. */
  readonly recipe: string;
  /** Called after each file. */
  readonly onShard?: (done: number, of: number) => void;
  /** Called for an image that cannot be read and is left out. */
  readonly onIssue?: (image: string, reason: string) => void;
  /** Stops between two files. */
  readonly signal?: AbortSignal;
}

/**
 * Makes the files of views that the store does not have yet and returns the names of all.
 * @throws S2Error "training" without readable images; "write" where another file has a name of these; the signal's reason when aborted.
 */
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
    const found = await store.read(name);
    if (!found || (await recipeOf(found, name)) !== recipe) {
      const chosen = order.slice(i * perShard, Math.min(views, (i + 1) * perShard)).map((image) => images[image]);
      await store.write(name, await makeShard(chosen, makeRandom(seed * 7919 + i), options));
    }
    onShard?.(i + 1, names.length);
  }
  return names;
}

/** Returns undefined for a damaged shard, which is made again. @throws S2Error "write" for a file that is no shard: it is not overwritten. */
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

/** Reads the tensors of a shard. @throws S2Error "training" for one that is missing or damaged. */
export async function readShard(store: Checkpoints, name: string): Promise<Record<string, StoredTensor>> {
  const advice = "Run the same command again: it is made anew.";
  const bytes = await store.read(name);
  if (!bytes) throw new S2Error("training", `${name} is gone. ${advice}`);
  const { tensors } = await readChecked(bytes, { code: "training" as const, name, advice });
  if (!isShard(tensors)) throw new S2Error("training", `${name} does not hold views and tokens of them. ${advice}`);
  return tensors;
}

/** Returns true if the tensors have the types and dims of `makeShard`. */
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
  { images, load, view, mixed = 0, teacher, preprocessing, recipe, onIssue }: ShardOptions,
): Promise<Uint8Array> {
  const views: View[] = [];
  for (const path of paths) {
    try {
      views.push(await drawMixedView(path, { images, load, view, mixed }, random));
    } catch (error) {
      onIssue?.(path, (error as Error).message);
    }
  }
  if (views.length === 0)
    throw new S2Error("training", `None of ${paths.length} images could be read, the first ${paths[0]}; give images that can.`);
  const { side } = view;
  const outputs: (readonly Tensor[])[] = [];
  for (const each of views) outputs.push(await teacher(normalized(tilesOf(each, side), side, preprocessing)));
  const layers = outputs[0].map(({ dims: [tiles, tokens, channels] }, layer): [string, StoredTensor] => {
    const halves = outputs.map((each) => toFloat16(each[layer].data));
    const data = concat(Uint16Array, halves);
    return [layerName(layer), { dtype: "F16", dims: [views.length * tiles, tokens, channels], data }];
  });
  const pixels = (name: "coarse" | "fine", size: number): Record<string, StoredTensor> => {
    const pieces = views.map((each) => each[name]!);
    return { [name]: { dtype: "U8", dims: [views.length, size, size, 3], data: concat(Uint8Array, pieces) } };
  };
  const fine = view.fine === false ? {} : pixels("fine", 2 * side);
  return writeChecked({ ...pixels("coarse", side), ...fine, ...Object.fromEntries(layers) }, { recipe });
}

/** Returns the name of a layer's tokens in a shard. */
export const layerName = (layer: number | ""): string => `tokens.${layer}`;

/** Concatenates arrays of equal length. */
function concat<T extends Uint8Array | Uint16Array>(array: new (length: number) => T, pieces: readonly T[]): T {
  const all = new array(pieces.length * pieces[0].length);
  for (const [i, piece] of pieces.entries()) all.set(piece, i * piece.length);
  return all;
}

/** Returns the tiles of a view as bytes [1 or 5, side, side, 3]. */
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

/** Normalizes bytes [t, side, side, 3] for the teacher. */
export function normalized(tiles: Uint8Array, side: number, preprocessing: Preprocessing): Tensor {
  const size = side * side * 3;
  const data = new Float32Array(tiles.length);
  const write = normalizer(preprocessing);
  for (let at = 0; at < tiles.length; at += size) {
    const pixels: Pixels = { width: side, height: side, channels: 3, data: tiles.subarray(at, at + size) };
    write(pixels, 0, 0, side, side, data, at);
  }
  return { dims: [tiles.length / size, 3, side, side], data };
}

/** Mean and deviation of each channel of a layer, over [CLS] tokens and over patches. */
export interface LayerStatistics {
  readonly cls: ReturnType<typeof meanAndDeviation>;
  readonly patches: ReturnType<typeof meanAndDeviation>;
}

/**
 * Computes the statistics of the teacher's layers over one shard; [CLS] is the only prefix token.
 * @throws S2Error "training" for a shard that is missing or damaged.
 */
export async function teacherStatistics(store: Checkpoints, shard: string): Promise<LayerStatistics[]> {
  const tensors = await readShard(store, shard);
  const layers: LayerStatistics[] = [];
  for (let layer = 0; layerName(layer) in tensors; layer++) {
    const { dims, data } = tensors[layerName(layer)];
    const [tiles, tokens, channels] = dims;
    const values = fromFloat16(data as Uint16Array);
    const [cls, patches] = [newMoments(channels), newMoments(channels)];
    for (let tile = 0; tile < tiles; tile++) {
      const first = tile * tokens * channels;
      addMoments(cls, values.subarray(first, first + channels));
      addMoments(patches, values.subarray(first + channels, first + tokens * channels));
    }
    layers.push({ cls: notZero(meanAndDeviation(cls)), patches: notZero(meanAndDeviation(patches)) });
  }
  return layers;
}

/** Keeps deviations above 0, for features are divided by them. */
const notZero = ({ mean, deviation }: ReturnType<typeof meanAndDeviation>) => ({
  ...{ mean, deviation: deviation.map((value) => Math.max(1e-3, value)) },
});
