/**
 * ONNX's operators as functions with the operators' names (onnx/docs/Operators.md): inputs first, then typed attributes with the
 * specification's defaults. A plain number beside a value becomes a constant of its type. `node` adds operators that are not listed.
 */
import { S2Error } from "../core/index.ts";
import { type Attributes, Float } from "./attributes.ts";
import {
  constant,
  type Graph,
  node,
  type ShapedValue,
  scalar,
  uniqueName,
  type Value,
  valueInfo,
  wholeNumbers,
} from "./builder.ts";
import type { Dim } from "./dims.ts";
import { type ElementType, elementTypes } from "./tensor.ts";

type Operand = Value | number;

/** Adds an operator with one output, whose shape must be known. */
function one(op: string, inputs: readonly (Value | undefined)[], attributes?: Attributes, domain?: string): ShapedValue {
  return known(node(op, inputs, attributes, { domain })[0]);
}

function known(value: Value): ShapedValue {
  if (value.dims) return value as ShapedValue;
  throw new S2Error("graph", `The shape of ${value.name} is not known, and what follows needs it; give its inputs' shapes.`);
}

function binary(op: string): (a: Operand, b: Operand) => ShapedValue {
  return (a, b) => {
    const like = (typeof a === "number" ? b : a) as Value;
    const [left, right] = [a, b].map((operand) => (typeof operand === "number" ? scalar(like, operand) : operand));
    return one(op, [left, right]);
  };
}

function unary(op: string): (x: Value) => ShapedValue {
  return (x) => one(op, [x]);
}

/** a + b with broadcasting; so are all binary operators. */
export const Add = binary("Add");
/** a - b. */
export const Sub = binary("Sub");
/** a · b, elementwise. */
export const Mul = binary("Mul");
export const Div = binary("Div");
export const Pow = binary("Pow");
export const Max = binary("Max");
export const Min = binary("Min");
export const Equal = binary("Equal");
export const Less = binary("Less");
export const Greater = binary("Greater");

export const Neg = unary("Neg");
export const Sqrt = unary("Sqrt");
export const Exp = unary("Exp");
export const Log = unary("Log");
export const Erf = unary("Erf");
export const Tanh = unary("Tanh");
export const Sigmoid = unary("Sigmoid");
/** min(max(alpha · x + beta, 0), 1). */
export const HardSigmoid = (x: Value, { alpha = 0.2, beta = 0.5 } = {}) =>
  one("HardSigmoid", [x], { alpha: new Float(alpha), beta: new Float(beta) });
export const Relu = unary("Relu");
export const Softplus = unary("Softplus");
export const Sin = unary("Sin");
export const Cos = unary("Cos");
export const Sign = unary("Sign");
export const Identity = unary("Identity");

export const Where = (condition: Value, x: Value, y: Value) => one("Where", [condition, x, y]);

export const Clip = (x: Value, min?: number, max?: number) =>
  one("Clip", [x, min === undefined ? undefined : scalar(x, min), max === undefined ? undefined : scalar(x, max)]);

export const Cast = (x: Value, to: ElementType) => (x.type === to ? known(x) : one("Cast", [x], { to: elementTypes[to] }));

