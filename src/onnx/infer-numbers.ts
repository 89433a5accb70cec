/** Shapes of operators that work number by number, and of reductions. */
import { broadcast, type Dim, multiply, sum } from "./dims.ts";
import { axesOf, type Call, dimsOf, int, Mismatch, type Rule, type Shaped } from "./rule.ts";
import { type ElementType, elementType } from "./tensor.ts";

const same: Rule = ({ inputs: [x], outputs }) =>
  Array.from({ length: Math.max(outputs, 1) }, () => ({ type: x!.type, dims: x!.dims }));

type Compute = (a: Dim, b: Dim, type: ElementType) => Dim | undefined;

/** Values are followed for the arithmetic of shapes. */
function elementwise(type?: ElementType, compute?: Compute): Rule {
  return ({ inputs }) => {
    const known = inputs.filter((input) => input !== undefined);
    const result = type ?? known.at(-1)!.type;
    if (known.some(({ dims }) => dims === undefined)) return [{ type: result }];
    const dims = broadcast(...known.map((input) => input.dims!));
    if (!dims) throw new Mismatch("they do not broadcast");
    const ints = compute && known.length === 2 ? pairwise(known[0], known[1], compute) : undefined;
    return [{ type: result, dims, ...(ints && { ints }) }];
  };
}

function pairwise(a: Shaped, b: Shaped, compute: Compute): Dim[] | undefined {
  if (!a.ints || !b.ints) return undefined;
  const length = Math.max(a.ints.length, b.ints.length);
  const values = Array.from({ length }, (_, i) =>
    compute(a.ints![a.ints!.length === 1 ? 0 : i], b.ints![b.ints!.length === 1 ? 0 : i], a.type),
  );
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** Of numbers only, not of symbols; a division by zero is no size. */
const numbers =
  (compute: (a: number, b: number, type: ElementType) => number | boolean): Compute =>
  (a, b, type) => {
    const value = typeof a === "number" && typeof b === "number" ? Number(compute(a, b, type)) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  };

const isFloat = (type: ElementType): boolean => type.startsWith("float") || type === "bfloat16";

/** One value from one, where they are numbers. */
const valued =
  (compute: (value: number) => number): Rule =>
  ({ inputs: [x] }) => {
    const values = x!.ints?.map((value) => (typeof value === "number" ? compute(value) : Number.NaN));
    return [{ type: x!.type, dims: x!.dims, ...(values?.every(Number.isFinite) && { ints: values }) }];
  };

const unary =
  `Exp Log Erf Tanh Sigmoid Relu Gelu Sign Softplus Selu Celu Softsign Hardmax LRN Sin Cos Reciprocal Softmax LogSoftmax
  Clip HardSigmoid HardSwish LeakyRelu Elu Mish Swish LpNormalization Dropout InstanceNormalization GroupNormalization CumSum Trilu
  ScatterND ScatterElements ThresholdedRelu ReverseSequence`.split(/\s+/);

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Less: (a, b) => a < b,
  Greater: (a, b) => a > b,
  LessOrEqual: (a, b) => a <= b,
  GreaterOrEqual: (a, b) => a >= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
  Xor: (a, b) => (a !== 0) !== (b !== 0),
  Equal: (a, b) => a === b,
};

const reductions = ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceProd"];

/** Axes are an attribute in older operator sets and an input in newer ones (ReduceSum from 13, the others from 18). */
function reduce({ inputs: [x, axesInput], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  if (!dims) return [{ type: x!.type }];
  const keep = int(attributes.keepdims, 1) !== 0;
  const given = axesInput ? axesInput.ints?.map(Number) : (attributes.axes as number[] | undefined);
  if (axesInput && !given) return [{ type: x!.type, ...(keep && { dims: dims.map((_, axis) => `?${axis}`) }) }];
  const axes = given?.length
    ? axesOf(given, dims.length)
    : int(attributes.noop_with_empty_axes, 0)
      ? []
      : dims.map((_, axis) => axis);
  return [{ type: x!.type, dims: dims.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim])) }];
}

