/** Linear maps fitted by L-BFGS to any loss of their scores: the loss and its gradient as one graph, summed over batches. */
import {
  Add,
  Cast,
  constant,
  finishGraph,
  Gemm,
  type GraphTensor,
  input,
  MatMul,
  Mul,
  newGraph,
  type OpenedGraph,
  output,
  ReduceSum,
  Reshape,
  type ShapedValue,
  Sub,
  Transpose,
  writeOnnx,
} from "../onnx/index.ts";
import { type Batches, channelsOf, type FeatureBatch, rowCount } from "./batches.ts";
import { type Evaluated, lbfgs } from "./lbfgs.ts";
import type { HeadOptions } from "./options.ts";
import { nothingCounts, type Standardization, standardizationOf } from "./standardize.ts";
import { bestMap, type FittedMap, regularizationsOf } from "./trials.ts";

/** A loss of scores. */
export interface ScoreLoss<B> {
  /** Scores of a row. */
  readonly outputs: number;
  /** Symbolic sizes of a batch's features before the channels; default ["rows"]. */
  readonly leadingInputs?: readonly string[];
  /** Maps scores [..leading, outputs] to the batch's summed loss, its derivative by the scores, and the divisor of the mean. */
  build(scores: ShapedValue): { loss: ShapedValue; gradient: ShapedValue; count: ShapedValue };
  /** The inputs that `build` made, and `features` where they are not [rows, channels]. */
  feeds(batch: B): Record<string, GraphTensor>;
  /** First value of the biases; default 0. */
  readonly bias?: number;
}

export interface LbfgsFitOptions<B> extends HeadOptions<B> {
  /** The penalty: scikit-learn's "c" (½ Σ weight² beside C times the summed loss), or "decay" (½ decay Σ weight² beside the mean). */
  readonly penalty: "c" | "decay";
  /** Values to try, each starting from the solution of the one before. */
  readonly regularization: number | readonly number[];
  /** Most steps for each value; default 1000. */
  readonly iterations?: number;
  /** L-BFGS stops when no partial derivative of the mean loss is larger; default 1e-6. */
  readonly tolerance?: number;
}

/** A function of the parameters, weights and then biases, summed over batches. */
interface Objective<B> {
  readonly graph: OpenedGraph;
  readonly loss: ScoreLoss<B>;
  /** The number of weights. */
  readonly weights: number;
  readonly signal?: AbortSignal;
}

/**
 * Standardizes the features, runs L-BFGS for each regularization, and returns the map with the least validation loss. Weights of the
 * standardized features are penalized, the bias is not.
 * @throws S2Error "option", "rows"; "labels" when nothing has a label; the signal's reason when aborted.
 */
export async function fitWithLbfgs<B extends FeatureBatch>(
  train: Batches<B>,
  loss: ScoreLoss<B>,
  options: LbfgsFitOptions<B>,
): Promise<FittedMap> {
  const { channelsPerScale, penalty, validation, iterations = 1000, tolerance = 1e-6, signal, onProgress } = options;
  const list = regularizationsOf(penalty, options.regularization, validation);
  const standardization = await standardizationOf(train, channelsPerScale, options);
  const weights = loss.outputs * channelsOf(channelsPerScale);
  const objective = { graph: await options.openGraph(lossFile(loss, standardization)), loss, weights, signal };
  try {
    let point: Float64Array = new Float64Array(weights + loss.outputs).fill(loss.bias ?? 0, weights);
    return await bestMap(list, standardization, async (regularization) => {
      const evaluate = async (parameters: Float64Array) => {
        const sum = await sumOver(objective, train, parameters);
        return penalized(sum, parameters, penalty === "c" ? 1 / (regularization * sum.count) : regularization, weights);
      };
      const onStep = (done: number, loss: number) =>
        onProgress?.({ step: `${penalty} = ${regularization}`, done, of: iterations, loss });
      const found = await lbfgs(point, evaluate, { iterations, tolerance, onStep });
      point = found.point;
      const held = validation && (await sumOver(objective, validation, point));
      const { value, iterations: steps, converged } = found;
      const validationLoss = held && { validation: held.value / held.count };
      return {
        trial: { regularization, loss: value, iterations: steps, converged, ...validationLoss },
        solution: { weight: point.subarray(0, weights), bias: point.subarray(weights) },
      };
    });
  } finally {
    await objective.graph.close();
  }
}

