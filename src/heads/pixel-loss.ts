/** Cross-entropy of scores that are enlarged bilinearly: enlarging is a matrix along rows and one along columns, its gradient their transposes. */
import { resize } from "../core/index.ts";
import { type GraphTensor, input, MatMul, Mul, type ShapedValue, Transpose } from "../onnx/index.ts";
import { crossEntropy, oneHot } from "./cross-entropy.ts";
import type { ScoreLoss } from "./fit-lbfgs.ts";
import { labelsAt, type Mask } from "./masks.ts";
import type { FeatureBatch } from "./rows.ts";

/** Places along a token's side. */
const places = 4;

/** An image's tokens and the classes of `places`² places in each. */
export interface PixelBatch extends FeatureBatch {
  readonly feeds: Readonly<Record<string, GraphTensor>>;
}

export function pixelBatch(
  features: Float32Array,
  grid: { readonly rows: number; readonly cols: number },
  mask: Mask,
  classes: number,
  ignore: number,
): PixelBatch {
  const fine = { rows: grid.rows * places, cols: grid.cols * places };
  return {
    features,
    feeds: {
      rows: { dims: [grid.rows, grid.cols, features.length / (grid.rows * grid.cols)], data: features },
      enlarge_rows: enlarging(grid.rows, fine.rows),
      enlarge_cols: enlarging(grid.cols, fine.cols),
      labels: { dims: [fine.cols, fine.rows], data: labelsAt(mask, fine, classes, ignore) },
    },
  };
}

/** [to, from]: what `resize` makes of unit vectors. */
function enlarging(from: number, to: number): GraphTensor {
  const unit = new Float32Array(from * from);
  for (let i = 0; i < from; i++) unit[i * from + i] = 1;
  const { data } = resize({ dims: [1, 1, from, from], data: unit }, [to, from], { mode: "bilinear" });
  return { dims: [to, from], data };
}

/** A token counts as one, so that C means the same as for tokens. */
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
    const share = 1 / places ** 2;
    return { loss: Mul(loss, share), gradient: Mul(back, share), count: Mul(count, share) };
  },
  feeds: ({ feeds }) => ({ ...feeds }),
});
