/** Depth as a weighted mean of bins (AdaBins, arXiv 2011.14141, with fixed bins as DINOv2's linear head), and the loss that it is fitted by. */
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
import { oneImage, type ScoreLoss, total } from "./fit-lbfgs.ts";
import type { FeatureBatch } from "./rows.ts";

/** How scores become meters. */
export interface Bins {
  readonly count: number;
  /** Where the middles of the bins lie between the nearest and the farthest depth: evenly in meters, or in their logarithms. */
  readonly spacing: "linear" | "log";
  /** What scores become: a softmax, or DINOv2's relu(score) + 0.1 over its sum ("linear"). */
  readonly weights: "softmax" | "linear";
}

/** Depths of the bins in meters, the first at `near`, the last at `far`. */
export function binDepths({ count, spacing }: Bins, near: number, far: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const part = i / (count - 1);
    return spacing === "linear" ? near + part * (far - near) : near * (far / near) ** part;
  });
}

/** DINOv2's: no bin is without weight. */
const least = 0.1;

/** Scores [n, count] to depths [n, 1], and their derivatives by the scores, [n, count]. */
export function expectedDepth(scores: ShapedValue, bins: Bins, near: number, far: number) {
  const depths = constant(scores.graph, "float32", [bins.count], binDepths(bins, near, far));
  const raw = bins.weights === "softmax" ? Softmax(scores) : Add(Relu(scores), least);
  const sum = ReduceSum(raw, [1]);
  const weights = Div(raw, sum);
  const depth = ReduceSum(Mul(weights, depths), [1]);
  const moved = Sub(depths, depth); // a bin's weight draws the mean towards the bin
  const slope = bins.weights === "softmax" ? Mul(weights, moved) : Div(Mul(Cast(Greater(scores, 0), "float32"), moved), sum);
  return { depth, slope };
}

/** Tokens of one image, the mean logarithm of the depth under each, and how much of it is known. */
export interface DepthBatch extends FeatureBatch {
  readonly logs: Float32Array;
  readonly known: Float32Array;
}

/** As BTS, AdaBins and DINOv2 have Eigen's λ: the square of the mean difference counts 1 - λ. */
const lambda = 0.85;

/**
 * The scale-invariant log loss of an image (Eigen et al., arXiv 1406.2283, eq. 4): mean(g²) - λ mean(g)² with g = log depth - log truth,
 * tokens weighted by the part of their pixels whose depth is known. Each image counts as one. DINOv2's is its root, whose slope
 * does not vanish at the minimum, where L-BFGS gets slow.
 */
export const scaleInvariantLoss = (bins: Bins, near: number, far: number): ScoreLoss<DepthBatch> => ({
  outputs: bins.count,
  bias: bins.weights === "linear" ? 1 : 0, // a relu that is off learns nothing
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
    return {
      loss: total(loss),
      gradient: Mul(slope, Div(byGap, depth)),
      count: oneImage(scores),
    };
  },
  feeds({ features, logs, known }) {
    const n = logs.length;
    return {
      rows: { dims: [n, features.length / n], data: features },
      logs: { dims: [n, 1], data: logs },
      known: { dims: [n, 1], data: known },
    };
  },
});
