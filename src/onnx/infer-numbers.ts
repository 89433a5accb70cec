/** Shapes of operators that work number by number, and of reductions. */
import { broadcast, type Dim, multiply, sum } from "./dims.ts";
import { axesOf, type Call, dimsOf, int, Mismatch, type Rule, type Shaped } from "./rule.ts";
import { type ElementType, elementType } from "./tensor.ts";

const same: Rule = ({ inputs: [x], outputs }) =>
  Array.from({ length: Math.max(outputs, 1) }, () => ({ type: x!.type, dims: x!.dims }));

/** Integer results are followed for the arithmetic of shapes. */
function elementwise(type?: ElementType, compute?: (a: Dim, b: Dim) => Dim | undefined): Rule {
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

function pairwise(a: Shaped, b: Shaped, compute: (a: Dim, b: Dim) => Dim | undefined): Dim[] | undefined {
  if (!a.ints || !b.ints) return undefined;
  const length = Math.max(a.ints.length, b.ints.length);
  const values = Array.from({ length }, (_, i) =>
    compute(a.ints![a.ints!.length === 1 ? 0 : i], b.ints![b.ints!.length === 1 ? 0 : i]),
  );
  return values.every((value) => value !== undefined) ? values : undefined;
}

const numbers = (compute: (a: number, b: number) => number) => (a: Dim, b: Dim) =>
  typeof a === "number" && typeof b === "number" ? compute(a, b) : undefined;

const unary = [
  ...["Abs", "Neg", "Sqrt", "Exp", "Log", "Erf", "Tanh", "Sigmoid", "Relu", "Gelu", "Sign", "Softplus", "Round", "Floor", "Ceil"],
  ...[
    "Sin",
    "Cos",
    "Reciprocal",
    "Softmax",
    "LogSoftmax",
    "Clip",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Elu",
    "Mish",
    "Swish",
  ],
  ...[
    "LpNormalization",
    "Dropout",
    "Not",
    "QuickGelu",
    "FastGelu",
    "BiasGelu",
    "InstanceNormalization",
    "GroupNormalization",
    "CumSum",
  ],
];

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

const cast: Rule = ({ inputs: [x], attributes: { to } }) => [{ ...x, type: elementType(to as number) }];

export const numberRules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(unary.map((op) => [op, same])),
  ...Object.fromEntries(reductions.map((op) => [op, reduce])),
  ...Object.fromEntries(["Pow", "PRelu", "BitShift"].map((op) => [op, firstType()])),
  ...Object.fromEntries(
    ["Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor"].map((op) => [op, elementwise("bool")]),
  ),
  Identity: ({ inputs: [x] }) => [x!],
  Add: elementwise(undefined, (a, b) => sum([a, b])),
  Sub: elementwise(
    undefined,
    numbers((a, b) => a - b),
  ),
  Mul: elementwise(undefined, (a, b) => multiply([a, b])),
  Div: elementwise(
    undefined,
    numbers((a, b) => Math.trunc(a / b)),
  ),
  Mod: elementwise(
    undefined,
    numbers((a, b) => a - b * Math.floor(a / b)),
  ),
  Max: elementwise(undefined, numbers(Math.max)),
  Min: elementwise(undefined, numbers(Math.min)),
  Sum: elementwise(),
  Where: where,
  Equal: elementwise(
    "bool",
    numbers((a, b) => (a === b ? 1 : 0)),
  ),
  IsNaN: ({ inputs: [x] }) => [{ type: "bool", dims: x!.dims }],
  IsInf: ({ inputs: [x] }) => [{ type: "bool", dims: x!.dims }],
  Cast: cast,
  CastLike: ({ inputs: [x, like] }) => [{ ...x, type: like!.type }],
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

function firstType(): Rule {
  const rule = elementwise();
  return (call) => [{ ...rule(call)[0], type: call.inputs[0]!.type }];
}
