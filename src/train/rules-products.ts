/** Gradients of products: matrices, convolutions, average pooling. */
import { S2Error } from "../core/index.ts";
import {
  Concat,
  Conv,
  ConvTranspose,
  Gemm,
  MatMul,
  Mul,
  ReduceSum,
  Reshape,
  type ShapedValue,
  Slice,
  Split,
  Transpose,
} from "../onnx/index.ts";
import { filled, type Rule, sizes, type Use, unbroadcast } from "./rule.ts";

/** The gradient by a is g·bᵀ, by b aᵀ·g. */
const matMul: Rule = (use) => {
  const { inputs, gradients, wanted } = use;
  const [a, b] = inputs.map((x, i) => (x.dims.length > 1 ? x : Reshape(x, i === 0 ? [1, -1] : [-1, 1])));
  const g = Reshape(gradients[0]!, [...leading(use), sizes(a).at(-2)!, sizes(b).at(-1)!]);
  const back = (gradient: ShapedValue, i: number) => Reshape(gradient, sizes(inputs[i]));
  if (b.dims.length === 2) {
    // A weight: all rows at once, by Gemm, which reads either side transposed.
    const [k, n] = sizes(b);
    const rows = Reshape(g, [-1, n]);
    return [
      wanted[0] ? back(Gemm(rows, b, undefined, { transB: 1 }), 0) : undefined,
      wanted[1] ? back(Gemm(Reshape(a, [-1, k]), rows, undefined, { transA: 1 }), 1) : undefined,
    ];
  }
  return [
    wanted[0] ? back(unbroadcast(MatMul(g, transposed(b)), a), 0) : undefined,
    wanted[1] ? back(unbroadcast(MatMul(transposed(a), g), b), 1) : undefined,
  ];
};

/** Returns the sizes of a product before the last two. */
function leading({ inputs: [a, b], outputs: [y] }: Use): number[] {
  const matrix = Number(a.dims.length > 1) + Number(b.dims.length > 1);
  return sizes(y).slice(0, y.dims.length - matrix);
}

