/** Optimizers as graphs: from parameters, gradients and the state between steps to the next of both. */
import { Add, constant, Div, Min, Mul, Pow, ReduceSum, type ShapedValue, Sqrt, Sub } from "../onnx/index.ts";

/** What a step is given besides: the learning rate, and its number from 1 as a float; both scalars. */
export interface StepNumbers {
  readonly rate: ShapedValue;
  readonly step: ShapedValue;
}

/** How one parameter moves. */
export interface Optimizer {
  /** Tensors that are kept between steps for a parameter, zeros at first. */
  slots(name: string): readonly string[];
  /** The parameter and its slots after the step. */
  update(
    parameter: ShapedValue,
    gradient: ShapedValue,
    slots: readonly ShapedValue[],
    numbers: StepNumbers,
    name: string,
  ): { parameter: ShapedValue; slots: readonly ShapedValue[] };
}

export interface AdamWOptions {
  readonly betas?: readonly [number, number];
  /** Applied to all parameters but biases, norms, positions and the [CLS] token; default 0.01. */
  readonly weightDecay?: number;
}

/** Parameters that timm applies weight decay to. */
const decays = (name: string): boolean => !/bias$|norm\d?\.weight$|pos_embed$|cls_token$/.test(name);

/** Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), with torch's defaults. */
export function adamW({ betas = [0.9, 0.999], weightDecay = 0.01 }: AdamWOptions = {}): Optimizer {
  const [first, second] = betas;
  return {
    slots: () => ["adam.m", "adam.v"],
    update(parameter, gradient, [m, v], { rate, step }, name) {
      const mean = Add(Mul(m, first), Mul(gradient, 1 - first));
      const square = Add(Mul(v, second), Mul(Mul(gradient, gradient), 1 - second));
      const corrected = (beta: number) => Sub(1, Pow(constant(rate.graph, "float32", [], Float32Array.of(beta)), step));
      const by = Add(Sqrt(Div(square, corrected(second))), 1e-8);
      const moved = Div(Mul(mean, Div(rate, corrected(first))), by);
      const kept = weightDecay > 0 && decays(name) ? Mul(parameter, Sub(1, Mul(rate, weightDecay))) : parameter;
      return { parameter: Sub(kept, moved), slots: [mean, square] };
    },
  };
}

/** Stochastic gradient descent with a momentum of 0.9, as torch's. */
export function sgd(): Optimizer {
  return {
    slots: () => ["sgd.momentum"],
    update(parameter, gradient, [velocity], { rate }) {
      const next = Add(Mul(velocity, 0.9), gradient);
      return { parameter: Sub(parameter, Mul(next, rate)), slots: [next] };
    },
  };
}

/** Gradients shortened together where their length is above `most` (torch's clip_grad_norm_); and their length before. */
export function clipped(gradients: readonly ShapedValue[], most: number): { gradients: ShapedValue[]; length: ShapedValue } {
  const squares = gradients.map((gradient) =>
    ReduceSum(
      Mul(gradient, gradient),
      gradient.dims.map((_, axis) => axis),
      { keepdims: 0 },
    ),
  );
  const length = Sqrt(squares.reduce((a, b) => Add(a, b)));
  const factor = Min(Div(most, Add(length, 1e-6)), 1);
  return { gradients: gradients.map((gradient) => Mul(gradient, factor)), length };
}
