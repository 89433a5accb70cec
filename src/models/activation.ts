/** Activations by the names that transformers (`ACT2FN`) and timm (`get_act_layer`) give them. */
import { S2Error } from "../core/index.ts";
import { Gelu, Mul, Relu, type ShapedValue, Sigmoid } from "../onnx/index.ts";

type Activation = (x: ShapedValue) => ShapedValue;

const geluTanh: Activation = (x) => Gelu(x, { approximate: "tanh" });
const silu: Activation = (x) => Mul(x, Sigmoid(x));

const activations: Readonly<Record<string, Activation>> = {
  gelu: (x) => Gelu(x),
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_tanh: geluTanh,
  quick_gelu: (x) => Mul(x, Sigmoid(Mul(x, 1.702))),
  relu: Relu,
  silu,
  swish: silu,
};

/** @throws S2Error "architecture" for a name that is none of these. */
export function activation(name: string): Activation {
  if (Object.hasOwn(activations, name)) return activations[name];
  throw new S2Error("architecture", `The activation ${name} is not built; known are ${Object.keys(activations).join(", ")}.`);
}
