/** The two layers after attention, plain or gated (SwiGLU: Shazeer, arXiv 2002.05202). */
import { S2Error } from "../core/index.ts";
import { Clip, Gelu, HardSigmoid, Mul, Relu, type ShapedValue, Sigmoid, Tanh } from "../onnx/index.ts";
import { affine, linear, readAffine, rowsOf, scoped } from "./layers.ts";
import type { Weights } from "./weights.ts";

export type Activation = (x: ShapedValue) => ShapedValue;

/** x·sigmoid(x), also called swish (arXiv 1702.03118). */
export const silu: Activation = (x) => Mul(x, Sigmoid(x));

/** x·clip(x + 3, 0, 6) / 6 (arXiv 1905.02244, section 5.2). */
export const hardSwish: Activation = (x) => Mul(x, HardSigmoid(x, { alpha: 1 / 6 }));

const tanhGelu: Activation = (x) => Gelu(x, { approximate: "tanh" });

const activations: Readonly<Record<string, Activation>> = {
  gelu: (x) => Gelu(x),
  gelu_python: (x) => Gelu(x),
  gelu_tanh: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  gelu_new: tanhGelu,
  gelu_fast: tanhGelu,
  quick_gelu: (x) => Mul(x, Sigmoid(Mul(x, 1.702))),
  silu,
  swish: silu,
  relu: Relu,
  relu6: (x) => Clip(x, 0, 6),
  hardswish: hardSwish,
  hard_swish: hardSwish,
  tanh: Tanh,
};

/** @throws S2Error "architecture" for a name that is not known. */
export function activationOf(name: unknown): Activation {
  if (typeof name === "string" && Object.hasOwn(activations, name)) return activations[name];
  throw new S2Error("architecture", `The activation is ${name}; known are ${Object.keys(activations).join(", ")}.`);
}

export interface Mlp {
  /** `gated` has its gate in layers of their own (fc1_g, fc1_x), `packed` as the first half of fc1. */
  readonly kind: "plain" | "gated" | "packed";
  /** Channels inside, after the gate. */
  readonly width: number;
  readonly activation: Activation;
  readonly bias: boolean;
  /** Channels of the result; default the input's. */
  readonly features?: number;
}

/** fc2(act(fc1(x))), or fc2(act(gate(x))·fc1(x)); `gain` is the layer scale. */
export function mlp(x: ShapedValue, weights: Weights, settings: Mlp, gain?: Float32Array): ShapedValue {
  const { width, activation, bias, features = x.dims.at(-1) as number } = settings;
  return scoped(x.graph, weights, () => {
    const inner =
      settings.kind === "plain" ? activation(linear(x, weights.under("fc1"), width, { bias })) : gated(x, weights, settings);
    return linear(inner, weights.under("fc2"), features, { bias, gain });
  });
}

/** Two products even where the file has one, since cutting its result apart is a copy. */
function gated(x: ShapedValue, weights: Weights, { kind, width, activation, bias }: Mlp): ShapedValue {
  if (kind === "gated")
    return Mul(
      activation(linear(x, weights.under("fc1_g"), width, { bias })),
      linear(x, weights.under("fc1_x"), width, { bias }),
    );
  const both = readAffine(weights.under("fc1"), 2 * width, x.dims.at(-1) as number, bias);
  return scoped(x.graph, weights.under("fc1"), () =>
    Mul(activation(affine(x, rowsOf(both, 0, width))), affine(x, rowsOf(both, width, 2 * width))),
  );
}
