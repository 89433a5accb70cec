/** Gradients of sums, means and norms over axes, of softmax and of layer normalization. */
import {
  Add,
  Cast,
  Div,
  Equal,
  Exp,
  Expand,
  Mul,
  ReduceMean,
  ReduceSum,
  Reshape,
  type ShapedValue,
  Sqrt,
  Sub,
  wholeNumbers,
} from "../onnx/index.ts";
import { axisOf, count, type Rule, sizes, type Use, unbroadcast } from "./rule.ts";

/** Returns the axes of a reduction: an input, an attribute, or all. */
function axesOf({ inputs: [x, axes], attributes }: Use): number[] {
  const given = axes?.ints?.map(Number) ?? (attributes.axes as number[] | undefined) ?? x.dims.map((_, axis) => axis);
  return given.map((axis) => axisOf(axis, x));
}

/** Restores the reduced axes with size 1. */
function kept(value: ShapedValue, use: Use): ShapedValue {
  const axes = axesOf(use);
  const dims = sizes(use.inputs[0]).map((size, axis) => (axes.includes(axis) ? 1 : size));
  return Reshape(value, dims);
}

/** Repeats the gradient for every number that was summed. */
const spread = (g: ShapedValue, x: ShapedValue): ShapedValue => Expand(g, wholeNumbers(x.graph, sizes(x)));

export const reduceRules: Readonly<Record<string, Rule>> = {
  ReduceSum: (use) => [spread(kept(use.gradients[0]!, use), use.inputs[0])],
  ReduceMean: (use) => {
    const [x] = use.inputs;
    const g = kept(use.gradients[0]!, use);
    return [spread(Mul(g, count(g) / count(x)), x)];
  },
  /** Equal largest numbers share the gradient, as torch's amax. */
  ReduceMax: (use) => {
    const [x] = use.inputs;
    const [g, y] = [kept(use.gradients[0]!, use), kept(use.outputs[0], use)];
    const largest = Cast(Equal(x, y), "float32");
    return [Mul(Div(g, ReduceSum(largest, axesOf(use))), largest)];
  },
  ReduceL2: (use) => {
    const [x] = use.inputs;
    return [Mul(x, Div(kept(use.gradients[0]!, use), kept(use.outputs[0], use)))];
  },
  /** The gradient is y·(g - Σ g·y). */
  Softmax: ({ inputs: [x], outputs: [y], gradients: [g], attributes }) => {
    const weighted = Mul(g!, y);
    return [Sub(weighted, Mul(y, ReduceSum(weighted, [axisOf(Number(attributes.axis ?? -1), x)])))];
  },
  /** The gradient is g - softmax·Σ g. */
  LogSoftmax: ({ inputs: [x], outputs: [y], gradients: [g], attributes }) => [
    Sub(g!, Mul(Exp(y), ReduceSum(g!, [axisOf(Number(attributes.axis ?? -1), x)]))),
  ],
  /** The gradient is (h - mean h - x̂·mean(h·x̂))/σ with x̂ = (x - mean)/σ and h = g·scale (Ba et al., arXiv 1607.06450). */
  LayerNormalization: ({ inputs: [x, scale, bias], gradients: [g], wanted, attributes }) => {
    const from = axisOf(Number(attributes.axis ?? -1), x);
    const axes = x.dims.flatMap((_, axis) => (axis >= from ? [axis] : []));
    const centered = Sub(x, ReduceMean(x, axes));
    const deviation = Sqrt(Add(ReduceMean(Mul(centered, centered), axes), Number(attributes.epsilon ?? 1e-5)));
    const normed = Div(centered, deviation);
    const byScale = wanted[1] ? unbroadcast(Mul(g!, normed), scale) : undefined;
    const byBias = bias && wanted[2] ? unbroadcast(g!, bias) : undefined;
    if (!wanted[0]) return [undefined, byScale, byBias];
    const h = Mul(g!, scale);
    const along = Mul(normed, ReduceMean(Mul(h, normed), axes));
    return [Div(Sub(Sub(h, ReduceMean(h, axes)), along), deviation), byScale, byBias];
  },
};
