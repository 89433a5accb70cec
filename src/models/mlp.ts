/** The two layers after attention, plain or gated (SwiGLU: Shazeer, arXiv 2002.05202). */
import { Mul, type ShapedValue } from "../onnx/index.ts";
import type { Activation } from "./activation.ts";
import { type Affine, affine, amplified, linear, part, readAffine } from "./layers.ts";
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
  const [, last] = names(weights);
  return part(x.graph, weights, () => {
    const inner =
      settings.kind === "plain" ? activation(linear(x, weights.under("fc1"), width, bias)) : gated(x, weights, settings);
    const output = readAffine(weights.under(last), dim, width, bias);
    return part(x.graph, weights.under(last), () => affine(inner, gain ? amplified(output, gain) : output));
  });
}

/** transformers' DINOv2 has names of its own for the packed kind. */
const names = (weights: Weights) => (weights.has("weights_in.weight") ? ["weights_in", "weights_out"] : ["fc1", "fc2"]);

/** Two products even where the file has one, since cutting its result apart is a copy. */
function gated(x: ShapedValue, weights: Weights, { kind, width, activation, bias }: Mlp): ShapedValue {
  if (kind === "gated")
    return Mul(activation(linear(x, weights.under("fc1_g"), width, bias)), linear(x, weights.under("fc1_x"), width, bias));
  const [first] = names(weights);
  const both = readAffine(weights.under(first), 2 * width, x.dims.at(-1) as number, bias);
  return part(x.graph, weights.under(first), () => Mul(activation(affine(x, half(both, 0))), affine(x, half(both, 1))));
}

function half({ weight, bias }: Affine, which: 0 | 1): Affine {
  const of = ({ dims: [rows, ...rest], data }: Affine["weight"]) => {
    const length = data.length / 2;
    return { dims: [rows / 2, ...rest], data: data.subarray(which * length, (which + 1) * length) };
  };
  return { weight: of(weight), ...(bias && { bias: of(bias) }) };
}
