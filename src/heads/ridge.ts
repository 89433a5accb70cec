/** Ridge regression in closed form, from weighted products of rows, which are summed over batches. */
import { S2Error } from "../core/index.ts";
import {
  Add,
  Cast,
  Concat,
  constant,
  finishGraph,
  Gemm,
  input,
  Mul,
  newGraph,
  type OpenedGraph,
  output,
  Sub,
  writeOnnx,
} from "../onnx/index.ts";
import { type Batches, channelsOf, rowCount, type TargetBatch } from "./batches.ts";
import { cholesky, solve } from "./cholesky.ts";
import type { FitOptions, HeadOptions } from "./options.ts";
import { nothingCounts, type Solution, type Standardization, standardizationOf } from "./standardize.ts";
import { bestMap, type FittedMap, regularizationsOf } from "./trials.ts";

/** Options of fits by ridge regression. */
export interface RidgeOptions<B> extends HeadOptions<B> {
  /** scikit-learn's alpha, the regularization. Of a list, the best on the validation rows is taken. */
  readonly alpha: number | readonly number[];
}

/** Fits the map of the alpha with the least validation loss; one pass for mean and deviation, one for the products. */
export async function ridgeMap(
  train: Batches<TargetBatch>,
  outputs: number,
  options: RidgeOptions<TargetBatch>,
): Promise<FittedMap> {
  const { channelsPerScale, alpha, validation, signal, onProgress } = options;
  const list = regularizationsOf("alpha", alpha, validation);
  const standardization = await standardizationOf(train, channelsPerScale, options);
  const graph = await options.openGraph(productsFile(standardization, outputs));
  try {
    const products = await productsOf(graph, train, channelsOf(channelsPerScale), outputs, options);
    const held = validation && (await productsOf(graph, validation, channelsOf(channelsPerScale), outputs, options));
    let done = 0;
    return await bestMap(list, standardization, async (regularization) => {
      signal?.throwIfAborted();
      const solution = solveRidge(products, regularization);
      const squares = solution.weight.reduce((sum, value) => sum + value * value, 0);
      const loss = meanSquare(products, solution) + (regularization * squares) / products.count;
      onProgress?.({ step: `alpha = ${regularization}`, done: ++done, of: list.length, loss });
      const validation = held && { validation: meanSquare(held, solution) };
      return { trial: { regularization, loss, iterations: 0, converged: true, ...validation }, solution };
    });
  } finally {
    await graph.close();
  }
}

/** Σ weight · [z, targets, 1]ᵀ [z, targets, 1], a square matrix of channels + outputs + 1 rows, with z the standardized features. */
interface Products {
  readonly sums: Float64Array;
  readonly channels: number;
  readonly outputs: number;
  /** The sum of the weights. */
  readonly count: number;
}

/** Computes the products of one batch in float64, as scikit-learn, and returns each as two float32 that sum to it. */
function productsFile({ mean, factor }: Standardization, outputs: number): Uint8Array {
  const channels = mean.length;
  const graph = newGraph(17);
  const features = input(graph, "features", "float32", ["rows", channels]);
  const targets = input(graph, "targets", "float32", ["rows", outputs]);
  const weights = input(graph, "weights", "float32", ["rows", 1]);
  const perChannel = (data: Float32Array) => constant(graph, "float64", [channels], Float64Array.from(data));
  const z = Mul(Sub(Cast(features, "float64"), perChannel(mean)), perChannel(factor));
  const all = Concat([z, Cast(Concat([targets, Add(Mul(weights, 0), 1)], 1), "float64")], 1);
  const products = Gemm(Mul(all, Cast(weights, "float64")), all, undefined, { transA: 1 });
  const high = Cast(products, "float32");
  output(high, "high");
  output(Cast(Sub(products, Cast(high, "float64")), "float32"), "low");
  return writeOnnx(finishGraph(graph, "products"));
}

/**
 * Sums the products over all batches.
 * @throws S2Error "rows" for features of other channels; "labels" when no row counts.
 */
async function productsOf(
  graph: OpenedGraph,
  batches: Batches<TargetBatch>,
  channels: number,
  outputs: number,
  { signal, onProgress }: Omit<FitOptions, "openGraph">,
): Promise<Products> {
  const sums = new Float64Array((channels + outputs + 1) ** 2);
  let done = 0;
  for await (const { features, targets, weights } of batches()) {
    signal?.throwIfAborted();
    const n = rowCount(features, channels, done);
    const { high, low } = await graph.run({
      features: { dims: [n, channels], data: features },
      targets: { dims: [n, outputs], data: targets },
      weights: { dims: [n, 1], data: weights ?? new Float32Array(n).fill(1) },
    });
    for (let i = 0; i < sums.length; i++) sums[i] += Number(high.data[i]) + Number(low.data[i]);
    onProgress?.({ step: "products", done: (done += n) });
  }
  const count = sums[sums.length - 1];
  if (!(count > 0)) throw nothingCounts();
  return { sums, channels, outputs, count };
}

/**
 * Solves (zᵀz + alpha) · weight = zᵀ · targets, both centered; the bias accounts for the means.
 * @throws S2Error "option" for an alpha that is lost in rounding.
 */
function solveRidge({ sums, channels, outputs, count }: Products, alpha: number): Solution {
  const size = channels + outputs + 1;
  const mean = (i: number) => sums[i * size + size - 1] / count;
  const about = (i: number, j: number) => sums[i * size + j] - mean(i) * mean(j) * count;
  const factor = new Float64Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let j = 0; j <= i; j++) factor[i * channels + j] = about(i, j);
    factor[i * channels + i] += alpha;
  }
  if (!cholesky(factor, channels))
    throw new S2Error("option", `alpha is ${alpha}, too little for features that depend on each other; give a larger one.`);
  const weight = new Float64Array(outputs * channels);
  const bias = new Float64Array(outputs);
  for (let k = 0; k < outputs; k++) {
    const row = weight.subarray(k * channels, (k + 1) * channels);
    for (let c = 0; c < channels; c++) row[c] = about(c, channels + k);
    solve(factor, channels, row);
    bias[k] = row.reduce((sum, value, c) => sum - value * mean(c), mean(channels + k));
  }
  return { weight, bias };
}

/** Returns the mean over rows of the squared differences of target and value, summed over outputs: uᵀ · sums · u with u = [weight, -1, bias]. */
function meanSquare({ sums, channels, outputs, count }: Products, { weight, bias }: Solution): number {
  const size = channels + outputs + 1;
  const u = new Float64Array(size);
  let total = 0;
  for (let k = 0; k < outputs; k++) {
    u.fill(0);
    u.set(weight.subarray(k * channels, (k + 1) * channels));
    u[channels + k] = -1;
    u[size - 1] = bias[k];
    for (let i = 0; i < size; i++) {
      if (u[i] === 0) continue;
      let sum = 0;
      for (let j = 0; j < size; j++) sum += sums[i * size + j] * u[j];
      total += u[i] * sum;
    }
  }
  return total / count;
}
