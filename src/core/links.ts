/** Pooling turned round: for each token of a tile, along one axis, the output cells it adds to, and with what weight. */
import { tokenStart } from "./layout.ts";
import { areaWindow } from "./taps.ts";
import type { FusionMode } from "./types.ts";

/** Token y of the tile adds weight[y·reach + k] of itself to output cell first[y] + k, for k < count[y]. */
export interface Links {
  readonly reach: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weight: Float64Array;
}

/** One axis of one scale: tile starts and side in canvas pixels, tokens per tile, cells kept after cropping, pixels that the image fills. */
export interface Axis {
  readonly starts: readonly number[];
  readonly tile: number;
  readonly tokens: number;
  readonly cells: number;
  readonly filled: number;
}

/** Links of every tile position along an axis; output cells are those of axis `onto`. */
export function linkTiles(from: Axis, onto: Axis, fusion: FusionMode): Links[] {
  const cells = cellsOf(from, onto, fusion);
  const blend = blendWeights(from);
  const reach = cells.reduce((most, { weights }) => Math.max(most, weights.length), 0);
  return from.starts.map((start, tile) => {
    const first = new Int32Array(from.tokens);
    const count = new Int32Array(from.tokens);
    const weight = new Float64Array(from.tokens * reach);
    const offset = tokenStart(start, from.tile, from.tokens);
    for (let y = 0; y < from.tokens && offset + y < from.cells; y++) {
      const cell = cells[offset + y];
      first[y] = cell.first;
      count[y] = cell.weights.length;
      for (let k = 0; k < count[y]; k++) weight[y * reach + k] = cell.weights[k] * blend[tile][y];
    }
    return { reach, first, count, weight };
  });
}

interface Cell {
  readonly first: number;
  readonly weights: readonly number[];
}

function cellsOf(from: Axis, onto: Axis, fusion: FusionMode): Cell[] {
  if (fusion === "reference") return areaCells(from.cells, onto.cells);
  const isCoarser = tokenSide(from) > tokenSide(onto) * (1 + 1e-9);
  return fusion === "bilinear" && isCoarser ? bilinearCells(from, onto) : alignedCells(from, onto);
}

/** The side of a token, as a part of the image. */
const tokenSide = ({ tile, tokens, filled }: Axis): number => tile / tokens / filled;

/** The reference's `area` mode, adaptive average pooling: overlapping windows where the ratio is no whole number. */
function areaCells(from: number, onto: number): Cell[] {
  const windows = Array.from({ length: onto }, (_, k) => areaWindow(k, from, onto));
  return Array.from({ length: from }, (_, m) => {
    const first = windows.findIndex(([, end]) => end > m);
    const past = windows.findIndex(([start], k) => k > first && start > m);
    const touched = windows.slice(first, past === -1 ? onto : past);
    return { first, weights: touched.map(([start, end]) => 1 / (end - start)) };
  });
}

/** Pooling in image coordinates: an output cell is the mean of the token cells under it, weighted by the length they share on the image. */
function alignedCells(from: Axis, onto: Axis): Cell[] {
  const edge = (axis: Axis, cell: number) => Math.min(1, (cell * axis.tile) / axis.tokens / axis.filled);
  return Array.from({ length: from.cells }, (_, m) => {
    let first = 0;
    const weights: number[] = [];
    for (let k = 0; k < onto.cells; k++) {
      const [start, end] = [edge(onto, k), edge(onto, k + 1)];
      const shared = Math.min(end, edge(from, m + 1)) - Math.max(start, edge(from, m));
      if (shared <= 1e-9) continue;
      if (weights.length === 0) first = k;
      weights.push(shared / (end - start));
    }
    return { first, weights };
  });
}

/** Enlarging in image coordinates: an output cell lies between the two token cells whose centers are next to its own; beyond the last center it is that cell. */
function bilinearCells(from: Axis, onto: Axis): Cell[] {
  const firsts: number[] = [];
  const weights = Array.from({ length: from.cells }, (): number[] => []);
  for (let k = 0; k < onto.cells; k++) {
    const center = ((k + 0.5) * tokenSide(onto)) / tokenSide(from) - 0.5;
    const at = Math.min(Math.max(center, 0), from.cells - 1);
    const base = Math.min(Math.floor(at), Math.max(0, from.cells - 2));
    for (const [m, weight] of [[base, base + 1 - at] as const, [base + 1, at - base] as const]) {
      if (weight === 0) continue;
      firsts[m] ??= k;
      weights[m][k - firsts[m]] = weight;
    }
  }
  return weights.map((each, m) => ({ first: firsts[m] ?? 0, weights: each }));
}

/** For each tile and token the part it has in the stitched token: 1 alone; where tiles overlap, falling towards the tile's border. */
function blendWeights({ starts, tile, tokens }: Axis): Float64Array[] {
  const offsets = starts.map((start) => tokenStart(start, tile, tokens));
  const total = new Float64Array(offsets.at(-1)! + tokens);
  const ramps = offsets.map((offset, i) => {
    const before = i > 0 ? offsets[i - 1] + tokens - offset : 0;
    const after = i + 1 < offsets.length ? offset + tokens - offsets[i + 1] : 0;
    const ramp = new Float64Array(tokens);
    for (let y = 0; y < tokens; y++) {
      ramp[y] = Math.min(1, before ? (y + 0.5) / before : 1, after ? (tokens - y - 0.5) / after : 1);
      total[offset + y] += ramp[y];
    }
    return ramp;
  });
  ramps.forEach((ramp, i) => {
    for (let y = 0; y < tokens; y++) ramp[y] /= total[offsets[i] + y];
  });
  return ramps;
}
