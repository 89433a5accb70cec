/** Muon (Jordan et al. 2024; Liu et al., arXiv 2502.16982): momentum whose matrices are made orthogonal, so that all directions of a weight learn alike. */
import { Add, Div, MatMul, Mul, ReduceSum, Reshape, type ShapedValue, Sqrt, Sub, Transpose } from "../onnx/index.ts";
import type { Optimizer } from "./optimizers.ts";
import { sizes } from "./rule.ts";

/** Options of `muon`. */
export interface MuonOptions {
  /** Default 0. */
  readonly weightDecay?: number;
  /** Learning rate relative to that of the other optimizer. */
  readonly rate: number;
  /** Returns true for parameters that Muon updates; default the matrices of blocks. */
  readonly moves?: (name: string) => boolean;
  /** Updates all other parameters. */
  readonly others: Optimizer;
}

/** Jordan's value. */
const momentum = 0.95;

const isBlockMatrix = (name: string): boolean => /^blocks\..*\.weight$/.test(name) && !/norm\d?\.weight$/.test(name);

/** Makes Muon for matrices and another optimizer for the rest. Queries, keys and values in one weight are three matrices. */
export function muon({ weightDecay = 0, rate: factor, moves = isBlockMatrix, others }: MuonOptions): Optimizer {
  return {
    slots: (name) => (moves(name) ? ["muon.momentum"] : others.slots(name)),
    group: (name, dims) =>
      moves(name) ? { key: `muon ${dims}`, stacked: true } : (others.group?.(name, dims) ?? { key: name, stacked: true }),
    update(parameter, gradient, slots, numbers, name) {
      if (!moves(name)) return others.update(parameter, gradient, slots, numbers, name);
      const velocity = Add(Mul(slots[0], momentum), gradient);
      const ahead = Add(gradient, Mul(velocity, momentum)); // Nesterov's
      const rate = Mul(numbers.rate, factor);
      const kept = weightDecay > 0 ? Mul(parameter, Sub(1, Mul(rate, weightDecay))) : parameter;
      return { parameter: Sub(kept, Mul(orthogonal(ahead), rate)), slots: [velocity] };
    },
  };
}

/** Coefficients of the quintic that drives all singular values to about 1 (Jordan's). */
const [a, b, c] = [3.4445, -4.775, 2.0315];
const steps = 5;

/** Returns the nearest orthogonal matrix, or matrices of a stack, by Newton and Schulz, times √(rows / cols) where that is above 1. */
function orthogonal(matrix: ShapedValue): ShapedValue {
  const dims = sizes(matrix);
  const [rows, cols] = dims.slice(-2);
  const each = rows === 3 * cols ? cols : rows;
  const wide = each <= cols;
  let x = Reshape(matrix, [-1, each, cols]);
  if (!wide) x = turned(x);
  x = Div(x, Add(Sqrt(ReduceSum(Mul(x, x), [1, 2])), 1e-7));
  for (let step = 0; step < steps; step++) {
    const square = MatMul(x, turned(x));
    x = Add(Mul(x, a), MatMul(Add(Mul(square, b), Mul(MatMul(square, square), c)), x));
  }
  return Mul(Reshape(wide ? x : turned(x), dims), Math.sqrt(Math.max(1, each / cols)));
}

const turned = (x: ShapedValue): ShapedValue => Transpose(x, [0, 2, 1]);
