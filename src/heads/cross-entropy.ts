/** Multinomial cross-entropy of scores, for labels and for fractions of classes. */
import {
  Cast,
  constant,
  Equal,
  Exp,
  input,
  LogSoftmax,
  Mul,
  ReduceSum,
  type ShapedValue,
  Sub,
  Unsqueeze,
} from "../onnx/index.ts";
import type { FeatureBatch, LabeledBatch } from "./batches.ts";
import { type ScoreLoss, total } from "./fit-lbfgs.ts";

/** Features and the fraction of each class in each row, [n, classes]; fractions that sum to less than 1 count less. */
export interface SoftLabeledBatch extends FeatureBatch {
  readonly fractions: Float32Array;
}

/** Computes -Σ target · log softmax(scores) and its gradient, softmax · Σ target - target. */
export function crossEntropy(scores: ShapedValue, target: ShapedValue): ReturnType<ScoreLoss<unknown>["build"]> {
  const logs = LogSoftmax(scores);
  const sums = ReduceSum(target, [target.dims.length - 1]);
  return { loss: total(Mul(Mul(target, logs), -1)), gradient: Sub(Mul(Exp(logs), sums), target), count: total(sums) };
}

/** Encodes labels [..] as [.., classes]; all zeros for a label that is no class. */
export function oneHot(labels: ShapedValue, classes: number): ShapedValue {
  const ids = Int32Array.from({ length: classes }, (_, k) => k);
  return Cast(Equal(Unsqueeze(labels, [labels.dims.length]), constant(labels.graph, "int32", [classes], ids)), "float32");
}

/** Cross-entropy of rows with labels. */
export const labelLoss = (classes: number): ScoreLoss<LabeledBatch> => ({
  outputs: classes,
  build: (scores) => crossEntropy(scores, oneHot(input(scores.graph, "labels", "int32", scores.dims.slice(0, -1)), classes)),
  feeds: ({ labels }) => ({ labels: { dims: [labels.length], data: labels } }),
});

/** Cross-entropy of rows with fractions of classes. */
export const softLabelLoss = (classes: number): ScoreLoss<SoftLabeledBatch> => ({
  outputs: classes,
  build: (scores) => crossEntropy(scores, input(scores.graph, "fractions", "float32", scores.dims)),
  feeds: ({ fractions }) => ({ fractions: { dims: [fractions.length / classes, classes], data: fractions } }),
});
