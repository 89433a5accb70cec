/** Attention of MViTv2 (arXiv 2112.01526, section 3.1): pooled queries, keys and values, relative positions by rows and columns. */
import { resize, S2Error } from "../core/index.ts";
import {
  Add,
  Concat,
  Conv,
  constant,
  type Graph,
  LayerNormalization,
  MatMul,
  Pad,
  Reshape,
  type ShapedValue,
  Slice,
  Softmax,
  Transpose,
} from "../onnx/index.ts";
import type { Size } from "./architecture.ts";
import { tokensToPlanes } from "./feature-maps.ts";
import { shapeOf } from "./hierarchy.ts";
import { linear, parameter, scoped, transposed } from "./layers.ts";
import { withoutPrefix } from "./pooling.ts";
import type { Weight, Weights } from "./weights.ts";
import { queriesKeysValues } from "./window-attention.ts";

/** Epsilon of all norms. */
export const epsilon = 1e-6;

export interface PooledAttention {
  /** The grid of the tokens, without the class token before them. */
  readonly grid: Size;
  /** The number of class tokens, 0 or 1. */
  readonly prefix: number;
  readonly queryStride: number;
  readonly keyStride: number;
}

/** Tokens [b, prefix + n, c] to [b, prefix + n / queryStride², features]. */
export function pooledAttention(x: ShapedValue, weights: Weights, settings: PooledAttention): ShapedValue {
  const { grid, prefix, queryStride, keyStride } = settings;
  const features = shapeOf(weights, "qkv.weight")[0] / 3;
  const depth = shapeOf(weights, "pool_q.weight")[0];
  const heads = features / depth;
  if (!Number.isInteger(heads))
    throw new S2Error(
      "weights",
      `${weights.path}.qkv.weight makes ${3 * features} channels and pool_q.weight pools heads of ${depth}; expected three times a multiple of it.`,
    );
  const batch = x.dims[0];
  const [queries, keys] = [pooledGrid(grid, queryStride), pooledGrid(grid, keyStride)];
  const [q, k, v] = queriesKeysValues(x, weights, features).map((each, i) => {
    const name = "qkv"[i];
    const stride = i === 0 ? queryStride : keyStride;
    const pooled = pool(each, weights.under(`pool_${name}`), { ...settings, heads, stride });
    // The scale of the scores is in the keys' norm: positions take the queries as they are.
    return headNorm(pooled, weights.under(`norm_${name}`), name === "k" ? depth ** -0.5 : 1);
  });
  const patches = prefix > 0 ? Slice(q, prefix, Number.POSITIVE_INFINITY, 2) : q;
  const positions = relativePositions(patches, weights, queries, keys);
  const scores = Add(
    MatMul(q, Transpose(k, [0, 1, 3, 2])),
    // No positions between the class token and others.
    MatMul(Pad(positions, [0, 0, prefix, 0, 0, 0, 0, 0]), rowsAndCols(x.graph, keys, prefix)),
  );
  const attended = Add(MatMul(Softmax(scores), v), q);
  const joined = Reshape(Transpose(attended, [0, 2, 1, 3]), [batch, prefix + queries[0] * queries[1], features]);
  return linear(joined, weights.under("proj"), features);
}

const pooledGrid = ([rows, cols]: Size, stride: number): Size => [Math.ceil(rows / stride), Math.ceil(cols / stride)];

