/**
 * ONNX's operators, one function each and named as they are (onnx/docs/Operators.md): inputs first, then typed attributes with
 * the specification's defaults. A plain number beside a value is a constant of its type.
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

/** The result of an operator whose inputs' shapes are known. */
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

export const Add = binary("Add");
export const Sub = binary("Sub");
export const Mul = binary("Mul");
export const Div = binary("Div");
export const Pow = binary("Pow");
export const Max = binary("Max");
export const Min = binary("Min");
export const Mod = binary("Mod");
export const Equal = binary("Equal");
export const Less = binary("Less");
export const Greater = binary("Greater");

export const Abs = unary("Abs");
export const Neg = unary("Neg");
export const Sqrt = unary("Sqrt");
export const Exp = unary("Exp");
export const Log = unary("Log");
export const Erf = unary("Erf");
export const Tanh = unary("Tanh");
export const Sigmoid = unary("Sigmoid");
export const Relu = unary("Relu");
export const Softplus = unary("Softplus");
export const Round = unary("Round");
export const Sin = unary("Sin");
export const Cos = unary("Cos");
export const Sign = unary("Sign");
export const Reciprocal = unary("Reciprocal");
export const Identity = unary("Identity");

export const Where = (condition: Value, x: Value, y: Value) => one("Where", [condition, x, y]);

export const Clip = (x: Value, min?: number, max?: number) =>
  one("Clip", [x, min === undefined ? undefined : scalar(x, min), max === undefined ? undefined : scalar(x, max)]);

export const Cast = (x: Value, to: ElementType) => (x.type === to ? known(x) : one("Cast", [x], { to: elementTypes[to] }));

