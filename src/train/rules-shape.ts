/** Gradients of operators that rearrange numbers: each moves them back. */
import { S2Error } from "../core/index.ts";
import { Concat, Pad, Reshape, ScatterND, type ShapedValue, Slice, Split, Transpose } from "../onnx/index.ts";
import { axisOf, filled, type Rule, sizes, unbroadcast } from "./rule.ts";

/** Numbers keep their order. */
const reshape: Rule = ({ inputs: [x], gradients: [g] }) => [Reshape(g!, sizes(x))];

/** Returns the permutation of axes that undoes another. */
const inverse = (perm: readonly number[]): number[] => perm.map((_, axis) => perm.indexOf(axis));

const zeros = (like: ShapedValue): ShapedValue => filled(like.graph, sizes(like), 0);

export const shapeRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: ({ inputs: [x], gradients: [g], attributes }) => {
    const perm = (attributes.perm as number[] | undefined)?.map(Number) ?? x.dims.map((_, axis) => x.dims.length - 1 - axis);
    return [Transpose(g!, inverse(perm))];
  },
  Concat: ({ inputs, gradients: [g], attributes }) => {
    const axis = axisOf(Number(attributes.axis), inputs[0]);
    const lengths = inputs.map((x) => sizes(x)[axis]);
    return Split(g!, lengths, axis);
  },
  /** Outputs on which the loss does not depend have a gradient of 0. */
  Split: ({ inputs: [x], outputs, gradients, attributes }) => {
    const parts = outputs.map((output, i) => gradients[i] ?? zeros(output));
    return [Concat(parts, axisOf(Number(attributes.axis ?? 0), x))];
  },
  Slice: ({ inputs: [x, starts, ends, axes, steps], gradients: [g] }) => {
    if (steps?.ints?.some((step) => step !== 1) || !starts.ints || !ends.ints)
      throw new S2Error("gradient", "The gradient of Slice is known for constant indices in steps of 1 only.");
    const before = sizes(x).map(() => 0);
    starts.ints.forEach((start, i) => {
      const axis = axisOf(Number(axes?.ints?.[i] ?? i), x);
      const size = sizes(x)[axis];
      before[axis] = Math.min(size, Number(start) < 0 ? Math.max(0, Number(start) + size) : Number(start));
    });
    const after = sizes(x).map((size, axis) => size - before[axis] - sizes(g!)[axis]);
    return [Pad(g!, [...before, ...after])];
  },
  Pad: ({ inputs: [x, pads], gradients: [g], attributes }) => {
    if ((attributes.mode ?? "constant") !== "constant" || !pads.ints)
      throw new S2Error("gradient", "The gradient of Pad is known for constant padding only.");
    const inside = sizes(x).reduce((value, size, axis) => {
      const start = Number(pads.ints![axis]);
      return start === 0 && sizes(value)[axis] === size ? value : Slice(value, start, start + size, axis);
    }, g!);
    return [inside];
  },
  /** Rows that are read several times get the sum. */
  Gather: ({ inputs: [x, indices], gradients: [g], attributes }) => {
    const axis = axisOf(Number(attributes.axis ?? 0), x);
    const rank = indices.dims.length;
    const order = x.dims.map((_, i) => i);
    const first = [axis, ...order.filter((each) => each !== axis)];
    // The gradient's axes: those before, the indices', those after. The indices' go first.
    const indexAxes = Array.from({ length: rank }, (_, i) => axis + i);
    const rest = g!.dims.map((_, i) => i).filter((each) => !indexAxes.includes(each));
    const updates = Transpose(g!, [...indexAxes, ...rest]);
    const empty = zeros({ ...x, dims: first.map((each) => x.dims[each]) });
    const filled = ScatterND(empty, Reshape(indices, [...sizes(indices), 1]), updates, { reduction: "add" });
    return [Transpose(filled, inverse(first))];
  },
  Expand: ({ inputs: [x], gradients: [g] }) => [unbroadcast(g!, x)],
};
