/** Numbers added to the scores of Focal Transformer's keys: positions of a window's tokens, of the ring and of pooled tokens, and masks. */
import { Add, constant, type Graph, type ShapedValue } from "../onnx/index.ts";
import type { Keys, Level, Ring } from "./focal-keys.ts";
import { parameter } from "./layers.ts";
import type { Weights } from "./weights.ts";
import { relativePositions, type Windows } from "./windows.ts";

/** Takes a key out of the softmax, in half precision too. */
const never = -1e4;
/** The authors' mask between tokens that only the roll brought together. */
const seam = -100;

/** [heads, windows, area, keys], from constants alone: runtimes compute it once. */
export function keyBias(
  graph: Graph,
  weights: Weights,
  windows: Windows,
  heads: number,
  { keys, ring, levels }: { keys: Keys; ring?: Ring; levels: readonly Level[] },
): ShapedValue {
  const [side] = windows.size;
  const area = side * side;
  const bias = new Float32Array(heads * area * keys.count);
  let column = area;
  fillOwn(bias, weights, side, heads, keys.count);
  if (ring) fillRing(bias, weights, ring, { heads, area, count: keys.count, column });
  column += ring?.offsets.length ?? 0;
  levels.forEach((level, i) => {
    const { data } = weights.get(`relative_position_bias_table_to_windows.${i}`, [heads, (side + level.side - 1) ** 2]);
    fillLevel(bias, data, level, { heads, side, count: keys.count, column });
    column += level.side ** 2;
  });
  const positions = parameter(graph, { dims: [heads, 1, area, keys.count], data: bias }, "positions");
  const mask = maskOf(keys, windows, area);
  return mask
    ? Add(positions, constant(graph, "float32", [windows.count, mask.length / keys.order.length, keys.count], mask, "mask"))
    : positions;
}

/** Positions of a window's tokens, as Swin has them. */
function fillOwn(bias: Float32Array, weights: Weights, side: number, heads: number, count: number): void {
  const table = weights.get("relative_position_bias_table", [(2 * side - 1) ** 2, heads]).data;
  const area = side * side;
  relativePositions([side, side]).forEach((row, pair) => {
    const [query, key] = [Math.floor(pair / area), pair % area];
    for (let head = 0; head < heads; head++) bias[(head * area + query) * count + key] = table[row * heads + head];
  });
}

interface Layout {
  readonly heads: number;
  readonly count: number;
  /** The first key of these. */
  readonly column: number;
}

/** A token that the authors have twice among the keys, with two biases, is one with the logarithm of the sum of their exponentials. */
function fillRing(bias: Float32Array, weights: Weights, { columns }: Ring, layout: Layout & { area: number }): void {
  const { heads, area, count, column } = layout;
  const stored = columns.reduce((sum, each) => sum + each.length, 0);
  const table = weights.get("relative_position_bias_table_to_neighbors", [1, heads, area, stored]).data;
  for (let row = 0; row < heads * area; row++) {
    columns.forEach((each, key) => {
      const most = each.reduce((value, at) => Math.max(value, table[row * stored + at]), Number.NEGATIVE_INFINITY);
      const sum = each.reduce((total, at) => total + Math.exp(table[row * stored + at] - most), 0);
      bias[row * count + column + key] = most + Math.log(sum);
    });
  }
}

/** By the query's row and column in the window less those of the key among the pooled tokens that the window sees. */
function fillLevel(bias: Float32Array, table: Float32Array, level: Level, layout: Layout & { side: number }): void {
  const { heads, side, count, column } = layout;
  const width = side + level.side - 1;
  const area = side * side;
  for (let query = 0; query < area; query++) {
    for (let key = 0; key < level.side ** 2; key++) {
      const down = Math.floor(query / side) - Math.floor(key / level.side) + level.side - 1;
      const right = (query % side) - (key % level.side) + level.side - 1;
      for (let head = 0; head < heads; head++)
        bias[(head * area + query) * count + column + key] = table[head * width * width + down * width + right];
    }
  }
}

/** [windows, 1, keys] for places outside of the pooled grid, [windows, area, keys] where windows are shifted, too; none if nothing is masked. */
function maskOf({ order, count, outside }: Keys, { regions }: Windows, area: number): Float32Array | undefined {
  if (!regions && !outside.includes(1)) return undefined;
  const rows = regions ? area : 1;
  const mask = new Float32Array(order.length * rows);
  for (let window = 0; window < order.length / count; window++) {
    for (let row = 0; row < rows; row++) {
      const at = (window * rows + row) * count;
      for (let key = 0; key < count; key++) if (outside[window * count + key]) mask[at + key] = never;
      if (!regions) continue;
      for (let key = 0; key < area; key++)
        if (regions[window * area + row] !== regions[window * area + key]) mask[at + key] = seam;
    }
  }
  return mask;
}
