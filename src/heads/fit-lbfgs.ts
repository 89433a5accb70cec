/** Linear maps fitted by L-BFGS to any loss of their scores: the loss and its gradient as one graph, summed over batches. */
import { S2Error } from "../core/index.ts";
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
import { type Evaluated, lbfgs } from "./lbfgs.ts";
import { type Batches, channelsOf, type FeatureBatch, type FitOptions, regularizationsOf, rowCount, type Trial } from "./rows.ts";
import { foldStandardization, type LinearMap, type Standardization, standardizationOf } from "./standardize.ts";

/** What is to be made small. */
export interface ScoreLoss<B> {
  readonly outputs: number;
  /** Sizes of a batch's features before the channels, as symbols; default ["rows"]. */
  readonly leadingInputs?: readonly string[];
  /** From scores [..lead, outputs] to the batch's summed loss, its derivative by the scores, and what the sum is divided by in the mean. */
  build(scores: ShapedValue): { loss: ShapedValue; gradient: ShapedValue; count: ShapedValue };
  /** `rows`, and the inputs that `build` made. */
  feeds(batch: B): Record<string, GraphTensor>;
  /** Where the bias starts; default 0. */
  readonly bias?: number;
}

export interface LbfgsFitOptions<B> extends FitOptions {
  readonly channelsPerScale: readonly number[];
  /** What holds the weights back: "c", scikit-learn's (½ Σ weight² beside C times the summed loss), or "decay" (½ decay Σ weight² beside the mean). */
  readonly by: "c" | "decay";
  /** Tried in this order, each starting where the one before ended. */
  readonly regularization: number | readonly number[];
  readonly validation?: Batches<B>;
  /** The most steps for each; default 1000. */
  readonly iterations?: number;
  /** Largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/** What L-BFGS sums over batches. */
interface Objective<B> {
  readonly graph: OpenedGraph;
  readonly loss: ScoreLoss<B>;
  /** How many of the parameters are weights; the rest is the bias. */
  readonly weights: number;
  readonly signal?: AbortSignal;
}

/**
 * Standardizes (`standardOf`), goes downhill for each regularization, and gives the map with the least validation loss. Weights of the
 * standardized features are penalised, the bias is not.
 * @throws S2Error "option", "rows"; "labels" when nothing has a label; the signal's reason when aborted.
 */
export async function fitWithLbfgs<B extends FeatureBatch>(
  train: Batches<B>,
  loss: ScoreLoss<B>,
  options: LbfgsFitOptions<B>,
): Promise<{ map: LinearMap; chosen: Trial; trials: readonly Trial[] }> {
  const { channelsPerScale, by, regularization, validation, iterations = 1000, tolerance = 1e-6, signal, onProgress } = options;
  const list = regularizationsOf(by, regularization, validation);
  const standard = await standardizationOf(train, channelsPerScale, options);
  const weights = loss.outputs * channelsOf(channelsPerScale);
  const objective = { graph: await options.openGraph(lossFile(loss, standard)), loss, weights, signal };
  try {
    let at: Float64Array = new Float64Array(weights + loss.outputs).fill(loss.bias ?? 0, weights);
    const trials: Trial[] = [];
    let best: { readonly trial: Trial; readonly at: Float64Array } | undefined;
    for (const value of list) {
      const evaluate = async (place: Float64Array) => {
        const sum = await sumOver(objective, train, place);
        return penalised(sum, place, by === "c" ? 1 / (value * sum.count) : value, weights);
      };
      const onStep = (done: number, now: number) => onProgress?.({ step: `${by} = ${value}`, done, of: iterations, loss: now });
      const found = await lbfgs(at, evaluate, { iterations, tolerance, onStep });
      at = found.point;
      const held = validation && (await sumOver(objective, validation, at));
      const trial: Trial = {
        ...{ regularization: value, loss: found.value, iterations: found.iterations, converged: found.converged },
        ...(held && { validation: held.value / held.count }),
      };
      trials.push(trial);
      if (!best || trial.validation! < best.trial.validation!) best = { trial, at };
    }
    const solution = { weight: best!.at.subarray(0, weights), bias: best!.at.subarray(weights) };
    return { map: foldStandardization(solution, standard), chosen: best!.trial, trials };
  } finally {
    await objective.graph.close();
  }
}

/** Scores of standardized rows, the loss, and the gradients by weight and bias: gradientᵀ · rows, and the gradient's sum. */
function lossFile<B>({ outputs, leadingInputs = ["rows"], build }: ScoreLoss<B>, standard: Standardization): Uint8Array {
  const channels = standard.mean.length;
  const graph = newGraph(17);
  const rows = input(graph, "rows", "float32", [...leadingInputs, channels]);
  const weight = input(graph, "weight", "float32", [outputs, channels]);
  const bias = input(graph, "bias", "float32", [outputs]);
  const perChannel = (data: Float32Array) => constant(graph, "float32", [channels], data);
  const z = Mul(Sub(rows, perChannel(standard.mean)), perChannel(standard.factor));
  const { loss, gradient, count } = build(Add(MatMul(z, Transpose(weight, [1, 0])), bias));
  const flat = (value: ShapedValue, width: number) => (leadingInputs.length === 1 ? value : Reshape(value, [-1, width]));
  output(loss, "loss");
  output(count, "count");
  output(Gemm(flat(gradient, outputs), flat(z, channels), undefined, { transA: 1 }), "weight_gradient");
  output(ReduceSum(flat(gradient, outputs), [0], { keepdims: 0 }), "bias_gradient");
  return writeOnnx(finishGraph(graph, "loss"));
}

/** Summed loss, gradient and count; batches in float32, their sum in float64. */
async function sumOver<B extends FeatureBatch>(
  { graph, loss: { outputs, feeds }, weights, signal }: Objective<B>,
  batches: Batches<B>,
  at: Float64Array,
): Promise<Evaluated & { count: number }> {
  const parameters = {
    weight: { dims: [outputs, weights / outputs], data: Float32Array.from(at.subarray(0, weights)) },
    bias: { dims: [outputs], data: Float32Array.from(at.subarray(weights)) },
  };
  const gradient = new Float64Array(at.length);
  let [value, count] = [0, 0];
  for await (const batch of batches()) {
    signal?.throwIfAborted();
    const results = await graph.run({ ...feeds(batch), ...parameters });
    const loss = Number(results.loss.data[0]);
    // Training rows are checked once, by `standardOf`; a step that overshoots may give an infinite loss of finite rows.
    if (!Number.isFinite(loss)) rowCount(batch.features, weights / outputs);
    value += loss;
    count += Number(results.count.data[0]);
    addTo(gradient, 0, results.weight_gradient.data as Float32Array);
    addTo(gradient, weights, results.bias_gradient.data as Float32Array);
  }
  if (count > 0) return { value, gradient, count };
  throw new S2Error(
    "labels",
    "No row has a label, a target or a pixel that counts; give classes from 0, and at least one batch with some.",
  );
}

function addTo(sum: Float64Array, offset: number, part: Float32Array): void {
  for (let i = 0; i < part.length; i++) sum[offset + i] += part[i];
}

/** The mean loss plus half of `penalty` times the squared weights, and its gradient, made in place. */
function penalised(
  { value, gradient, count }: Evaluated & { readonly count: number },
  at: Float64Array,
  penalty: number,
  weights: number,
): Evaluated {
  let squares = 0;
  for (let i = 0; i < gradient.length; i++) gradient[i] /= count;
  for (let i = 0; i < weights; i++) {
    squares += at[i] * at[i];
    gradient[i] += penalty * at[i];
  }
  return { value: value / count + 0.5 * penalty * squares, gradient };
}

/** A value summed to one number, in float64 within so that it stands above rounding. */
export const total = (value: ShapedValue): ShapedValue =>
  Cast(
    ReduceSum(
      Cast(value, "float64"),
      value.dims.map((_, axis) => axis),
      { keepdims: 0 },
    ),
    "float32",
  );

/** The count of a loss in which each batch, an image, counts as one. */
export const oneImage = ({ graph }: ShapedValue): ShapedValue => constant(graph, "float32", [], Float32Array.of(1));
