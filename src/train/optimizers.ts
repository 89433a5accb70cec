/** Optimizers as graphs: the update of parameters and of the state that is kept between steps; and the learning rate's schedule. */
import { Add, constant, Div, Min, Mul, Pow, ReduceSum, type ShapedValue, Sqrt, Sub } from "../onnx/index.ts";

/** Scalar inputs of a step. */
export interface StepNumbers {
  /** The learning rate. */
  readonly rate: ShapedValue;
  /** The step's number from 1, as a float. */
  readonly step: ShapedValue;
}

/** The update of one parameter. */
export interface Optimizer {
  /** Returns names of tensors that are kept between steps for a parameter, zeros at first. */
  slots(name: string): readonly string[];
  /** Returns the parameter and its slots after the step. */
  update(
    parameter: ShapedValue,
    gradient: ShapedValue,
    slots: readonly ShapedValue[],
    numbers: StepNumbers,
    name: string,
  ): { parameter: ShapedValue; slots: readonly ShapedValue[] };
  /**
   * Returns the key of the parameters that `update` may be given together: as one vector, or `stacked` as [k, ...dims] (of equal dims).
   * Without it each parameter is updated alone.
   */
  group?(name: string, dims: readonly number[]): { readonly key: string; readonly stacked?: boolean };
}

/** Options of `adamW`. */
export interface AdamWOptions {
  /** Decay of the means of gradients and of their squares; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Applied to all parameters but biases, norms, positions and the [CLS] token; default 0.01. */
  readonly weightDecay?: number;
}

/** Returns true for parameters that timm applies weight decay to. */
const decays = (name: string): boolean => !/bias$|norm\d?\.weight$|pos_embed$|cls_token$/.test(name);

/** Makes Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), with torch's defaults. */
export function adamW({ betas = [0.9, 0.999], weightDecay = 0.01 }: AdamWOptions = {}): Optimizer {
  const [first, second] = betas;
  return {
    slots: () => ["adam.m", "adam.v"],
    group: (name) => ({ key: weightDecay > 0 && decays(name) ? "decays" : "stays" }),
    update(parameter, gradient, [m, v], { rate, step }, name) {
      const mean = Add(Mul(m, first), Mul(gradient, 1 - first));
      const square = Add(Mul(v, second), Mul(Mul(gradient, gradient), 1 - second));
      const corrected = (beta: number) => Sub(1, Pow(constant(rate.graph, "float32", [], Float32Array.of(beta)), step));
      const divisor = Add(Sqrt(Div(square, corrected(second))), 1e-8);
      const moved = Div(Mul(mean, Div(rate, corrected(first))), divisor);
      const kept = weightDecay > 0 && decays(name) ? Mul(parameter, Sub(1, Mul(rate, weightDecay))) : parameter;
      return { parameter: Sub(kept, moved), slots: [mean, square] };
    },
  };
}

/** Makes stochastic gradient descent with a momentum of 0.9, as torch's. */
export function sgd(): Optimizer {
  return {
    slots: () => ["sgd.momentum"],
    group: () => ({ key: "sgd" }),
    update(parameter, gradient, [velocity], { rate }) {
      const next = Add(Mul(velocity, 0.9), gradient);
      return { parameter: Sub(parameter, Mul(next, rate)), slots: [next] };
    },
  };
}

/** Scales all gradients together to a norm of at most `most` (torch's clip_grad_norm_); `length` is the norm before. */
export function clipped(gradients: readonly ShapedValue[], most: number): { gradients: ShapedValue[]; length: ShapedValue } {
  const squares = gradients.map((gradient) => {
    const axes = gradient.dims.map((_, axis) => axis);
    return ReduceSum(Mul(gradient, gradient), axes, { keepdims: 0 });
  });
  const length = Sqrt(squares.reduce((a, b) => Add(a, b)));
  const factor = Min(Div(most, Add(length, 1e-6)), 1);
  return { gradients: gradients.map((gradient) => Mul(gradient, factor)), length };
}

/**
 * Makes a schedule of the learning rate that rises linearly over `warmUp` steps, then falls along a cosine to `last` at step `steps`
 * (Loshchilov and Hutter, arXiv 1608.03983). Steps count from 1.
 */
export function cosine({ rate, steps, warmUp = 0, last = 0 }: { rate: number; steps: number; warmUp?: number; last?: number }) {
  return (step: number): number => {
    if (step <= warmUp) return (rate * step) / warmUp;
    const progress = Math.min(1, (step - warmUp) / Math.max(1, steps - warmUp));
    return last + ((rate - last) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}