function transposed(x: ShapedValue): ShapedValue {
  const axes = x.dims.map((_, axis) => axis);
  return Transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** y = alpha·a'·b' + beta·c, where a' and b' may be transposed. */
const gemm: Rule = ({ inputs: [a, b, c], gradients: [g], wanted, attributes }) => {
  const [transA, transB] = [Number(attributes.transA ?? 0), Number(attributes.transB ?? 0)];
  const [alpha, beta] = [Number(attributes.alpha ?? 1), Number(attributes.beta ?? 1)];
  const scaled = (x: ShapedValue) => (beta === 1 ? x : Mul(x, beta));
  return [
    wanted[0]
      ? transA
        ? Gemm(b, g!, undefined, { alpha, transA: transB, transB: 1 })
        : Gemm(g!, b, undefined, { alpha, transB: 1 - transB })
      : undefined,
    wanted[1]
      ? transB
        ? Gemm(g!, a, undefined, { alpha, transA: 1, transB: transA })
        : Gemm(a, g!, undefined, { alpha, transA: 1 - transA })
      : undefined,
    c && wanted[2] ? scaled(unbroadcast(g!, c)) : undefined,
  ];
};

interface Window {
  strides: number[];
  pads: number[];
  dilations: number[];
}

function windowOf({ attributes, inputs: [x] }: Use): Window {
  const spatial = x.dims.length - 2;
  const all = (given: unknown, otherwise: number, length = spatial) =>
    (given as number[] | undefined)?.map(Number) ?? Array<number>(length).fill(otherwise);
  if ((attributes.auto_pad ?? "NOTSET") !== "NOTSET")
    throw new S2Error("gradient", "The gradient of a window with auto_pad is not known; give pads in numbers.");
  const { strides, pads, dilations } = attributes;
  return { strides: all(strides, 1), pads: all(pads, 0, 2 * spatial), dilations: all(dilations, 1) };
}

/** The gradient by x is the transposed convolution of g; by w, x with images and channels swapped, convolved with g in steps of the dilation. */
const conv: Rule = (use) => {
  const { inputs, gradients, wanted, attributes } = use;
  const [x, w, bias] = inputs;
  const g = gradients[0]!;
  const group = Number(attributes.group ?? 1);
  const window = windowOf(use);
  return [
    wanted[0] ? convByInput(g, x, w, group, window) : undefined,
    wanted[1] ? byGroup(x, g, group, (x, g) => convByWeight(x, g, w, window)) : undefined,
    bias && wanted[2] ? Reshape(ReduceSum(g, [0, ...x.dims.slice(2).map((_, i) => i + 2)]), sizes(bias)) : undefined,
  ];
};

function convByInput(g: ShapedValue, x: ShapedValue, w: ShapedValue, group: number, window: Window): ShapedValue {
  const { strides, pads, dilations } = window;
  const spatial = strides.length;
  // Pixels at the end that are in no window.
  const outputPadding = strides.map((stride, i) => {
    const reached = stride * (sizes(g)[i + 2] - 1) + (sizes(w)[i + 2] - 1) * dilations[i] + 1 - pads[i] - pads[spatial + i];
    return sizes(x)[i + 2] - reached;
  });
  return ConvTranspose(g, w, { ...window, group, outputPadding });
}

function convByWeight(x: ShapedValue, g: ShapedValue, w: ShapedValue, { strides, pads, dilations }: Window): ShapedValue {
  const [rows, cols] = sizes(w).slice(2);
  const patches =
    rows === strides[0] && cols === strides[1] && [...pads, ...dilations.map((step) => step - 1)].every((n) => n === 0);
  if (patches) return patchesByWeight(x, g, w);
  const swapped = (value: ShapedValue) => Transpose(value, [1, 0, 2, 3]);
  const found = Conv(swapped(x), swapped(g), undefined, { strides: dilations, dilations: strides, pads });
  const cut = Slice(Slice(found, 0, rows, 2), 0, cols, 3); // without windows beyond the strides
  return swapped(cut);
}

/** Windows that do not overlap, as a ViT's patches, take one product. */
function patchesByWeight(x: ShapedValue, g: ShapedValue, w: ShapedValue): ShapedValue {
  const [b, c, height, width] = sizes(x);
  const [out, , rows, cols] = sizes(w);
  const [down, across] = sizes(g).slice(2);
  const covered = down * rows === height && across * cols === width ? x : Slice(Slice(x, 0, down * rows, 2), 0, across * cols, 3);
  const patches = Transpose(Reshape(covered, [b, c, down, rows, across, cols]), [0, 2, 4, 1, 3, 5]);
  const gradient = Reshape(Transpose(g, [0, 2, 3, 1]), [-1, out]);
  const lines = Reshape(patches, [b * down * across, c * rows * cols]);
  return Reshape(Gemm(gradient, lines, undefined, { transA: 1 }), sizes(w));
}

/** Applies a rule to the channels of each group. */
function byGroup(
  x: ShapedValue,
  g: ShapedValue,
  group: number,
  rule: (x: ShapedValue, g: ShapedValue) => ShapedValue,
): ShapedValue {
  if (group === 1) return rule(x, g);
  const groups = (value: ShapedValue) => Split(value, Array<number>(group).fill(sizes(value)[1] / group), 1);
  const gradients = groups(g);
  const parts = groups(x).map((input, i) => rule(input, gradients[i]));
  return Concat(parts, 0);
}

/** The gradient of a window's mean is spread evenly over its pixels. */
const averagePool: Rule = (use) => {
  const [x] = use.inputs;
  const { strides, pads } = windowOf(use);
  if (pads.some((pad) => pad !== 0))
    throw new S2Error("gradient", "The gradient of AveragePool is known without padding only; use Pad before it.");
  const kernel = (use.attributes.kernel_shape as number[]).map(Number);
  const channels = sizes(x)[1];
  const size = kernel.reduce((product, side) => product * side, 1);
  const w = filled(x.graph, [channels, 1, ...kernel], 1 / size);
  return [convByInput(use.gradients[0]!, x, w, channels, { strides, pads, dilations: kernel.map(() => 1) })];
};

export const productRules: Readonly<Record<string, Rule>> = { MatMul: matMul, Gemm: gemm, Conv: conv, AveragePool: averagePool };