/** Computes scores of standardized features, the loss, and the gradients by weight and bias: gradientᵀ · z, and the gradient's sum. */
function lossFile<B>({ outputs, leadingInputs = ["rows"], build }: ScoreLoss<B>, { mean, factor }: Standardization): Uint8Array {
  const channels = mean.length;
  const graph = newGraph(17);
  const features = input(graph, "features", "float32", [...leadingInputs, channels]);
  const weight = input(graph, "weight", "float32", [outputs, channels]);
  const bias = input(graph, "bias", "float32", [outputs]);
  const perChannel = (data: Float32Array) => constant(graph, "float32", [channels], data);
  const z = Mul(Sub(features, perChannel(mean)), perChannel(factor));
  const { loss, gradient, count } = build(Add(MatMul(z, Transpose(weight, [1, 0])), bias));
  const flat = (value: ShapedValue, width: number) => (leadingInputs.length === 1 ? value : Reshape(value, [-1, width]));
  output(loss, "loss");
  output(count, "count");
  output(Gemm(flat(gradient, outputs), flat(z, channels), undefined, { transA: 1 }), "weight_gradient");
  output(ReduceSum(flat(gradient, outputs), [0], { keepdims: 0 }), "bias_gradient");
  return writeOnnx(finishGraph(graph, "loss"));
}

/** Sums loss, gradient and count; batches in float32, their sum in float64. */
async function sumOver<B extends FeatureBatch>(
  { graph, loss: { outputs, feeds }, weights, signal }: Objective<B>,
  batches: Batches<B>,
  point: Float64Array,
): Promise<Evaluated & { count: number }> {
  const channels = weights / outputs;
  const parameters = {
    weight: { dims: [outputs, channels], data: Float32Array.from(point.subarray(0, weights)) },
    bias: { dims: [outputs], data: Float32Array.from(point.subarray(weights)) },
  };
  const gradient = new Float64Array(point.length);
  let [value, count] = [0, 0];
  for await (const batch of batches()) {
    signal?.throwIfAborted();
    const features = { dims: [batch.features.length / channels, channels], data: batch.features };
    const results = await graph.run({ features, ...feeds(batch), ...parameters });
    const loss = Number(results.loss.data[0]);
    // Training rows are checked once, by `standardizationOf`; a step that overshoots may give an infinite loss of finite rows.
    if (!Number.isFinite(loss)) rowCount(batch.features, channels);
    value += loss;
    count += Number(results.count.data[0]);
    addTo(gradient, 0, results.weight_gradient.data as Float32Array);
    addTo(gradient, weights, results.bias_gradient.data as Float32Array);
  }
  if (count > 0) return { value, gradient, count };
  throw nothingCounts();
}

function addTo(sum: Float64Array, offset: number, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) sum[offset + i] += values[i];
}

/** Returns the mean loss plus ½ penalty · Σ weight², and its gradient, computed in place. */
function penalized(
  { value, gradient, count }: Evaluated & { readonly count: number },
  point: Float64Array,
  penalty: number,
  weights: number,
): Evaluated {
  let squares = 0;
  for (let i = 0; i < gradient.length; i++) gradient[i] /= count;
  for (let i = 0; i < weights; i++) {
    squares += point[i] * point[i];
    gradient[i] += penalty * point[i];
  }
  return { value: value / count + 0.5 * penalty * squares, gradient };
}

/** Sums a value to one number, in float64 so that no digits are lost. */
export function total(value: ShapedValue): ShapedValue {
  const axes = value.dims.map((_, axis) => axis);
  return Cast(ReduceSum(Cast(value, "float64"), axes, { keepdims: 0 }), "float32");
}

/** The count of a loss whose batches are images that count as one each. */
export const oneImage = ({ graph }: ShapedValue): ShapedValue => constant(graph, "float32", [], Float32Array.of(1));
