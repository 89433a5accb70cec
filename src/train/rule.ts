/** The type of rules for gradients of operators, and what they share, such as undoing broadcasting. */
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
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly ShapedValue[];
  readonly outputs: readonly ShapedValue[];
  /** Derivatives of the loss by each output; undefined where the loss does not depend on it. */
  readonly gradients: readonly (ShapedValue | undefined)[];
  /** True for inputs that depend on a parameter. */
  readonly wanted: readonly boolean[];
  readonly attributes: Attributes;
}

/** Returns the gradients by the inputs, in their order; undefined or left out for none. */
export type Rule = (use: Use) => readonly (ShapedValue | undefined)[];

/** Returns the sizes as numbers; a training graph has no symbolic ones. */
export const sizes = ({ dims }: ShapedValue): number[] => dims.map(Number);

export const count = (value: ShapedValue): number => sizes(value).reduce((product, size) => product * size, 1);

/** Counts an axis from 0. */
export const axisOf = (axis: number, { dims }: ShapedValue): number => (axis < 0 ? axis + dims.length : axis);

/** Returns the gradient by a value that was broadcast to the shape of `gradient`: summed over repeated axes. */
export function unbroadcast(gradient: ShapedValue, like: ShapedValue): ShapedValue {
  const [from, to] = [sizes(gradient), sizes(like)];
  const added = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < added || (to[axis - added] === 1 && size !== 1) ? [axis] : []));
  if (axes.length === 0) return gradient;
  const summed = ReduceSum(gradient, axes);
  return added > 0 ? Reshape(summed, to) : summed;
}

/** Returns a tensor of one number; the file holds it once. */
export function filled(graph: Graph, dims: readonly number[], value: number): ShapedValue {
  const number = constant(graph, "float32", [], Float32Array.of(value));
  return dims.length === 0 ? number : Expand(number, wholeNumbers(graph, dims));
}