/** Floats become whole numbers by cutting off, anything a truth by not being zero. */
function cast(x: Shaped, type: ElementType): Shaped[] {
  if (!x.ints || isFloat(type)) return [{ ...x, type }];
  const values = x.ints.map((value) => {
    if (typeof value !== "number") return value;
    return type === "bool" ? Number(value !== 0) : Math.trunc(value);
  });
  return [{ ...x, type, ints: values }];
}

/** Halves to even, as ONNX has it. */
const round = (value: number): number => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

export const numberRules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(unary.map((op) => [op, same])),
  ...Object.fromEntries(reductions.map((op) => [op, reduce])),
  ...Object.fromEntries(["PRelu", "BitShift"].map((op) => [op, firstType()])),
  Pow: firstType(numbers((a, b) => a ** b)),
  ...Object.fromEntries(Object.entries(comparisons).map(([op, compute]) => [op, elementwise("bool", numbers(compute))])),
  Abs: valued(Math.abs),
  Neg: valued((value) => -value),
  Sqrt: valued(Math.sqrt),
  Floor: valued(Math.floor),
  Ceil: valued(Math.ceil),
  Round: valued(round),
  Not: valued((value) => Number(!value)),
  Identity: ({ inputs: [x] }) => [x!],
  Add: elementwise(undefined, (a, b) => sum([a, b])),
  Sub: elementwise(
    undefined,
    numbers((a, b) => a - b),
  ),
  Mul: elementwise(undefined, (a, b) => multiply([a, b])),
  Div: elementwise(
    undefined,
    numbers((a, b, type) => (isFloat(type) ? a / b : Math.trunc(a / b))),
  ),
  Mod: elementwise(
    undefined,
    numbers((a, b) => a - b * Math.floor(a / b)),
  ),
  Max: elementwise(
    undefined,
    numbers((a, b) => Math.max(a, b)),
  ),
  Min: elementwise(
    undefined,
    numbers((a, b) => Math.min(a, b)),
  ),
  Sum: elementwise(),
  Where: where,
  IsNaN: ({ inputs: [x] }) => [{ type: "bool", dims: x!.dims }],
  IsInf: ({ inputs: [x] }) => [{ type: "bool", dims: x!.dims }],
  Cast: ({ inputs: [x], attributes: { to } }) => cast(x!, elementType(to as number)),
  CastLike: ({ inputs: [x, like] }) => cast(x!, like!.type),
  DequantizeLinear: ({ inputs: [x, scale] }) => [{ type: scale!.type, dims: x!.dims }],
  QuantizeLinear: ({ inputs: [x, , zero], attributes }) => [
    { type: zero?.type ?? elementType(int(attributes.output_dtype, 2) || 2), dims: x!.dims },
  ],
  DynamicQuantizeLinear: ({ inputs: [x] }) => [
    { type: "uint8", dims: x!.dims },
    { type: "float32", dims: [] },
    { type: "uint8", dims: [] },
  ],
  ArgMax: (call) => [
    { ...reduce({ ...call, attributes: { ...call.attributes, axes: [int(call.attributes.axis, 0)] } })[0], type: "int64" },
  ],
  ArgMin: (call) => [
    { ...reduce({ ...call, attributes: { ...call.attributes, axes: [int(call.attributes.axis, 0)] } })[0], type: "int64" },
  ],
};

/** Exporters choose between sizes with it. */
function where(call: Call): Shaped[] {
  const [result] = elementwise()(call);
  const [condition, a, b] = call.inputs.map((input) => input?.ints);
  if (!condition || !a || !b) return [result];
  const length = Math.max(condition.length, a.length, b.length);
  const at = (list: readonly Dim[], i: number) => list[list.length === 1 ? 0 : i];
  return [{ ...result, ints: Array.from({ length }, (_, i) => at(at(condition, i) === 0 ? b : a, i)) }];
}

function firstType(compute?: Compute): Rule {
  const rule = elementwise(undefined, compute);
  return (call) => [{ ...rule(call)[0], type: call.inputs[0]!.type }];
}
