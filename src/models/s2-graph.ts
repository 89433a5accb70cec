/** S² as operators of a graph: images into tiles, tiles' tokens onto the output's grid, scales into features; each scale by its matrices. */
import type { Matrix, S2Plan, ScaleMatrices, ScalePlan } from "../core/index.ts";
import {
  Add,
  Concat,
  constant,
  type Graph,
  MatMul,
  Mul,
  ReduceSum,
  Reshape,
  type ShapedValue,
  Slice,
  Transpose,
} from "../onnx/index.ts";
import { transposed } from "./layers.ts";

/** Resizes, pads and cuts images [b, c, h, w] into a scale's tiles [rows·cols·b, c, height, width], in the reference's order (row, col, image). */
export function cutTiles(images: ShapedValue, scale: ScalePlan, { cutRows, cutCols }: ScaleMatrices): ShapedValue {
  return tilesInOrder(timesRight(timesLeft(cutRows, images, "cutRows"), transposed(cutCols) as Matrix, "cutCols"), scale);
}

/** Cuts images [b, c, rows·height, cols·width] into tiles [rows·cols·b, c, height, width] in the order (row, col, image). */
export function tilesInOrder(images: ShapedValue, { rows, cols, tile }: ScalePlan): ShapedValue {
  const [batch, channels] = images.dims;
  if (rows * cols === 1) return images;
  const split = Reshape(images, [batch, channels, rows, tile[0], cols, tile[1]]);
  return Reshape(Transpose(split, [2, 4, 0, 1, 3, 5]), [-1, channels, ...tile]);
}

/** Stitches and pools a scale's tokens [rows·cols·b, prefix + n, c] to [b, prefix + output rows·cols, c]; prefix tokens are averaged. */
export function poolTokens(
  tokens: ShapedValue,
  scale: ScalePlan,
  matrices: ScaleMatrices,
  grid: { rows: number; cols: number },
  prefix: number,
): ShapedValue {
  const { rows, cols } = scale;
  const { poolRows, poolCols, prefixWeights } = matrices;
  const channels = tokens.dims[2];
  const patches = prefix === 0 ? tokens : Slice(tokens, prefix, Number.POSITIVE_INFINITY, 1);
  const tiles = Reshape(patches, [rows, cols, -1, grid.rows, grid.cols, channels]);
  const stitched = rows * cols === 1 ? tiles : Transpose(tiles, [2, 0, 3, 1, 4, 5]);
  const [outRows, outCols] = [poolRows.dims[0], poolCols.dims[0]];
  const lines = Reshape(stitched, [-1, rows * grid.rows, cols * grid.cols, channels]);
  const pooledCols = timesLeft(poolCols, lines, "poolCols"); // [b, rows·token rows, output cols, c]
  const flat = Reshape(pooledCols, [-1, rows * grid.rows, (outCols * (channels as number)) as number]);
  const pooled = Reshape(timesLeft(poolRows, flat, "poolRows"), [-1, outRows * outCols, channels]);
  return prefix === 0 ? pooled : Concat([averagePrefix(tokens, prefix, prefixWeights), pooled], 1);
}

/** The prefix tokens' mean over a scale's tiles: [tiles·b, n, c] to [b, prefix, c]. */
function averagePrefix(tokens: ShapedValue, prefix: number, weights: readonly number[]): ShapedValue {
  const prefixTokens = Slice(tokens, 0, prefix, 1);
  if (weights.length === 1) return prefixTokens;
  const tiles = Reshape(prefixTokens, [weights.length, -1, prefix, tokens.dims[2]]);
  const fractions = constant(tokens.graph, "float32", [weights.length, 1, 1, 1], Float32Array.from(weights), "prefixWeights");
  return ReduceSum(Mul(tiles, fractions), [0], { keepdims: 0 });
}

/** Stitches and pools a scale's maps [rows·cols·b, c, y, x] to [b, c, output rows, output cols]. */
export function poolMaps(maps: ShapedValue, scale: ScalePlan, { poolRows, poolCols }: ScaleMatrices): ShapedValue {
  const { rows, cols } = scale;
  const [, channels, y, x] = maps.dims as [unknown, number, number, number];
  const tiles = Reshape(maps, [rows, cols, -1, channels, y, x]);
  const stitched = Reshape(rows * cols === 1 ? tiles : Transpose(tiles, [2, 3, 0, 4, 1, 5]), [-1, channels, rows * y, cols * x]);
  return timesRight(timesLeft(poolRows, stitched, "poolRows"), transposed(poolCols) as Matrix, "poolCols");
}

/** The scales side by side in channels, or their sum, or their mean. */
export function mergeScales(scales: readonly ShapedValue[], { merge, outputShape }: S2Plan): ShapedValue {
  if (merge === "concat") return Concat(scales, outputShape === "bnc" ? 2 : 1);
  const sum = scales.reduce((total, scale) => Add(total, scale));
  return merge === "add" ? sum : Mul(sum, 1 / scales.length);
}

/** matrix · x over the last two axes; x itself where the matrix is the identity. */
export function timesLeft(matrix: Matrix, x: ShapedValue, name: string): ShapedValue {
  return isIdentity(matrix) ? x : MatMul(asConstant(x.graph, matrix, name), x);
}

/** x · matrix over the last two axes. */
export function timesRight(x: ShapedValue, matrix: Matrix, name: string): ShapedValue {
  return isIdentity(matrix) ? x : MatMul(x, asConstant(x.graph, matrix, name));
}

function asConstant(graph: Graph, { dims, data }: Matrix, name: string): ShapedValue {
  return constant(graph, "float32", dims, data, name);
}

function isIdentity({ dims: [rows, cols], data }: Matrix): boolean {
  return rows === cols && data.every((value, i) => value === (i % (cols + 1) === 0 ? 1 : 0));
}
