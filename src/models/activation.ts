/** Activations by the names that transformers and timm give them. */
import { S2Error } from "../core/index.ts";
import { Gelu, Mul, Relu, type ShapedValue, Sigmoid, Tanh } from "../onnx/index.ts";

export type Activation = (x: ShapedValue) => ShapedValue;

/** x·sigmoid(x), also called swish (arXiv 1702.03118). */
export const silu: Activation = (x) => Mul(x, Sigmoid(x));

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
  tanh: Tanh,
};

/** @throws S2Error "architecture" for a name that is not known. */
export function activationOf(name: unknown): Activation {
  if (typeof name === "string" && Object.hasOwn(activations, name)) return activations[name];
  throw new S2Error("architecture", `The activation is ${name}; known are ${Object.keys(activations).join(", ")}.`);
}