/** Exact by the error function, or `approximate: "tanh"`. The operator is of opset 20; below that it is written out. */
export function Gelu(x: Value, { approximate = "none" }: { approximate?: "none" | "tanh" } = {}): ShapedValue {
  if (x.graph.opset >= 20) return one("Gelu", [x], { approximate });
  if (approximate === "none") return Mul(Mul(x, 0.5), Add(Erf(Div(x, Math.SQRT2)), 1));
  const inner = Mul(Add(x, Mul(Mul(Mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return Mul(Mul(x, 0.5), Add(Tanh(inner), 1));
}

export const Softmax = (x: Value, { axis = -1 } = {}) => one("Softmax", [x], { axis });

export const LogSoftmax = (x: Value, { axis = -1 } = {}) => one("LogSoftmax", [x], { axis });

/** Over the axes from `axis` on; `scale` and `bias` have their shape. */
export const LayerNormalization = (x: Value, scale: Value, bias?: Value, { axis = -1, epsilon = 1e-5 } = {}) =>
  one("LayerNormalization", [x, scale, bias], { axis, epsilon: new Float(epsilon) });

export const MatMul = (a: Value, b: Value) => one("MatMul", [a, b]);

export const MatMulInteger = (a: Value, b: Value, aZeroPoint?: Value, bZeroPoint?: Value) =>
  one("MatMulInteger", [a, b, aZeroPoint, bZeroPoint]);

/** alpha · a · b + beta · c, of matrices. */
export const Gemm = (a: Value, b: Value, c?: Value, { alpha = 1, beta = 1, transA = 0, transB = 0 } = {}) =>
  one("Gemm", [a, b, c], { alpha: new Float(alpha), beta: new Float(beta), transA, transB });

/** Attributes of sliding windows; kernelShape only where no weight says it. */
interface Window {
  kernelShape?: readonly number[];
  strides?: readonly number[];
  /** All beginnings, then all ends. */
  pads?: readonly number[];
  dilations?: readonly number[];
}

export const Conv = (
  x: Value,
  w: Value,
  b?: Value,
  { kernelShape, strides, pads, dilations, group = 1 }: Window & { group?: number } = {},
) => one("Conv", [x, w, b], { kernel_shape: kernelShape ?? (w.dims?.slice(2) as number[]), strides, pads, dilations, group });

/** The transpose of a convolution: x [b, c, h, w], w [c, out / group, h, w]. */
export const ConvTranspose = (
  x: Value,
  w: Value,
  b?: Value,
  {
    strides,
    pads,
    dilations,
    group = 1,
    outputPadding,
  }: Omit<Window, "kernelShape"> & { group?: number; outputPadding?: readonly number[] } = {},
) =>
  one("ConvTranspose", [x, w, b], {
    kernel_shape: w.dims?.slice(2) as number[],
    ...{ strides, pads, dilations, group, output_padding: outputPadding },
  });

export const MaxPool = (x: Value, { kernelShape, strides, pads }: Window & { kernelShape: readonly number[] }) =>
  one("MaxPool", [x], { kernel_shape: kernelShape, strides, pads });

export const AveragePool = (x: Value, { kernelShape, strides, pads }: Window & { kernelShape: readonly number[] }) =>
  one("AveragePool", [x], { kernel_shape: kernelShape, strides, pads });

/** Scaled dot-product attention of opset 23: q, k, v of [b, heads, n, d], or [b, n, heads·d] with the head counts. */
export const Attention = (
  q: Value,
  k: Value,
  v: Value,
  mask?: Value,
  { scale, qNumHeads, kvNumHeads }: { scale?: number; qNumHeads?: number; kvNumHeads?: number } = {},
) =>
  one("Attention", [q, k, v, mask], {
    scale: scale === undefined ? undefined : new Float(scale),
    q_num_heads: qNumHeads,
    kv_num_heads: kvNumHeads,
  });

/** onnxruntime's own operator: q, k, v of [b, n, heads·d]. It runs wherever onnxruntime does; faster on a CPU for long rows of tokens (docs/decisions/0017). */
export const MultiHeadAttention = (q: Value, k: Value, v: Value, { numHeads, scale }: { numHeads: number; scale?: number }) =>
  one(
    "MultiHeadAttention",
    [q, k, v],
    { num_heads: numHeads, scale: scale === undefined ? undefined : new Float(scale) },
    "com.microsoft",
  );

/** Sizes may be symbols where they are the given value's own: those are written as 0 ("copy") or -1 ("what is left"). */
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

export const Concat = (values: readonly Value[], axis: number) =>
  values.length === 1 ? known(values[0]) : one("Concat", values, { axis });

/** Parts of the given sizes along an axis. */
export function Split(x: Value, sizes: readonly number[], axis: number): ShapedValue[] {
  return node("Split", [x, wholeNumbers(x.graph, sizes)], { axis }, { outputs: sizes.length }).map(known);
}

/** From `start` to before `end` along one axis; negative ones count from the end. */
export function Slice(x: Value, start: number, end: number, axis: number, step = 1): ShapedValue {
  const list = (value: number) => wholeNumbers(x.graph, [value]);
  const finite = Number.isFinite(end) ? end : 2 ** 31 - 1;
  return one("Slice", [x, list(start), list(finite), list(axis), list(step)]);
}

export const Gather = (x: Value, indices: Value, { axis = 0 } = {}) => one("Gather", [x, indices], { axis });

/** `data` with `updates` written, or added, at `indices` [.., axes]. */
export const ScatterND = (
  data: Value,
  indices: Value,
  updates: Value,
  { reduction = "none" }: { reduction?: "none" | "add" } = {},
) => one("ScatterND", [data, indices, updates], { reduction });

export const Unsqueeze = (x: Value, axes: readonly number[]) => one("Unsqueeze", [x, wholeNumbers(x.graph, axes)]);

export const Squeeze = (x: Value, axes: readonly number[]) => one("Squeeze", [x, wholeNumbers(x.graph, axes)]);

/** To `shape`, where 1 keeps the value's own size. */
export const Expand = (x: Value, shape: Value) => one("Expand", [x, shape]);

export const Shape = (x: Value, { start, end }: { start?: number; end?: number } = {}) => one("Shape", [x], { start, end });

/** Zeros around: all beginnings, then all ends, an entry for every axis. */
export const Pad = (x: Value, pads: readonly number[]) =>
  pads.every((size) => size === 0) ? known(x) : one("Pad", [x, wholeNumbers(x.graph, pads)]);

/** Axes are an attribute before opset 18 (ReduceSum: 13), an input from then on. */
function reduction(op: string, since = 18): (x: Value, axes: readonly number[], options?: { keepdims?: 0 | 1 }) => ShapedValue {
  return (x, axes, { keepdims = 1 } = {}) =>
    x.graph.opset < since ? one(op, [x], { axes, keepdims }) : one(op, [x, wholeNumbers(x.graph, axes)], { keepdims });
}

export const ReduceMean = reduction("ReduceMean");
export const ReduceMax = reduction("ReduceMax");
export const ReduceL2 = reduction("ReduceL2");
export const ReduceSum = reduction("ReduceSum", 13);

/** [quantized as uint8, scale, zero point] of a whole tensor. */
export const DynamicQuantizeLinear = (x: Value): ShapedValue[] =>
  node("DynamicQuantizeLinear", [x], {}, { outputs: 3 }).map(known);

/**
 * As many runs of `build` as `trips` says; what it gives is stacked along a new first axis. It adds its nodes to the graph that it
 * is given, with the turn's number; values and constants of the graph around are read as they are.
 */
export function Loop(graph: Graph, trips: Value, build: (body: Graph, turn: ShapedValue) => ShapedValue[]): ShapedValue[] {
  const body: Graph = { ...graph, nodes: [], inputs: [], outputs: [], depth: graph.depth + 1 };
  const taken = (name: string, type: ElementType): ShapedValue => {
    const value = { graph: body, name: uniqueName(graph, name), type, dims: [] };
    body.inputs.push(valueInfo(value.name, type, []));
    return value;
  };
  const turn = taken("turn", "int64");
  const results = [Identity(taken("going", "bool")), ...build(body, turn).map(Identity)];
  for (const { name, type, dims } of results) body.outputs.push(valueInfo(name, type, dims));
  const proto = { name: "body", node: body.nodes, input: body.inputs, output: body.outputs };
  const scanned = results.slice(1);
  const always = constant(graph, "bool", [], Uint8Array.of(1));
  const stacked = node("Loop", [trips, always], { body: proto }, { outputs: scanned.length });
  return scanned.map(({ type, dims }, i) => ({ ...stacked[i], type, dims: ["runs", ...dims] }));
}
