/** Hiera (arXiv 2306.00989): plain attention, within mask units in the first stages; queries are pooled where the next stage begins. */

import { px, S2Error } from "../core/index.ts";
import { Add, Concat, ReduceMax, ReduceMean, Reshape, type ShapedValue, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { checkHeads } from "./config.ts";
import { planesToTokens, reorder, sizeOf, tokensToPlanes, tokensToRows } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { conv, layerNorm, linear, parameter, scoped } from "./layers.ts";
import type { Activation } from "./mlp.ts";
import { mlp } from "./mlp.ts";
import { mean } from "./pooling.ts";
import type { Weights } from "./weights.ts";
import { attendInWindows, queriesKeysValues } from "./window-attention.ts";

/** Settings that the tensors do not show, unlike channels. */
export interface Hiera {
  readonly source: Source;
  readonly imageSize: Size;
  readonly activation: Activation;
  readonly epsilon: number;
  readonly patchStride: number;
  readonly patchPadding: number;
  /** The side of the blocks that become one, and in how many stages (from the second) they do. */
  readonly queryStride: number;
  readonly queryPools: number;
  readonly stages: readonly HieraStage[];
  /** [rows · cols, c], row by row. */
  positions(grid: Size): Float32Array;
}

export interface HieraStage {
  /** Names of the blocks' weights. */
  readonly blocks: readonly string[];
  readonly heads: number;
  /** Tokens that attend to each other, after pooling; 0 for all. The first block is still as the stage before. */
  readonly unit: number;
  readonly firstUnit: number;
}

export function describeHiera(hiera: Hiera, weights: Weights): Architecture {
  return {
    imageSize: hiera.imageSize,
    patchSize: hiera.patchStride * hiera.queryStride ** hiera.queryPools,
    prefixTokens: 0,
    channels: shapeOf(weights, "patch_embed.proj.weight")[1],
    main: mainOutputs,
    unused: /^(decoder|encoder_norm|multiscale_fusion|hidden_states_norms)\./,
    build: (images) => build(images, weights, hiera),
  };
}

function build(images: ShapedValue, weights: Weights, hiera: Hiera): Outputs {
  const { graph } = images;
  const { source, queryStride, queryPools } = hiera;
  const steps = hiera.stages.length - 1;
  checkSize(sizeOf(images), hiera.patchStride * queryStride ** steps);
  const patches = embed(images, weights.under("patch_embed"), hiera);
  let grid = sizeOf(patches);
  const dims = [grid[0] * grid[1], patches.dims[1] as number];
  const embedded = Add(planesToTokens(patches), parameter(graph, { dims, data: hiera.positions(grid) }, "pos_embed"));
  let x = reorder(embedded, inverse(unrolledPositions(grid, queryStride, steps)));
  const [hidden, rows, stages] = [[x], [tokensToRows(embedded, grid)], [] as ShapedValue[]];
  hiera.stages.forEach((each, i) => {
    const pooled = i > 0 && i <= queryPools;
    if (pooled) grid = [grid[0] / queryStride, grid[1] / queryStride];
    x = scope(graph, `stages.${i}`, () => stage(x, weights, each, pooled ? queryStride ** 2 : 1, hiera));
    const rolled = reorder(x, unrolledPositions(grid, queryStride, steps - Math.min(i, queryPools)));
    hidden.push(x);
    rows.push(tokensToRows(rolled, grid));
    stages.push(tokensToPlanes(rolled, grid));
  });
  const values = { features: x, stages, hidden: { hidden_states: hidden, reshaped_hidden_states: rows } };
  if (!weights.has("head.norm.weight")) return namedOutputs(source, values);
  const pooled = layerNorm(mean(x), weights.under("head.norm"), hiera.epsilon);
  return namedOutputs(source, { ...values, pooled, logits: classifier(pooled, weights.under("head.fc")) });
}

function checkSize(image: Size, block: number): void {
  if (image.every((side) => side % block === 0)) return;
  throw new S2Error("input", `Images are ${px(image)}; this Hiera takes sides that are multiples of ${block} pixels.`);
}

function embed(images: ShapedValue, weights: Weights, { patchStride, patchPadding }: Hiera): ShapedValue {
  const [channels, , kernel] = shapeOf(weights, "proj.weight");
  const layout = { channels, kernel, stride: patchStride, padding: patchPadding };
  return scoped(images.graph, weights, () => conv(images, weights.under("proj"), layout));
}

function stage(
  tokens: ShapedValue,
  weights: Weights,
  { blocks, heads, unit, firstUnit }: HieraStage,
  pool: number,
  hiera: Hiera,
): ShapedValue {
  let x = tokens;
  blocks.forEach((name, i) => {
    const pooling = i === 0 ? { heads, pool, unit: firstUnit } : { heads, pool: 1, unit };
    x = scope(x.graph, `blocks.${i}`, () => block(x, weights.under(name), pooling, hiera));
  });
  return x;
}

interface Pooling {
  readonly heads: number;
  /** The number of tokens that are pooled into one. */
  readonly pool: number;
  readonly unit: number;
}

function block(x: ShapedValue, weights: Weights, pooling: Pooling, { epsilon, activation }: Hiera): ShapedValue {
  const features = shapeOf(weights, "attn.proj.weight")[0];
  const normed = layerNorm(x, weights.under("norm1"), epsilon);
  const gain = (name: string) => (weights.has(`${name}.gamma`) ? weights.get(`${name}.gamma`, [features]).data : undefined);
  const kept = features === x.dims[2] ? x : widened(x, normed, weights, features, pooling.pool);
  const attended = Add(kept, attention(normed, weights.under("attn"), features, pooling, gain("ls1")));
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const settings = { kind: "plain", width, activation, bias: true } as const;
  return Add(attended, mlp(layerNorm(attended, weights.under("norm2"), epsilon), weights.under("mlp"), settings, gain("ls2")));
}

function attention(
  x: ShapedValue,
  weights: Weights,
  features: number,
  { heads, pool, unit }: Pooling,
  gain?: Float32Array,
): ShapedValue {
  checkHeads(features, heads);
  return scoped(x.graph, weights, () => {
    const [query, key, value] = queriesKeysValues(x, weights, features, (features / heads) ** -0.5);
    const windows = unit === 0 ? 1 : unitsOf(x.dims[1] as number, pool * unit);
    const attended = attendInWindows([maximum(query, pool), key, value], { windows, heads, strided: true });
    return linear(attended, weights.under("proj"), features, { gain });
  });
}

function unitsOf(tokens: number, unit: number): number {
  if (tokens % unit === 0) return tokens / unit;
  throw new S2Error("input", `Images leave ${tokens} tokens, which are no whole mask units of ${unit}; give another imageSize.`);
}

/** The residual where tokens become fewer and get more channels: a pooled projection of the normed tokens, or (timm's abswin) x pooled twice. */
function widened(x: ShapedValue, normed: ShapedValue, weights: Weights, features: number, pool: number): ShapedValue {
  if (weights.has("proj.weight")) return maximum(linear(normed, weights.under("proj"), features), pool);
  return Concat([maximum(x, pool), pool === 1 ? x : ReduceMean(grouped(x, pool), [1], { keepdims: 0 })], 2);
}

/** The maximum of each `pool` tokens, which are a leading axis of the unrolled order. */
const maximum = (x: ShapedValue, pool: number) => (pool === 1 ? x : ReduceMax(grouped(x, pool), [1], { keepdims: 0 }));

function grouped(x: ShapedValue, pool: number): ShapedValue {
  const [batch, tokens, channels] = x.dims as readonly [string, number, number];
  return Reshape(x, [batch, pool, tokens / pool, channels]);
}

/**
 * For each token of a grid (row by row) its position. Each step takes the position within blocks of `stride` x `stride` to the front and
 * leaves the grid of blocks, so that later the maximum over a leading axis of stride² is that over a block.
 */
export function unrolledPositions([height, width]: Size, stride: number, steps: number): Int32Array {
  return Int32Array.from({ length: height * width }, (_, token) => {
    let [row, col, position] = [Math.floor(token / width), token % width, 0];
    for (let step = 0; step < steps; step++) {
      position = (position * stride + (row % stride)) * stride + (col % stride);
      [row, col] = [Math.floor(row / stride), Math.floor(col / stride)];
    }
    const scale = stride ** steps;
    return (position * (height / scale) + row) * (width / scale) + col;
  });
}

/** The other way round: which token is at each position. */
export function inverse(positions: Int32Array): Int32Array {
  const tokens = new Int32Array(positions.length);
  positions.forEach((position, token) => {
    tokens[position] = token;
  });
  return tokens;
}
