/** Multinomial cross-entropy of scores, for hard labels and for fractions of classes. */
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
import { type ScoreLoss, total } from "./fit-lbfgs.ts";
import type { FeatureBatch, LabeledBatch } from "./rows.ts";

/** Rows and the share of each class in them, [n, classes]; fractions that sum to less than 1 count less. */
export interface SoftLabeledBatch extends FeatureBatch {
  readonly fractions: Float32Array;
}

/** -Σ target · log softmax(scores); its derivative is softmax · Σ target - target. */
export function crossEntropy(scores: ShapedValue, target: ShapedValue): ReturnType<ScoreLoss<unknown>["build"]> {
  const logs = LogSoftmax(scores);
  const sums = ReduceSum(target, [target.dims.length - 1]);
  return { loss: total(Mul(Mul(target, logs), -1)), gradient: Sub(Mul(Exp(logs), sums), target), count: total(sums) };
}

/** Ones where the label is the class: [..] to [.., classes]; zeros all along for a label that is no class. */
export function oneHot(labels: ShapedValue, classes: number): ShapedValue {
  const numbers = constant(
    labels.graph,
    "int32",
    [classes],
    Int32Array.from({ length: classes }, (_, k) => k),
  );
  return Cast(Equal(Unsqueeze(labels, [labels.dims.length]), numbers), "float32");
}

/** Of rows with labels. */
export const labelLoss = (classes: number): ScoreLoss<LabeledBatch> => ({
  outputs: classes,
  build: (scores) => crossEntropy(scores, oneHot(input(scores.graph, "labels", "int32", scores.dims.slice(0, -1)), classes)),
  feeds: ({ features, labels }) => ({
    rows: { dims: [labels.length, features.length / labels.length], data: features },
    labels: { dims: [labels.length], data: labels },
  }),
});

/** Of rows with fractions. */
export const softLabelLoss = (classes: number): ScoreLoss<SoftLabeledBatch> => ({
  outputs: classes,
  build: (scores) => crossEntropy(scores, input(scores.graph, "fractions", "float32", scores.dims)),
  feeds({ features, fractions }) {
    const count = fractions.length / classes;
    return {
      rows: { dims: [count, features.length / count], data: features },
      fractions: { dims: [count, classes], data: fractions },
    };
  },
});
