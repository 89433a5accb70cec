/** The two layers after attention, plain or gated (SwiGLU: Shazeer, arXiv 2002.05202). */
import { Mul, type ShapedValue } from "../onnx/index.ts";
import type { Activation } from "./activation.ts";
import { affine, amplified, linear, part, readAffine, rowsOf } from "./layers.ts";
import type { Weights } from "./weights.ts";

export interface Mlp {
  /** `gated` has its gate in layers of their own (fc1_g, fc1_x), `packed` as the first half of fc1. */
  readonly kind: "plain" | "gated" | "packed";
  /** Channels inside, after the gate. */
  readonly width: number;
  readonly activation: Activation;
  readonly bias: boolean;
}

/** fc2(act(fc1(x))), or fc2(act(gate(x))·fc1(x)); `gain` is the layer scale. */
export function mlp(x: ShapedValue, weights: Weights, settings: Mlp, gain?: Float32Array): ShapedValue {
  const { width, activation, bias } = settings;
  const dim = x.dims.at(-1) as number;
  return part(x.graph, weights, () => {
    const inner =
      settings.kind === "plain" ? activation(linear(x, weights.under("fc1"), width, bias)) : gated(x, weights, settings);
    const output = readAffine(weights.under("fc2"), dim, width, bias);
    return part(x.graph, weights.under("fc2"), () => affine(inner, gain ? amplified(output, gain) : output));
  });
}

/** Two products even where the file has one, since cutting its result apart is a copy. */
function gated(x: ShapedValue, weights: Weights, { kind, width, activation, bias }: Mlp): ShapedValue {
  if (kind === "gated")
    return Mul(activation(linear(x, weights.under("fc1_g"), width, bias)), linear(x, weights.under("fc1_x"), width, bias));
  const both = readAffine(weights.under("fc1"), 2 * width, x.dims.at(-1) as number, bias);
  return part(x.graph, weights.under("fc1"), () =>
    Mul(activation(affine(x, rowsOf(both, 0, width))), affine(x, rowsOf(both, width, 2 * width))),
  );
}
