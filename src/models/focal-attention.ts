/** Attention of Focal Transformer (arXiv 2107.00641, section 3.2): each window's queries, fine keys nearby and coarse keys further off. */
import { S2Error } from "../core/index.ts";
import { Add, Concat, constant, Gather, MatMul, Reshape, type ShapedValue, Softmax, scope, Transpose } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";
import { checkHeads } from "./config.ts";
import { reorder } from "./feature-maps.ts";
import { keyBias } from "./focal-bias.ts";
import { keysOf, type Level, pooledOrder, type Ring, ringOf, windowGrid } from "./focal-keys.ts";
import { shapeOf } from "./hierarchy.ts";
import { affine, amplified, linear, parameter, readAffine, rowsOf, scoped } from "./layers.ts";
import type { Weights } from "./weights.ts";
import type { Windows } from "./windows.ts";

/** Tokens [b, n, c] of a grid; `weights` are the block's, with `attn` and `pool_layers`. */
export function focalAttention(
  x: ShapedValue,
  weights: Weights,
  { grid, windows, gain }: { grid: Size; windows: Windows; gain?: Float32Array },
): ShapedValue {
  const { graph } = x;
  const [batch, , dim] = x.dims as readonly [string, number, number];
  const attention = weights.under("attn");
  const heads = shapeOf(attention, "relative_position_bias_table")[1];
  checkHeads(dim, heads);
  const cells = windowGrid(grid, windows);
  const [area, depth] = [cells.side ** 2, dim / heads];
  const ring = readRing(attention, cells.side);
  const levels = readLevels(weights, cells.side);
  const tokens = reorder(x, windows.order);
  const pooled = levels.map((level, i) => pool(tokens, weights.under(`pool_layers.${i}`), pooledOrder(cells, level)));
  const keys = keysOf(cells, ring, levels);
  return scoped(graph, attention, () => {
    const all = readAffine(attention.under("qkv"), 3 * dim, dim);
    const [q, k, v] = [0, 1, 2].map((i) => rowsOf(all, i * dim, (i + 1) * dim));
    const project = (name: string, from: ShapedValue, layer: typeof q) => scope(graph, name, () => affine(from, layer));
    const queries = project("query", tokens, amplified(q, new Float64Array(dim).fill(depth ** -0.5)));
    const seen = Concat([tokens, ...pooled], 1);
    const inWindows = Transpose(Reshape(queries, [batch, windows.count, area, heads, depth]), [0, 3, 1, 2, 4]);
    // Heads outermost before tokens are repeated for the windows that see them: then the products take them as they lie.
    const order = constant(graph, "int32", [windows.count, keys.count], keys.order, "keys");
    const [ofKeys, ofValues] = [project("key", seen, k), project("value", seen, v)].map((each) => {
      const inHeads = Transpose(Reshape(each, [batch, each.dims[1], heads, depth]), [0, 2, 1, 3]);
      return Gather(inHeads, order, { axis: 2 });
    });
    const bias = keyBias(graph, attention, windows, heads, { keys, ring, levels });
    const scores = Softmax(Add(MatMul(inWindows, Transpose(ofKeys, [0, 1, 2, 4, 3])), bias));
    const attended = Transpose(MatMul(scores, ofValues), [0, 2, 3, 1, 4]);
    const joined = Reshape(attended, [batch, windows.count * area, dim]);
    return linear(reorder(joined, windows.positions), attention.under("proj"), dim, { gain });
  });
}

/** The ring whose keys the table of positions has: 4·side² - 4·(side - reach)². */
function readRing(weights: Weights, side: number): Ring | undefined {
  const name = "relative_position_bias_table_to_neighbors";
  const stored = weights.dims(name)?.at(-1);
  if (stored === undefined) return undefined;
  const reach = side - Math.sqrt(side * side - stored / 4);
  if (Number.isInteger(reach) && reach > 0) return ringOf(side, reach);
  throw new S2Error("weights", `${weights.path}.${name} has ${stored} keys, which are no ring around windows of ${side} tokens.`);
}

/** Sides from the tables of positions, [heads, (window + side - 1)²], and from the weights that pool. */
function readLevels(weights: Weights, window: number): Level[] {
  return Array.from({ length: weights.count("pool_layers") }, (_, i) => {
    const table = shapeOf(weights, `attn.relative_position_bias_table_to_windows.${i}`).at(-1)!;
    const side = Math.sqrt(table) - window + 1;
    const pooled = Math.sqrt(shapeOf(weights, `pool_layers.${i}.weight`).at(-1)!);
    if (Number.isInteger(side) && side > 0 && Number.isInteger(pooled)) return { scale: 2 ** i, side, pooled };
    throw new S2Error(
      "weights",
      `${weights.path}.attn.relative_position_bias_table_to_windows.${i} has ${table} positions and pool_layers.${i} pools ${pooled ** 2} tokens; expected squares.`,
    );
  });
}

/** One linear layer for all channels and squares: [b, n, c] to [b, squares, c]. */
function pool(tokens: ShapedValue, weights: Weights, order: Int32Array): ShapedValue {
  const [batch, , dim] = tokens.dims as readonly [string, number, number];
  const count = shapeOf(weights, "weight").at(-1)!;
  const squares = Reshape(reorder(tokens, order), [batch, order.length / count, count, dim]);
  return scope(tokens.graph, weights.path, () => {
    const sum = MatMul(parameter(tokens.graph, weights.get("weight", [1, count]), "weight"), squares);
    return Reshape(Add(sum, parameter(tokens.graph, weights.get("bias", [1]), "bias")), [batch, order.length / count, dim]);
  });
}