/** Tokens [b, prefix + n, heads·d] to heads [b, heads, prefix + n / stride², d]: one depthwise convolution for all heads; the class token passes by. */
function pool(
  x: ShapedValue,
  weights: Weights,
  { grid, prefix, heads, stride }: Pick<PooledAttention, "grid" | "prefix"> & { heads: number; stride: number },
): ShapedValue {
  const [batch, , features] = x.dims as readonly [string, number, number];
  const depth = features / heads;
  const [rows, cols] = pooledGrid(grid, stride);
  const kernel = weights.get("weight", [depth, 1, 3, 3]);
  const repeated = new Float32Array(heads * kernel.data.length);
  for (let head = 0; head < heads; head++) repeated.set(kernel.data, head * kernel.data.length);
  const shared = { dims: [features, 1, 3, 3], data: repeated };
  const planes = scoped(x.graph, weights, () =>
    Conv(tokensToPlanes(withoutPrefix(x, prefix), grid), parameter(x.graph, shared, "weight"), undefined, {
      ...{ strides: [stride, stride], pads: [1, 1, 1, 1], group: features },
    }),
  );
  const pooled = Transpose(Reshape(planes, [batch, heads, depth, rows * cols]), [0, 1, 3, 2]);
  if (prefix === 0) return pooled;
  const first = Transpose(Reshape(Slice(x, 0, prefix, 1), [batch, prefix, heads, depth]), [0, 2, 1, 3]);
  return Concat([first, pooled], 2);
}

/** A layer norm over a head's channels, the same for all heads, times `scale`. */
function headNorm(x: ShapedValue, weights: Weights, scale: number): ShapedValue {
  const depth = x.dims[3] as number;
  return scoped(x.graph, weights, () => {
    const [gain, bias] = ["weight", "bias"].map((name) => {
      const { dims, data } = weights.get(name, [depth]);
      return parameter(x.graph, { dims, data: data.map((value) => value * scale) }, name);
    });
    return LayerNormalization(x, gain, bias, { epsilon });
  });
}

/** Along one axis, for every query the vectors of all keys [queries, d, keys], of a table that is resized to this axis. */
function axisPositions(table: Weight, queries: number, keys: number): Weight {
  const [stored, depth] = table.dims;
  const rows = 2 * Math.max(queries, keys) - 1;
  const channels = transposed(table);
  const { data } = resize({ dims: [1, depth, 1, stored], data: channels.data }, [1, rows], { mode: "bilinear" });
  const [perQuery, perKey] = [Math.max(keys / queries, 1), Math.max(queries / keys, 1)];
  const result = new Float32Array(queries * depth * keys);
  for (let i = 0, at = 0; i < queries; i++) {
    for (let channel = 0; channel < depth; channel++) {
      for (let j = 0; j < keys; j++) {
        const row = Math.trunc(i * perQuery - j * perKey + (keys - 1) * perKey);
        result[at++] = data[channel * rows + row];
      }
    }
  }
  return { dims: [queries, depth, keys], data: result };
}

/** Queries [b, heads, rows·cols, d] with the positions of all rows and columns of keys, [b, heads, rows·cols, key rows + key cols]. */
function relativePositions(q: ShapedValue, weights: Weights, [rows, cols]: Size, [keyRows, keyCols]: Size): ShapedValue {
  const [batch, heads, , depth] = q.dims as readonly [string, number, number, number];
  const positions = (name: string, queries: number, keys: number) => {
    const table = weights.get(name, [shapeOf(weights, name)[0], depth]);
    return parameter(q.graph, axisPositions(table, queries, keys), name);
  };
  const lines = Reshape(q, [batch, heads, rows, cols, depth]);
  const byRow = MatMul(lines, positions("rel_pos_h", rows, keyRows));
  const byCol = MatMul(Transpose(lines, [0, 1, 3, 2, 4]), positions("rel_pos_w", cols, keyCols));
  const both = Concat([byRow, Transpose(byCol, [0, 1, 3, 2, 4])], 4);
  return Reshape(both, [batch, heads, rows * cols, keyRows + keyCols]);
}

/** Ones where a key [prefix + rows·cols] is in a row or column, [rows + cols, keys]: the product adds both at once to the scores. */
function rowsAndCols(graph: Graph, [rows, cols]: Size, prefix: number): ShapedValue {
  const count = prefix + rows * cols;
  const ones = new Float32Array((rows + cols) * count);
  for (let key = 0; key < rows * cols; key++) {
    ones[Math.floor(key / cols) * count + prefix + key] = 1;
    ones[(rows + (key % cols)) * count + prefix + key] = 1;
  }
  return constant(graph, "float32", [rows + cols, count], ones, "rows_and_cols");
}