/** GELU, exact (erf) or with the tanh approximation. Below opset 20, which introduced the operator, it is composed of others. */
export function Gelu(x: Value, { approximate = "none" }: { approximate?: "none" | "tanh" } = {}): ShapedValue {
  if (x.graph.opset >= 20) return one("Gelu", [x], { approximate });
  if (approximate === "none") return Mul(Mul(x, 0.5), Add(Erf(Div(x, Math.SQRT2)), 1));
  const inner = Mul(Add(x, Mul(Mul(Mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return Mul(Mul(x, 0.5), Add(Tanh(inner), 1));
}

/** Softmax along an axis. */
export const Softmax = (x: Value, { axis = -1 } = {}) => one("Softmax", [x], { axis });

/** Logarithm of the softmax along an axis. */
export const LogSoftmax = (x: Value, { axis = -1 } = {}) => one("LogSoftmax", [x], { axis });

/** Normalizes over the axes from `axis` on; `scale` and `bias` have their shape. */
export const LayerNormalization = (x: Value, scale: Value, bias?: Value, { axis = -1, epsilon = 1e-5 } = {}) =>
  one("LayerNormalization", [x, scale, bias], { axis, epsilon: new Float(epsilon) });

/** Matrix product over the last two axes, as numpy.matmul. */
export const MatMul = (a: Value, b: Value) => one("MatMul", [a, b]);

/** alpha · a · b + beta · c of matrices. */
export const Gemm = (a: Value, b: Value, c?: Value, { alpha = 1, beta = 1, transA = 0, transB = 0 } = {}) =>
  one("Gemm", [a, b, c], { alpha: new Float(alpha), beta: new Float(beta), transA, transB });

/** Attributes of a convolution. `pads` lists the padding before every axis, then the padding after. */
interface Window {
  strides?: readonly number[];
  pads?: readonly number[];
  dilations?: readonly number[];
  group?: number;
}

/** Convolution of x [b, c, h, w] with w [out, c / group, h, w]. */
export const Conv = (x: Value, w: Value, b?: Value, { strides, pads, dilations, group = 1 }: Window = {}) =>
  one("Conv", [x, w, b], { kernel_shape: w.dims?.slice(2) as number[], strides, pads, dilations, group });

/** The largest number of each window of x [b, c, h, w]; padding is never it. */
export const MaxPool = (x: Value, kernel: number, { strides, pads }: Window = {}) =>
  one("MaxPool", [x], { kernel_shape: [kernel, kernel], strides, pads });

/** The mean of each window of x [b, c, h, w], at the right and the bottom of what is left of it. */
export const AveragePool = (x: Value, kernel: number, { strides }: Window = {}) =>
  one("AveragePool", [x], { kernel_shape: [kernel, kernel], strides, ceil_mode: 1 });

/** Transposed convolution of x [b, c, h, w] with w [c, out / group, h, w]. */
export const ConvTranspose = (x: Value, w: Value, window: Window & { outputPadding?: readonly number[] }) => {
  const { strides, pads, dilations, group = 1, outputPadding: output_padding } = window;
  return one("ConvTranspose", [x, w], {
    ...{ kernel_shape: w.dims?.slice(2) as number[], strides, pads, dilations, group, output_padding },
  });
};

/** Reshapes; symbolic sizes must be the value's own, which are written as 0 ("copy") or -1 ("infer"). */
export function Reshape(x: Value, shape: readonly Dim[]): ShapedValue {
  const symbolic = shape.flatMap((dim, axis) => (typeof dim === "string" ? [axis] : []));
  const numbers = shape.map((dim, axis): number => {
    if (typeof dim === "number") return dim;
    if (x.dims?.[axis] === dim) return 0;
    if (symbolic.filter((other) => x.dims?.[other] !== shape[other]).length === 1 && !shape.includes(-1)) return -1;
    throw new S2Error(
      "graph",
      `Reshape to [${shape.join(", ")}] has more than one size that is not known when the graph is built.`,
    );
  });
  const result = one("Reshape", [x, wholeNumbers(x.graph, numbers)]);
  return { ...result, dims: result.dims.map((dim, axis) => (shape[axis] === -1 || shape[axis] === 0 ? dim : shape[axis])) };
}

export const Transpose = (x: Value, perm: readonly number[]) => one("Transpose", [x], { perm });

/** Concatenates along an axis. */
export const Concat = (values: readonly Value[], axis: number) =>
  values.length === 1 ? known(values[0]) : one("Concat", values, { axis });

/** Splits into sections of these sizes along an axis. */
export function Split(x: Value, sizes: readonly number[], axis: number): ShapedValue[] {
  return node("Split", [x, wholeNumbers(x.graph, sizes)], { axis }, { outputs: sizes.length }).map(known);
}

/** Slices from `start` to before `end` along one axis; negative positions count from the end. */
export function Slice(x: Value, start: number, end: number, axis: number, step = 1): ShapedValue {
  const list = (value: number) => wholeNumbers(x.graph, [value]);
  const finite = Number.isFinite(end) ? end : 2 ** 31 - 1;
  return one("Slice", [x, list(start), list(finite), list(axis), list(step)]);
}

/** Takes the entries at `indices` along an axis. */
export const Gather = (x: Value, indices: Value, { axis = 0 } = {}) => one("Gather", [x, indices], { axis });

/** Adds `updates` to a copy of `data` at `indices` [.., axes]. */
export const ScatterND = (data: Value, indices: Value, updates: Value, attributes: { reduction: "add" }) =>
  one("ScatterND", [data, indices, updates], attributes);

export const Unsqueeze = (x: Value, axes: readonly number[]) => one("Unsqueeze", [x, wholeNumbers(x.graph, axes)]);

export const Squeeze = (x: Value, axes: readonly number[]) => one("Squeeze", [x, wholeNumbers(x.graph, axes)]);

/** Broadcasts to `shape`, where 1 keeps the value's own size. */
export const Expand = (x: Value, shape: Value) => one("Expand", [x, shape]);

export const Shape = unary("Shape");

/** Pads with zeros: `pads` lists the padding before every axis, then the padding after. */
export const Pad = (x: Value, pads: readonly number[]) =>
  pads.every((size) => size === 0) ? known(x) : one("Pad", [x, wholeNumbers(x.graph, pads)]);

/** Makes a reduction, whose axes are an attribute before opset `since` and an input from there on. */
function reduction(op: string, since = 18): (x: Value, axes: readonly number[], options?: { keepdims?: 0 | 1 }) => ShapedValue {
  return (x, axes, { keepdims = 1 } = {}) =>
    x.graph.opset < since ? one(op, [x], { axes, keepdims }) : one(op, [x, wholeNumbers(x.graph, axes)], { keepdims });
}

/** Mean over axes; sizes become 1, or are dropped with `keepdims: 0`. */
export const ReduceMean = reduction("ReduceMean");
export const ReduceMax = reduction("ReduceMax");
export const ReduceL2 = reduction("ReduceL2");
/** Sum over axes; sizes become 1, or are dropped with `keepdims: 0`. */
export const ReduceSum = reduction("ReduceSum", 13);

/**
 * Runs `build` `trips` times and stacks its results along a new first axis. `build` gets the loop's body, to which it adds nodes, and
 * the iteration's number; it may read values and constants of the graph around.
 */
export function Loop(graph: Graph, trips: Value, build: (body: Graph, iteration: ShapedValue) => ShapedValue[]): ShapedValue[] {
  const body: Graph = { ...graph, nodes: [], inputs: [], outputs: [], depth: graph.depth + 1 };
  const bodyInput = (name: string, type: ElementType): ShapedValue => {
    const value = { graph: body, name: uniqueName(graph, name), type, dims: [] };
    body.inputs.push(valueInfo(value.name, type, []));
    return value;
  };
  const iteration = bodyInput("turn", "int64");
  const results = [Identity(bodyInput("going", "bool")), ...build(body, iteration).map(Identity)];
  for (const { name, type, dims } of results) body.outputs.push(valueInfo(name, type, dims));
  const proto = { name: "body", node: body.nodes, input: body.inputs, output: body.outputs };
  const scanned = results.slice(1);
  const always = constant(graph, "bool", [], Uint8Array.of(1));
  const stacked = node("Loop", [trips, always], { body: proto }, { outputs: scanned.length });
  return scanned.map(({ type, dims }, i) => ({ ...stacked[i], type, dims: ["runs", ...dims] }));
}
