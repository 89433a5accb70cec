/** Shapes of elementwise operators and reductions. */
import { broadcast, type Dim, isNumber, multiply, sum } from "./dims.ts";
import { axesOf, type Call, givenAxes, int, Mismatch, type Rule, type Shaped, same, shaped, sharedRule } from "./rule.ts";
import { type ElementType, elementType } from "./tensor.ts";

type Compute = (a: Dim, b: Dim, type: ElementType) => Dim | undefined;

/** Broadcasts all inputs. `compute` follows the values of shape arithmetic. */
function elementwise(compute?: Compute, type?: ElementType): (call: Pick<Call, "inputs">) => Shaped {
  return ({ inputs }) => {
    const known = inputs.filter((input) => input !== undefined);
    const result = type ?? known.at(-1)!.type;
    if (known.some(({ dims }) => dims === undefined)) return { type: result };
    const dims = broadcast(...known.map((input) => input.dims!));
    if (!dims) throw new Mismatch("they do not broadcast");
    return { type: result, dims, ints: compute && known.length === 2 ? pairwise(known[0], known[1], compute) : undefined };
  };
}

/** The entry that broadcasting puts at `i`. */
const entry = (list: readonly Dim[], i: number): Dim => list[list.length === 1 ? 0 : i];

function pairwise({ ints: a, type }: Shaped, { ints: b }: Shaped, compute: Compute): Dim[] | undefined {
  if (!a || !b) return undefined;
  const values = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => compute(entry(a, i), entry(b, i), type));
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** Computes with numbers only, not with symbols; a division by zero gives no size. */
const numbers =
  (compute: (a: number, b: number, type: ElementType) => number | boolean): Compute =>
  (a, b, type) => {
    const value = isNumber(a) && isNumber(b) ? Number(compute(a, b, type)) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  };

const isFloat = (type: ElementType): boolean => type.startsWith("float") || type === "bfloat16";

const arithmetic: Readonly<Record<string, Compute | undefined>> = {
  Add: (a, b) => sum([a, b]),
  Mul: (a, b) => multiply([a, b]),
  Sub: numbers((a, b) => a - b),
  Div: numbers((a, b, type) => (isFloat(type) ? a / b : Math.trunc(a / b))),
  Mod: numbers((a, b) => a - b * Math.floor(a / b)),
  Max: numbers((a, b) => Math.max(a, b)),
  Min: numbers((a, b) => Math.min(a, b)),
  Sum: undefined,
};

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

/** Operators on one number. */
const functions: Readonly<Record<string, (value: number) => number>> = {
  Abs: Math.abs,
  Neg: (value) => -value,
  Sqrt: Math.sqrt,
  Floor: Math.floor,
  Ceil: Math.ceil,
  // Rounds halves to even, by ONNX's definition.
  Round: (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value)),
  Not: (value) => Number(!value),
};

function valued(compute: (value: number) => number): Rule {
  return ({ inputs: [x] }) => {
    const values = x!.ints?.map((value) => (isNumber(value) ? compute(value) : Number.NaN));
    return { type: x!.type, dims: x!.dims, ints: values?.every(Number.isFinite) ? values : undefined };
  };
}

/** The result has the first input's type. */
function firstType(compute?: Compute): Rule {
  const rule = elementwise(compute);
  return (call) => ({ ...rule(call), type: call.inputs[0]!.type });
}

const reduce = shaped((dims, call) => {
  const { inputs, attributes } = call;
  const keep = int(attributes.keepdims, 1) !== 0;
  const given = givenAxes(call);
  if (inputs[1] && !given) return keep ? dims.map((_, axis) => `?${axis}`) : undefined;
  const none = int(attributes.noop_with_empty_axes, 0) ? [] : dims.map((_, axis) => axis);
  const axes = given?.length ? axesOf(given, dims.length) : none;
  return dims.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
});

/** ArgMax and ArgMin. */
const position: Rule = (call) => {
  const { attributes } = call;
  return { ...reduce({ ...call, attributes: { ...attributes, axes: [int(attributes.axis, 0)] } }), type: "int64" };
};

/** Floats are truncated to whole numbers; everything but 0 is true. */
function cast(x: Shaped, type: ElementType): Shaped {
  if (!x.ints || isFloat(type)) return { ...x, type };
  const convert = (value: number) => (type === "bool" ? Number(value !== 0) : Math.trunc(value));
  return { ...x, type, ints: x.ints.map((value) => (isNumber(value) ? convert(value) : value)) };
}

const mapRules = <T>(table: Readonly<Record<string, T>>, rule: (value: T) => Rule): Record<string, Rule> =>
  Object.fromEntries(Object.entries(table).map(([op, value]) => [op, rule(value)]));

export const numberRules: Readonly<Record<string, Rule>> = {
  ...sharedRule(
    `Exp Log Erf Tanh Sigmoid Relu Gelu Sign Softplus Selu Celu Softsign Hardmax LRN Sin Cos Reciprocal Softmax LogSoftmax Clip
    HardSigmoid HardSwish LeakyRelu Elu Mish Swish LpNormalization Dropout InstanceNormalization GroupNormalization CumSum Trilu
    ThresholdedRelu ReverseSequence`,
    same,
  ),
  ...sharedRule("ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceProd", reduce),
  ...sharedRule("ArgMax ArgMin", position),
  ...sharedRule("PRelu BitShift", firstType()),
  ...sharedRule("IsNaN IsInf", ({ inputs: [x] }) => ({ type: "bool", dims: x!.dims })),
  ...mapRules(arithmetic, (compute) => elementwise(compute)),
  ...mapRules(comparisons, (compare) => elementwise(numbers(compare), "bool")),
  ...mapRules(functions, valued),
  Pow: firstType(numbers((a, b) => a ** b)),
  Identity: ({ inputs: [x] }) => x!,
  /** Exporters choose between sizes with it. */
  Where: (call) => {
    const result = elementwise()(call);
    const [condition, a, b] = call.inputs.map((input) => input?.ints);
    if (!condition || !a || !b) return result;
    const length = Math.max(condition.length, a.length, b.length);
    return { ...result, ints: Array.from({ length }, (_, i) => entry(entry(condition, i) === 0 ? b : a, i)) };
  },
  Cast: ({ inputs: [x], attributes: { to } }) => cast(x!, elementType(to as number)),
  CastLike: ({ inputs: [x, like] }) => cast(x!, like!.type),
  DequantizeLinear: ({ inputs: [x, scale] }) => ({ type: scale!.type, dims: x!.dims }),
  QuantizeLinear: ({ inputs: [x, , zero], attributes }) => ({
    type: zero?.type ?? elementType(int(attributes.output_dtype, 2) || 2),
    dims: x!.dims,
  }),
  DynamicQuantizeLinear: ({ inputs: [x] }) => [
    { type: "uint8", dims: x!.dims },
    { type: "float32", dims: [] },
    { type: "uint8", dims: [] },
  ],
};
