/** Prefix tokens and position embeddings: one table that is added to all tokens, made for the image's size at build time. */

import { resize, S2Error } from "../core/index.ts";
import { Add, Concat, constant, type Graph, Mul, Pad, type ShapedValue, Split } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";
import { parameter, transposed } from "./layers.ts";
import type { Weights } from "./weights.ts";

/** A learned table of positions. */
export interface PositionTable {
  /** The number of prefix tokens that have a row in the table, before the grid's. */
  readonly embedded: number;
  /** The grid that the table is for. */
  readonly grid: Size;
  /** Resized as torch does with antialias (then even enlarging differs: its cubic has a = -0.5, not -0.75). */
  readonly antialias: boolean;
}

/** Tokens before the grid's: their weights' name, and how many it holds. */
export type Prefix = readonly (readonly [name: string, count: number])[];

export const countOf = (prefix: Prefix): number => prefix.reduce((sum, [, count]) => sum + count, 0);

/** The grid's tokens [b, rows·cols, dim] with their positions, after the prefix tokens: [b, prefix + rows·cols, dim]. */
export function withPosition(
  patches: ShapedValue,
  weights: Weights,
  grid: Size,
  prefix: Prefix,
  position?: PositionTable,
): ShapedValue {
  const dim = patches.dims[2] as number;
  const before = countOf(prefix);
  const table = new Float32Array((before + grid[0] * grid[1]) * dim);
  let at = 0;
  for (const [name, count] of prefix) {
    table.set(weights.get(name, [1, count, dim]).data, at * dim);
    at += count;
  }
  if (position) addPositions(table, before, weights, grid, dim, position);
  const padded = Pad(patches, [0, before, 0, 0, 0, 0]);
  return Add(padded, parameter(patches.graph, { dims: [1, table.length / dim, dim], data: table }, "pos_embed"));
}

function addPositions(
  table: Float32Array,
  before: number,
  weights: Weights,
  grid: Size,
  dim: number,
  position: PositionTable,
): void {
  const { embedded, grid: stored, antialias } = position;
  const { data } = weights.get("pos_embed", [1, embedded + stored[0] * stored[1], dim]);
  for (let i = 0; i < embedded * dim; i++) table[i] += data[i];
  table.set(resizedGrid(data.subarray(embedded * dim), stored, grid, dim, antialias), before * dim);
}

/** A grid of vectors [rows·cols, dim] at another size. */
export function resizedGrid(grid: Float32Array, from: Size, to: Size, dim: number, antialias: boolean): Float32Array {
  if (from[0] === to[0] && from[1] === to[1]) return grid;
  const { data } = transposed({ dims: [from[0] * from[1], dim], data: grid });
  const planes = resize({ dims: [1, dim, ...from], data }, to, { mode: "bicubic", antialias });
  return transposed({ dims: [dim, to[0] * to[1]], data: planes.data }).data;
}

/**
 * The grid of a stored table of `rows` positions and how many of them are the prefix's: all or none. The grid is that of the
 * images the config names where that fits, else square.
 * @throws S2Error "weights" when neither fits.
 */
export function gridOfTable(rows: number, prefix: number, grid: Size): Pick<PositionTable, "embedded" | "grid"> {
  for (const embedded of [prefix, 0]) if (rows - embedded === grid[0] * grid[1]) return { embedded, grid };
  for (const embedded of [prefix, 0]) {
    const side = Math.sqrt(rows - embedded);
    if (Number.isInteger(side) && side > 0) return { embedded, grid: [side, side] };
  }
  throw new S2Error(
    "weights",
    `pos_embed has ${rows} rows, which are not those of a grid of ${grid[0]}x${grid[1]} or a square one, with or without the ${prefix} tokens before it.`,
  );
}

export interface RotaryTables {
  /** [tokens, d], of heads with d channels. */
  readonly cos: ShapedValue;
  /** [tokens, d], negative in the half that takes the other's negative. */
  readonly sin: ShapedValue;
}

/** The grid's tokens are turned by where their centers are, -1 to 1 along each axis; the `prefix` tokens before them are not. */
export function rotaryTables(graph: Graph, [rows, cols]: Size, prefix: number, d: number, theta: number): RotaryTables {
  const cos = new Float32Array((prefix + rows * cols) * d).fill(1, 0, prefix * d);
  const sin = new Float32Array(cos.length);
  const quarter = d / 4;
  for (let cell = 0; cell < rows * cols; cell++) {
    const y = (2 * (Math.floor(cell / cols) + 0.5)) / rows - 1;
    const x = (2 * ((cell % cols) + 0.5)) / cols - 1;
    for (let channel = 0; channel < d; channel++) {
      // Angles of y, then of x, then both again: channel i turns with i + d/2.
      const at = channel % (d / 2);
      const angle = (2 * Math.PI * (at < quarter ? y : x)) / theta ** ((at % quarter) / quarter);
      const i = (prefix + cell) * d + channel;
      cos[i] = Math.cos(angle);
      sin[i] = channel < d / 2 ? -Math.sin(angle) : Math.sin(angle);
    }
  }
  const table = (data: Float32Array, name: string) => constant(graph, "float32", [cos.length / d, d], data, name);
  return { cos: table(cos, "rope.cos"), sin: table(sin, "rope.sin") };
}

/** x [b, heads, tokens, d] turned: x·cos + (halves changed)·sin. */
export function rotated(x: ShapedValue, { cos, sin }: RotaryTables): ShapedValue {
  const d = x.dims.at(-1) as number;
  const [first, second] = Split(x, [d / 2, d / 2], -1);
  return Add(Mul(x, cos), Mul(Concat([second, first], -1), sin));
}
