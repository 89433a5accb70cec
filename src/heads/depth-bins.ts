/** Depth as a weighted mean of bins (AdaBins, arXiv 2011.14141, with fixed bins as DINOv2's linear head), and its loss. */
import {
  Add,
  Cast,
  constant,
  Div,
  Greater,
  input,
  Log,
  Mul,
  ReduceSum,
  Relu,
  type ShapedValue,
  Softmax,
  Sub,
} from "../onnx/index.ts";
import type { FeatureBatch } from "./batches.ts";
import { oneImage, type ScoreLoss, total } from "./fit-lbfgs.ts";

/** The conversion of scores to meters. */
export interface Bins {
  /** Number of bins. */
  readonly count: number;
  /** Spacing of the bins' depths from `near` to `far`: even in meters, or in their logarithms. */
  readonly spacing: "linear" | "log";
  /** The bins' weights: softmax of the scores, or DINOv2's relu(score) + 0.1 over its sum ("linear"). */
  readonly weights: "softmax" | "linear";
}

/** Returns the depths of the bins in meters, the first at `near`, the last at `far`. */
export function binDepths({ count, spacing }: Bins, near: number, far: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const position = i / (count - 1);
    return spacing === "linear" ? near + position * (far - near) : near * (far / near) ** position;
  });
}

/** DINOv2's constant, which gives every bin some weight. */
const least = 0.1;

/** Maps scores [n, count] to depths [n, 1] and to the derivatives of these by the scores, [n, count]. */
export function expectedDepth(scores: ShapedValue, bins: Bins, near: number, far: number) {
  const depths = constant(scores.graph, "float32", [bins.count], binDepths(bins, near, far));
  const raw = bins.weights === "softmax" ? Softmax(scores) : Add(Relu(scores), least);
  const sum = ReduceSum(raw, [1]);
  const weights = Div(raw, sum);
  const depth = ReduceSum(Mul(weights, depths), [1]);
  const offset = Sub(depths, depth); // more weight for a bin moves the mean towards it
  const slope = bins.weights === "softmax" ? Mul(weights, offset) : Div(Mul(Cast(Greater(scores, 0), "float32"), offset), sum);
  return { depth, slope };
}

/** Features of an image's tokens, the mean logarithm of the depth under each, and as weights the known fraction of its pixels. */
export interface DepthBatch extends FeatureBatch {
  readonly logs: Float32Array;
  readonly weights: Float32Array;
}

/** Eigen's λ in BTS, AdaBins and DINOv2: the square of the mean difference has the weight 1 - λ. */
const lambda = 0.85;

/**
 * The scale-invariant log loss of an image (Eigen et al., arXiv 1406.2283, eq. 4): mean(g²) - λ mean(g)² with g = log depth - log truth,
 * tokens weighted by the known fraction of their pixels. Each image counts as one. DINOv2 uses its root, whose slope does not vanish at
 * the minimum, where L-BFGS becomes slow.
 */
export const scaleInvariantLoss = (bins: Bins, near: number, far: number): ScoreLoss<DepthBatch> => ({
  outputs: bins.count,
  bias: bins.weights === "linear" ? 1 : 0, // a relu that is 0 has no gradient
  build(scores) {
    const column = (name: string) => input(scores.graph, name, "float32", [scores.dims[0], 1]);
    const [logs, known] = [column("logs"), column("known")];
    const { depth, slope } = expectedDepth(scores, bins, near, far);
    const weight = Div(known, ReduceSum(known, [0, 1]));
    const mean = (value: ShapedValue) => ReduceSum(Mul(value, weight), [0, 1]);
    const gap = Sub(Log(depth), logs);
    const middle = mean(gap);
    const loss = Sub(mean(Mul(gap, gap)), Mul(Mul(middle, middle), lambda));
    const byGap = Mul(Mul(Sub(gap, Mul(middle, lambda)), weight), 2);
    return { loss: total(loss), gradient: Mul(slope, Div(byGap, depth)), count: oneImage(scores) };
  },
  feeds: ({ logs, weights }) => ({
    logs: { dims: [logs.length, 1], data: logs },
    known: { dims: [logs.length, 1], data: weights },
  }),
});
