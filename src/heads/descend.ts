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
import { type Evaluated, minimise } from "./minimise.ts";
import { type Batches, channelsOf, type FitOptions, type Trial } from "./rows.ts";
import { folded, type LinearMap, type Standard } from "./standardise.ts";

/** What is to be made small. */
export interface ScoreLoss<B> {
  readonly outputs: number;
  /** Sizes of a batch's features before the channels, as symbols; default ["rows"]. */
  readonly lead?: readonly string[];
  /** From scores [..lead, outputs] to the batch's summed loss, its derivative by the scores, and what the sum is divided by in the mean. */
  build(scores: ShapedValue): { loss: ShapedValue; gradient: ShapedValue; count: ShapedValue };
  /** `rows`, and the inputs that `build` made. */
  feeds(batch: B): Record<string, GraphTensor>;
  /** Where the bias starts; default 0. */
  readonly bias?: number;
}

export interface DescentOptions<B> extends FitOptions {
  readonly widths: readonly number[];
  readonly standard: Standard;
  /** Tried in this order, each starting where the one before ended. */
  readonly regularisations: readonly number[];
  /** The weight of half the sum of squares beside the mean loss, from a regularisation and the count. */
  readonly penalty: (regularisation: number, count: number) => number;
  readonly validation?: Batches<B>;
  /** How a regularisation is called in progress: "c". */
  readonly name: string;
  /** The most steps for each; default 1000. */
  readonly iterations?: number;
  /** Default 1e-6, of the mean loss. */
  readonly tolerance?: number;
}

/**
 * The map of the regularisation with the least validation loss; weights of the standardised features are penalised, the bias is not.
 * @throws S2Error "labels" when nothing has a label; the signal's reason when aborted.
 */
export async function descend<B>(
  train: Batches<B>,
  loss: ScoreLoss<B>,
  options: DescentOptions<B>,
): Promise<{ map: LinearMap; chosen: Trial; trials: readonly Trial[] }> {
  const { regularisations, penalty, validation, name, iterations = 1000, tolerance = 1e-6, signal, onProgress } = options;
  const weights = loss.outputs * channelsOf(options.widths);
  const graph = await options.openGraph(lossFile(loss, options));
  const sum = (batches: Batches<B>, at: Float64Array) => sumOver(graph, batches, at, weights, loss, signal);
  try {
    let at: Float64Array = new Float64Array(weights + loss.outputs).fill(loss.bias ?? 0, weights);
    const trials: Trial[] = [];
    let best = { chosen: undefined as Trial | undefined, at };
    for (const regularisation of regularisations) {
      const penalised = async (place: Float64Array) => {
        const { value, gradient, count } = await sum(train, place);
        return withPenalty(value / count, gradient, count, place, penalty(regularisation, count), weights);
      };
      const onStep = (done: number, value: number) =>
        onProgress?.({ step: `${name} = ${regularisation}`, done, of: iterations, loss: value });
      const found = await minimise(at, penalised, { iterations, tolerance, onStep });
      at = found.at;
      const held = validation && (await sum(validation, at));
      const trial = {
        regularisation,
        loss: found.value,
        iterations: found.iterations,
        converged: found.converged,
        ...(held && { validation: held.value / held.count }),
      };
      trials.push(trial);
      if (!best.chosen || trial.validation! < best.chosen.validation!) best = { chosen: trial, at };
    }
    const solution = { weight: best.at.subarray(0, weights), bias: best.at.subarray(weights) };
    return { map: folded(solution, options.standard), chosen: best.chosen!, trials };
  } finally {
    await graph.close();
  }
}

/** Scores of standardised rows, the loss, and the gradients by weight and bias: gradientᵀ · rows, and the gradient's sum. */
function lossFile<B>({ outputs, lead = ["rows"], build }: ScoreLoss<B>, { widths, standard }: DescentOptions<B>): Uint8Array {
  const channels = channelsOf(widths);
  const graph = newGraph(17);
  const rows = input(graph, "rows", "float32", [...lead, channels]);
  const weight = input(graph, "weight", "float32", [outputs, channels]);
  const bias = input(graph, "bias", "float32", [outputs]);
  const perChannel = (data: Float32Array) => constant(graph, "float32", [channels], data);
  const z = Mul(Sub(rows, perChannel(standard.mean)), perChannel(standard.factor));
  const { loss, gradient, count } = build(Add(MatMul(z, Transpose(weight, [1, 0])), bias));
  const flat = (value: ShapedValue, width: number) => (lead.length === 1 ? value : Reshape(value, [-1, width]));
  output(loss, "loss");
  output(count, "count");
  output(Gemm(flat(gradient, outputs), flat(z, channels), undefined, { transA: 1 }), "weight_gradient");
  output(ReduceSum(flat(gradient, outputs), [0], { keepdims: 0 }), "bias_gradient");
  return writeOnnx(finishGraph(graph, "loss"));
}

/** Summed loss, gradient and count; batches in float32, their sum in float64. */
async function sumOver<B>(
  graph: OpenedGraph,
  batches: Batches<B>,
  at: Float64Array,
  weights: number,
  { outputs, feeds }: ScoreLoss<B>,
  signal: AbortSignal | undefined,
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
    value += Number(results.loss.data[0]);
    count += Number(results.count.data[0]);
    addTo(gradient, 0, results.weight_gradient.data as Float32Array);
    addTo(gradient, weights, results.bias_gradient.data as Float32Array);
  }
  if (count === 0)
    throw new S2Error(
      "labels",
      "No row has a label, a target or valid pixels; give classes from 0, and at least one batch with some.",
    );
  return { value, gradient, count };
}

function addTo(sum: Float64Array, offset: number, part: Float32Array): void {
  for (let i = 0; i < part.length; i++) sum[offset + i] += part[i];
}

/** The mean loss plus half of `penalty` times the squared weights; the gradient is divided in place. */
function withPenalty(
  value: number,
  gradient: Float64Array,
  count: number,
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
  return { value: value + 0.5 * penalty * squares, gradient };
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
