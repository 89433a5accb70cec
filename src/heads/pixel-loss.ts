/** Cross-entropy of bilinearly enlarged scores: enlarging is a matrix along rows and one along columns, its gradient their transposes. */
import { resize } from "../core/index.ts";
import { type GraphTensor, input, MatMul, Mul, type ShapedValue, Transpose } from "../onnx/index.ts";
import type { FeatureBatch } from "./batches.ts";
import { crossEntropy, oneHot } from "./cross-entropy.ts";
import type { ScoreLoss } from "./fit-lbfgs.ts";
import { type Grid, labelsAt, type Mask } from "./masks.ts";

/** Samples along a token's side. */
const samples = 4;

/** Features of an image's tokens and the classes of `samples`² points in each, as inputs of the graph. */
export interface PixelBatch extends FeatureBatch {
  readonly feeds: Readonly<Record<string, GraphTensor>>;
}

/** Makes the batch of an image. @throws S2Error "labels" for a pixel that is neither a class nor ignored. */
export function pixelBatch(features: Float32Array, grid: Grid, mask: Mask, classes: number, ignore: number): PixelBatch {
  const fine = { rows: grid.rows * samples, cols: grid.cols * samples };
  return {
    features,
    feeds: {
      features: { dims: [grid.rows, grid.cols, features.length / (grid.rows * grid.cols)], data: features },
      enlarge_rows: enlarging(grid.rows, fine.rows),
      enlarge_cols: enlarging(grid.cols, fine.cols),
      labels: { dims: [fine.cols, fine.rows], data: labelsAt(mask, fine, classes, ignore) },
    },
  };
}

/** Returns the matrix [to, from] of bilinear interpolation: `resize` of unit vectors. */
function enlarging(from: number, to: number): GraphTensor {
  const unit = new Float32Array(from * from);
  for (let i = 0; i < from; i++) unit[i * from + i] = 1;
  const { data } = resize({ dims: [1, 1, from, from], data: unit }, [to, from], { mode: "bilinear" });
  return { dims: [to, from], data };
}

/** Cross-entropy at the samples; those of a token count as one row, so that C means the same as for tokens. */
export const pixelLoss = (classes: number): ScoreLoss<PixelBatch> => ({
  outputs: classes,
  leadingInputs: ["rows", "cols"],
  build(scores) {
    const { graph } = scores;
    const alongRows = input(graph, "enlarge_rows", "float32", ["fine rows", "rows"]);
    const alongCols = input(graph, "enlarge_cols", "float32", ["fine cols", "cols"]);
    const swapped = (value: ShapedValue) => Transpose(value, [1, 0, 2]);
    const fine = MatMul(alongRows, swapped(MatMul(alongCols, scores))); // [fine cols, fine rows, classes]
    const labels = input(graph, "labels", "int32", ["fine cols", "fine rows"]);
    const { loss, gradient, count } = crossEntropy(fine, oneHot(labels, classes));
    const back = MatMul(Transpose(alongCols, [1, 0]), swapped(MatMul(Transpose(alongRows, [1, 0]), gradient)));
    const weight = 1 / samples ** 2;
    return { loss: Mul(loss, weight), gradient: Mul(back, weight), count: Mul(count, weight) };
  },
  feeds: ({ feeds }) => ({ ...feeds }),
});
