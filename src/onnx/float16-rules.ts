/** Says which operators may compute in float16, and how the types of their inputs decide whether one does. */
import { readAttributes } from "./attributes.ts";
import { operatorName } from "./infer.ts";
import type { NodeProto } from "./proto.ts";

/**
 * `move`: copies numbers and computes none. `each`: computes every number from few others, or sums in float32 by specification or in all
 * known kernels (docs/decisions/0021). `product`: sums products of many numbers, where float16 saves the time. `any`: takes both types
 * and returns neither. `full`: stays in float32.
 */
export type Form = "move" | "each" | "product" | "any" | "full";

const operators: Readonly<Record<Exclude<Form, "full">, string>> = {
  move: `Identity Reshape Transpose Flatten Squeeze Unsqueeze Concat Split Slice Gather GatherElements GatherND Expand Tile Pad
    ScatterND ScatterElements Dropout Trilu ReverseSequence DepthToSpace SpaceToDepth`,
  each: `Add Sub Mul Div Sum Neg Abs Sign Max Min Clip Where Relu LeakyRelu PRelu Elu Selu Celu Mish Gelu Erf Tanh Sigmoid HardSigmoid
    HardSwish Swish Softsign ReduceMax ReduceMin MaxPool GlobalMaxPool BatchNormalization LayerNormalization RMSNormalization
    SimplifiedLayerNormalization Softmax Equal Less Greater LessOrEqual GreaterOrEqual com.microsoft.Gelu com.microsoft.BiasGelu
    com.microsoft.FastGelu com.microsoft.QuickGelu com.microsoft.SkipLayerNormalization
    com.microsoft.SkipSimplifiedLayerNormalization`,
  product: `MatMul Gemm Conv ConvTranspose Einsum Attention com.microsoft.Attention com.microsoft.MultiHeadAttention
    com.microsoft.FusedMatMul com.microsoft.FusedConv`,
  any: "Shape Size Cast IsNaN IsInf",
};

const forms = new Map<string, Form>(
  Object.entries(operators).flatMap(([form, names]) => names.split(/\s+/).map((name) => [name, form as Form])),
);

/** The form of a node; one with outputs of several types (indices, statistics) is left alone. */
export function formOf({ domain, opType, output = [] }: NodeProto): Form {
  const op = operatorName(domain, opType);
  const form = forms.get(op) ?? "full";
  if (op === "Split") return form;
  const others = op.startsWith("com.microsoft.Skip") ? output.slice(1, 3) : output.slice(1); // the fourth is the sum
  return others.some((name) => name !== "") ? "full" : form;
}

/** Operators whose results lie within small bounds, whatever their inputs are. */
const bounded = new Set("Softmax LayerNormalization RMSNormalization Sigmoid Tanh Erf Sin Cos Sign HardSigmoid".split(" "));

/** Operators whose results float16 does not hold: sums of many numbers, scales of quantization. */
const isSum = (op: string): boolean => /^Reduce(?!Max|Min)/.test(op) || op === "DynamicQuantizeLinear";

/**
 * Why a value is not rounded: "counted" is computed from whole numbers (positions, masks, int32 sums), "summed" from means and variances.
 * The two go on through operators that get nothing else.
 */
export type Exact = "counted" | "summed" | undefined;

/** The exactness of a node's results from that of its inputs; constants do not count among these. */
export function exactness({ domain, opType }: NodeProto, given: readonly Exact[]): Exact {
  const op = operatorName(domain, opType);
  if (bounded.has(op)) return undefined;
  if (isSum(op)) return "summed";
  if (given.includes(undefined)) return undefined;
  return given.includes("summed") ? "summed" : "counted";
}

/** The type to which a Cast converts; undefined for other operators. */
export const castTo = (node: NodeProto): number | undefined =>
  node.opType === "Cast" && !node.domain ? Number(readAttributes(node).to) : undefined;
