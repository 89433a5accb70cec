/** What a rule for the gradient of an operator is given and gives; broadcasting undone, once for all. */
import {
  type Attributes,
  constant,
  Expand,
  type Graph,
  ReduceSum,
  Reshape,
  type ShapedValue,
  wholeNumbers,
} from "../onnx/index.ts";

/** One use of an operator in the forward graph. */
export interface Use {
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly ShapedValue[];
  readonly outputs: readonly ShapedValue[];
  /** Of the loss by each output; undefined where nothing depends on it. */
  readonly gradients: readonly (ShapedValue | undefined)[];
  /** Which inputs lead to a parameter. */
  readonly wanted: readonly boolean[];
  readonly attributes: Attributes;
}

/** The gradients by the inputs, in their order; left out or undefined: none flows there. */
export type Rule = (use: Use) => readonly (ShapedValue | undefined)[];

/** Sizes as numbers; a training graph has no other. */
export const sizes = ({ dims }: ShapedValue): number[] => dims.map(Number);

export const count = (value: ShapedValue): number => sizes(value).reduce((product, size) => product * size, 1);

/** An axis from 0. */
export const axisOf = (axis: number, { dims }: ShapedValue): number => (axis < 0 ? axis + dims.length : axis);

/** The gradient by a value that was broadcast to the shape of `gradient`: summed over what was repeated. */
export function unbroadcast(gradient: ShapedValue, like: ShapedValue): ShapedValue {
  const [from, to] = [sizes(gradient), sizes(like)];
  const added = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < added || (to[axis - added] === 1 && size !== 1) ? [axis] : []));
  if (axes.length === 0) return gradient;
  const summed = ReduceSum(gradient, axes);
  return added > 0 ? Reshape(summed, to) : summed;
}

/** One number at every place of a shape; the file holds it once. */
export function filled(graph: Graph, dims: readonly number[], value: number): ShapedValue {
  const number = constant(graph, "float32", [], Float32Array.of(value));
  return dims.length === 0 ? number : Expand(number, wholeNumbers(graph, dims));
}
