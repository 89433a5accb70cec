/** The same features in fewer or more channels, so that what S² adds can be told from what width adds. */
import { S2Error, type Tensor } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { finishGraph, Gemm, input, newGraph, type OpenedGraph, type OpenGraph, output, writeOnnx } from "../onnx/index.ts";
import { makeRandom, type Random } from "../tensors/index.ts";

/** Features of images by their paths. */
export type Tokens = ReadonlyMap<string, PhotoTokens>;

/** "principal": the directions of most variance. "random": directions drawn by the seed. */
export type Narrowing = "principal" | "random";

/** When a round of iteration adds less than this part of the variance, the directions are the leading ones. */
const settled = 1e-5;
const rounds = 200;

/**
 * A map [width, channels] of rows [n, channels] (in batches), made on standardised channels and turned at random: all of its outputs have
 * about the same variance, so that a head which standardises does not raise the weakest directions to the strength of the strongest.
 * @throws S2Error "option" for a width that is not below the rows' channels.
 */
export async function narrowing(
  how: Narrowing,
  batches: readonly Float32Array[],
  { channels, width, openGraph, seed }: { channels: number; width: number; openGraph: OpenGraph; seed: number },
): Promise<Tensor> {
  if (!(width > 0 && width < channels))
    throw new S2Error("option", `Got width ${width} for rows of ${channels} channels; expected fewer, at least one.`);
  const random = makeRandom(seed);
  const { standard, factor } = standardised(batches, channels);
  const graph = await openGraph(productFile());
  try {
    let map = orthonormal(normals(width * channels, random), channels);
    if (how === "principal") {
      const leading = await leadingDirections(graph, await covariance(graph, standard, channels), map, channels);
      const turn = orthonormal(normals(width * width, random), width);
      map = await product(graph, transposed(turn, width), leading, width, channels);
    }
    for (let i = 0; i < map.length; i++) map[i] *= factor[i % channels];
    return { dims: [width, channels], data: map };
  } finally {
    await graph.close();
  }
}

/** Every token by a map [width, channels]; with `rectify` what is negative becomes 0: random features that a linear head does not have. */
export async function mapTokens(
  features: Tokens,
  { dims: [width, channels], data }: Tensor,
  openGraph: OpenGraph,
  { rectify = false } = {},
): Promise<Tokens> {
  const graph = await openGraph(productFile());
  const byChannel = transposed(data, channels); // [channels, width]
  try {
    const mapped = new Map(features);
    for (const [photo, tokens] of features) {
      const rows = tokens.data.length / channels;
      const out = await product(graph, transposed(tokens.data, channels), byChannel, rows, width, channels);
      if (rectify) for (let i = 0; i < out.length; i++) out[i] = Math.max(0, out[i]);
      mapped.set(photo, { ...tokens, data: out, channels: width, widths: [width] });
    }
    return mapped;
  } finally {
    await graph.close();
  }
}

/** Directions [width, channels] that hold the most variance, by orthogonal iteration from where `start` points. */
async function leadingDirections(
  graph: OpenedGraph,
  sums: Float32Array,
  start: Float32Array,
  channels: number,
): Promise<Float32Array> {
  const width = start.length / channels;
  let directions = start;
  let before = 0;
  for (let round = 0; round < rounds; round++) {
    const moved = await product(graph, sums, transposed(directions, channels), channels, width); // [channels, width]
    const along = transposed(moved, width);
    let variance = 0;
    for (let i = 0; i < along.length; i++) variance += along[i] * directions[i];
    directions = orthonormal(along, channels);
    if (variance - before < settled * variance) break;
    before = variance;
  }
  return directions;
}

async function covariance(graph: OpenedGraph, batches: readonly Float32Array[], channels: number): Promise<Float32Array> {
  const sums = new Float32Array(channels * channels);
  for (const rows of batches) {
    const part = await product(graph, rows, rows, channels, channels);
    for (let i = 0; i < sums.length; i++) sums[i] += part[i];
  }
  return sums;
}

/** Rows about their mean and by their deviation, and 1 / deviation of each channel. */
function standardised(batches: readonly Float32Array[], channels: number) {
  const count = batches.reduce((sum, rows) => sum + rows.length, 0) / channels;
  const mean = new Float64Array(channels);
  for (const rows of batches) for (let i = 0; i < rows.length; i++) mean[i % channels] += rows[i] / count;
  const squares = new Float64Array(channels);
  for (const rows of batches) for (let i = 0; i < rows.length; i++) squares[i % channels] += (rows[i] - mean[i % channels]) ** 2;
  const factor = squares.map((sum) => 1 / (Math.sqrt(sum / count) || 1));
  const standard = batches.map((rows) => rows.map((value, i) => (value - mean[i % channels]) * factor[i % channels]));
  return { standard, factor };
}

/** aᵀ · b. */
function productFile(): Uint8Array {
  const graph = newGraph(17);
  const a = input(graph, "a", "float32", ["inner", "rows"]);
  const b = input(graph, "b", "float32", ["inner", "cols"]);
  output(Gemm(a, b, undefined, { transA: 1 }), "product");
  return writeOnnx(finishGraph(graph, "product"));
}

/** [inner, rows]ᵀ · [inner, cols]. */
async function product(
  graph: OpenedGraph,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  cols: number,
  inner = a.length / rows,
): Promise<Float32Array> {
  const result = await graph.run({ a: { dims: [inner, rows], data: a }, b: { dims: [inner, cols], data: b } });
  return result.product.data as Float32Array;
}

function transposed(matrix: Float32Array, cols: number): Float32Array {
  const rows = matrix.length / cols;
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) turned[col * rows + row] = matrix[row * cols + col];
  return turned;
}

/** Rows of `length` made orthogonal and of length 1, in place (modified Gram and Schmidt). */
function orthonormal(rows: Float32Array, length: number): Float32Array {
  for (let at = 0; at < rows.length; at += length) {
    const row = rows.subarray(at, at + length);
    for (let from = 0; from < at; from += length) {
      let along = 0;
      for (let c = 0; c < length; c++) along += row[c] * rows[from + c];
      for (let c = 0; c < length; c++) row[c] -= along * rows[from + c];
    }
    const norm = Math.hypot(...row) || 1;
    for (let c = 0; c < length; c++) row[c] /= norm;
  }
  return rows;
}

/** Of the standard normal distribution (Box and Muller). */
const normals = (count: number, random: Random): Float32Array =>
  Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
