/** Gradients of elementwise operators. */
import {
  Add,
  Cast,
  Clip,
  Cos,
  Div,
  Equal,
  Erf,
  Exp,
  Greater,
  Less,
  Log,
  Mul,
  Neg,
  Pow,
  type ShapedValue,
  Sign,
  Sin,
  Sub,
  scalar,
  Tanh,
  Where,
} from "../onnx/index.ts";
import { type Rule, unbroadcast } from "./rule.ts";

/** Makes the rule of y = f(x) from the gradient by y, x and y. */
const unary =
  (rule: (g: ShapedValue, x: ShapedValue, y: ShapedValue) => ShapedValue): Rule =>
  ({ inputs: [x], outputs: [y], gradients: [g] }) => [rule(g!, x, y)];

/** Makes the rule of y = f(a, b), broadcast. */
const binary =
  (
    byA: (g: ShapedValue, a: ShapedValue, b: ShapedValue, y: ShapedValue) => ShapedValue,
    byB: (g: ShapedValue, a: ShapedValue, b: ShapedValue, y: ShapedValue) => ShapedValue,
  ): Rule =>
  ({ inputs: [a, b], outputs: [y], gradients: [g], wanted }) => [
    wanted[0] ? unbroadcast(byA(g!, a, b, y), a) : undefined,
    wanted[1] ? unbroadcast(byB(g!, a, b, y), b) : undefined,
  ];

const same = (g: ShapedValue) => g;

/** Returns g where the condition holds, else 0. */
const only = (condition: ShapedValue, g: ShapedValue) => Where(condition, g, scalar(g, 0));

/** Makes the rule of a maximum or minimum; equal values get half each, as in torch. */
function choose(first: (a: ShapedValue, b: ShapedValue) => ShapedValue): Rule {
  const chosen = (g: ShapedValue, x: ShapedValue, other: ShapedValue) =>
    Add(only(first(x, other), g), only(Equal(x, other), Mul(g, 0.5)));
  return binary(
    (g, a, b) => chosen(g, a, b),
    (g, a, b) => chosen(g, b, a),
  );
}

/** The derivative of x·Φ(x) is Φ(x) + x·φ(x), of the normal distribution; in as few operators as possible, for the tensors are large. */
function gelu(g: ShapedValue, x: ShapedValue): ShapedValue {
  const u = Mul(x, Math.SQRT1_2);
  // 2·x·φ(x) = x·exp(ln(2/√(2π)) - u²), so that twice the derivative needs no factor of its own.
  const bell = Mul(x, Exp(Sub(Math.log(2 / Math.sqrt(2 * Math.PI)), Mul(u, u))));
  return Mul(Mul(g, 0.5), Add(Add(Erf(u), bell), 1));
}

/** ½x(1 + tanh(s)), s = √(2/π)(x + 0.044715x³). */
function geluTanh(g: ShapedValue, x: ShapedValue): ShapedValue {
  const root = Math.sqrt(2 / Math.PI);
  const squared = Mul(x, x);
  const t = Tanh(Mul(x, Add(Mul(squared, 0.044715 * root), root)));
  const inner = Mul(Mul(x, Sub(1, Mul(t, t))), Add(Mul(squared, 3 * 0.044715 * root), root));
  return Mul(Mul(g, 0.5), Add(Add(t, inner), 1));
}

export const numberRules: Readonly<Record<string, Rule>> = {
  Identity: unary(same),
  Cast: ({ inputs: [x], gradients: [g] }) => [x.type === "float32" ? Cast(g!, "float32") : undefined],
  Neg: unary((g) => Neg(g)),
  Abs: unary((g, x) => Mul(g, Sign(x))),
  Sqrt: unary((g, _, y) => Div(Mul(g, 0.5), y)),
  Exp: unary((g, _, y) => Mul(g, y)),
  Log: unary((g, x) => Div(g, x)),
  Sin: unary((g, x) => Mul(g, Cos(x))),
  Cos: unary((g, x) => Neg(Mul(g, Sin(x)))),
  Erf: unary((g, x) => Mul(g, Mul(Exp(Neg(Mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  Tanh: unary((g, _, y) => Mul(g, Sub(1, Mul(y, y)))),
  Sigmoid: unary((g, _, y) => Mul(g, Mul(y, Sub(1, y)))),
  Relu: unary((g, x) => only(Greater(x, 0), g)),
  Reciprocal: unary((g, _, y) => Neg(Mul(g, Mul(y, y)))),
  Gelu: ({ inputs: [x], gradients: [g], attributes }) => [(attributes.approximate === "tanh" ? geluTanh : gelu)(g!, x)],
  Clip: ({ inputs: [x, min, max], gradients: [g] }) => {
    const above = min ? only(Less(min, x), g!) : g!;
    return [max ? only(Less(x, max), above) : above];
  },
  Add: binary(same, same),
  Sub: binary(same, (g) => Neg(g)),
  Mul: binary(
    (g, _, b) => Mul(g, b),
    (g, a) => Mul(g, a),
  ),
  Div: binary(
    (g, _, b) => Div(g, b),
    (g, _, b, y) => Neg(Div(Mul(g, y), b)),
  ),
  // By the exponent only for positive bases, where the logarithm is defined.
  Pow: binary(
    (g, a, b) => Mul(g, Mul(b, Pow(a, Sub(b, 1)))),
    (g, a, _, y) => Mul(g, Mul(y, Log(Clip(a, 1e-38)))),
  ),
  Max: choose((a, b) => Greater(a, b)),
  Min: choose((a, b) => Less(a, b)),
  Where: ({ inputs: [condition, a, b], gradients: [g], wanted }) => [
    undefined,
    wanted[1] ? unbroadcast(only(condition, g!), a) : undefined,
    wanted[2] ? unbroadcast(Where(condition, scalar(g!, 0), g!), b) : undefined,
  ],
};
