/** Features projected at random to fewer channels, so that the gain of S² can be distinguished from the gain of more channels. */
import { S2Error, type Tensor } from "../core/index.ts";
import { finishGraph, Gemm, input, newGraph, type OpenGraph, output, writeOnnx } from "../onnx/index.ts";
import { makeRandom, type Random } from "../tensors/index.ts";
import type { ImageFeatures } from "./extract-data-set.ts";

/**
 * Makes a random projection [width, channels] with orthonormal rows for channels that are standardized over features [n, channels] (in batches).
 * @throws S2Error "option" for a width that is not below the number of channels.
 */
export function fitRandomProjection(
  batches: readonly Float32Array[],
  { channels, width, seed }: { channels: number; width: number; seed: number },
): Tensor {
  if (!(width > 0 && width < channels))
    throw new S2Error("option", `Got width ${width} for features of ${channels} channels; expected fewer, at least one.`);
  const map = orthonormal(normals(width * channels, makeRandom(seed)), channels);
  const deviation = deviationOf(batches, channels);
  for (let i = 0; i < map.length; i++) map[i] /= deviation[i % channels] || 1;
  return { dims: [width, channels], data: map };
}

/** Projects every token of all images by a map [width, channels]. */
export async function projectFeatures(
  features: ImageFeatures,
  { dims: [width, channels], data }: Tensor,
  openGraph: OpenGraph,
): Promise<ImageFeatures> {
  const graph = await openGraph(projectionFile());
  try {
    const projected = new Map(features);
    for (const [image, tokens] of features) {
      const rows = { dims: [tokens.data.length / channels, channels], data: tokens.data };
      const { data: out } = (await graph.run({ rows, map: { dims: [width, channels], data } })).projected;
      projected.set(image, { ...tokens, data: out as Float32Array, channels: width, channelsPerScale: [width] });
    }
    return projected;
  } finally {
    await graph.close();
  }
}

/** Makes the graph of rows · mapᵀ. */
function projectionFile(): Uint8Array {
  const graph = newGraph(17);
  const rows = input(graph, "rows", "float32", ["n", "channels"]);
  const map = input(graph, "map", "float32", ["width", "channels"]);
  output(Gemm(rows, map, undefined, { transB: 1 }), "projected");
  return writeOnnx(finishGraph(graph, "projection"));
}

function deviationOf(batches: readonly Float32Array[], channels: number): Float64Array {
  const count = batches.reduce((sum, rows) => sum + rows.length, 0) / channels;
  const mean = new Float64Array(channels);
  for (const rows of batches) for (let i = 0; i < rows.length; i++) mean[i % channels] += rows[i] / count;
  const squares = new Float64Array(channels);
  for (const rows of batches) for (let i = 0; i < rows.length; i++) squares[i % channels] += (rows[i] - mean[i % channels]) ** 2;
  return squares.map((sum) => Math.sqrt(sum / count));
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
const normals = (count: number, random: Random): Float32Array =>
  Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
