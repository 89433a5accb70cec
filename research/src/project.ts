/** Dimensionality reduction of features (PCA, random projection): a control for the number of channels of S². */
import type { Tensor } from "s2-vision";
import { finishGraph, Gemm, input, newGraph, type OpenGraph, output, writeOnnx } from "s2-vision/onnx";
import { makeRandom } from "s2-vision/train";
import { ResearchError } from "./error.ts";
import type { ImageFeatures } from "./evaluate.ts";

/** "principal": the directions of most variance (PCA). "random": orthonormal random directions. */
type ProjectionMethod = "principal" | "random";

/** The iteration has converged when a round adds less than this fraction of the variance. */
const tolerance = 1e-5;
const maxRounds = 200;

/**
 * Fits a projection [width, channels] to features [n, channels] (in batches). Channels are standardized first, and the directions are rotated at
 * random: all outputs have about the same variance, so that a head which standardizes does not amplify the weakest directions.
 * @throws ResearchError for a width that is not below the number of channels.
 */
export async function fitProjection(
  method: ProjectionMethod,
  batches: readonly Float32Array[],
  { channels, width, openGraph, seed }: { channels: number; width: number; openGraph: OpenGraph; seed: number },
): Promise<Tensor> {
  if (!(width > 0 && width < channels))
    throw new ResearchError(`Got width ${width} for ${channels} channels; expected fewer, at least one.`);
  const random = makeRandom(seed);
  const { standard, factor } = standardized(batches, channels);
  const graph = await openGraph(productFile());
  try {
    let map = orthonormal(normals(width * channels, random), channels);
    if (method === "principal") {
      const leading = await leadingDirections(graph, await covariance(graph, standard, channels), map, channels);
      const rotation = orthonormal(normals(width * width, random), width);
      map = await product(graph, transposed(rotation, width), leading, width, channels);
    }
    for (let i = 0; i < map.length; i++) map[i] *= factor[i % channels];
    return { dims: [width, channels], data: map };
  } finally {
    await graph.close();
  }
}

/** Projects every token by a map [width, channels]; `rectify` sets negative values to 0, which makes random features that are not linear. */
export async function projectFeatures(
  features: ImageFeatures,
  { dims: [width, channels], data }: Tensor,
  openGraph: OpenGraph,
  { rectify = false } = {},
): Promise<ImageFeatures> {
  const graph = await openGraph(productFile());
  const byChannel = transposed(data, channels); // [channels, width]
  try {
    const projected = new Map(features);
    for (const [image, tokens] of features) {
      const rows = tokens.data.length / channels;
      const out = await product(graph, transposed(tokens.data, channels), byChannel, rows, width, channels);
      if (rectify) for (let i = 0; i < out.length; i++) out[i] = Math.max(0, out[i]);
      projected.set(image, { ...tokens, data: out, channels: width, channelsPerScale: [width] });
    }
    return projected;
  } finally {
    await graph.close();
  }
}

/** Finds the directions [width, channels] of most variance by orthogonal iteration from `start`. */
async function leadingDirections(
  graph: Awaited<ReturnType<OpenGraph>>,
  covariances: Float32Array,
  start: Float32Array,
  channels: number,
): Promise<Float32Array> {
  const width = start.length / channels;
  let directions = start;
  let before = 0;
  for (let round = 0; round < maxRounds; round++) {
    const moved = await product(graph, covariances, transposed(directions, channels), channels, width); // [channels, width]
    const along = transposed(moved, width);
    let variance = 0;
    for (let i = 0; i < along.length; i++) variance += along[i] * directions[i];
    directions = orthonormal(along, channels);
    if (variance - before < tolerance * variance) break;
    before = variance;
  }
  return directions;
}

async function covariance(
  graph: Awaited<ReturnType<OpenGraph>>,
  batches: readonly Float32Array[],
  channels: number,
): Promise<Float32Array> {
  const sums = new Float32Array(channels * channels);
  for (const rows of batches) {
    const products = await product(graph, rows, rows, channels, channels);
    for (let i = 0; i < sums.length; i++) sums[i] += products[i];
  }
  return sums;
}

/** Standardizes features; returns them with 1 / deviation of each channel. */
function standardized(batches: readonly Float32Array[], channels: number) {
  const count = batches.reduce((sum, rows) => sum + rows.length, 0) / channels;
  const mean = new Float64Array(channels);
  for (const rows of batches) for (let i = 0; i < rows.length; i++) mean[i % channels] += rows[i] / count;
  const squares = new Float64Array(channels);
  for (const rows of batches) for (let i = 0; i < rows.length; i++) squares[i % channels] += (rows[i] - mean[i % channels]) ** 2;
  const factor = squares.map((sum) => 1 / (Math.sqrt(sum / count) || 1));
  const standard = batches.map((rows) => rows.map((value, i) => (value - mean[i % channels]) * factor[i % channels]));
  return { standard, factor };
}

/** Makes the graph of aᵀ · b. */
function productFile(): Uint8Array {
  const graph = newGraph(17);
  const a = input(graph, "a", "float32", ["inner", "rows"]);
  const b = input(graph, "b", "float32", ["inner", "cols"]);
  output(Gemm(a, b, undefined, { transA: 1 }), "product");
  return writeOnnx(finishGraph(graph, "product"));
}

/** Multiplies [inner, rows]ᵀ · [inner, cols]. */
async function product(
  graph: Awaited<ReturnType<OpenGraph>>,
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
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) result[col * rows + row] = matrix[row * cols + col];
  return result;
}

/** Orthonormalizes rows of `length` numbers in place (modified Gram-Schmidt). */
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

/** Draws from the standard normal distribution (Box-Muller). */
const normals = (count: number, random: () => number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
