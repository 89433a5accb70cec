/** Shapes of onnxruntime's own operators (ContribOperators.md), which its optimizer and its quantizers write. */
import { type Dim, derived } from "./dims.ts";
import { conv, gemm, matmul } from "./infer-layers.ts";
import { type Call, int, ints, type Rule, type Shaped } from "./rule.ts";

const same: Rule = ({ inputs: [x], outputs }) => Array.from({ length: outputs }, () => ({ type: x!.type, dims: x!.dims }));

/** The residual's sum is the fourth output. */
function skipNorm({ inputs: [x], outputs }: Call): Shaped[] {
  return Array.from({ length: outputs }, (_, i) => ({ type: x!.type, ...(i % 3 === 0 && { dims: x!.dims }) }));
}

/** transA and transB turn the last two axes; the rarer transBatchA and transBatchB are not followed. */
function fusedMatMul(call: Call): Shaped[] {
  const { attributes, inputs } = call;
  if (int(attributes.transBatchA, 0) || int(attributes.transBatchB, 0)) return [{ type: inputs[0]!.type }];
  return matmul({ ...call, inputs: [turned(inputs[0], attributes.transA), turned(inputs[1], attributes.transB)] });
}

function turned(x: Shaped | undefined, flag: Call["attributes"][string]): Shaped | undefined {
  if (!x?.dims || !int(flag, 0) || x.dims.length < 2) return x;
  return { type: x.type, dims: [...x.dims.slice(0, -2), x.dims.at(-1)!, x.dims.at(-2)!] };
}

/** Weights packed in 4 bits or so: their N columns say the attributes. */
const packedMatMul: Rule = ({ inputs: [a], attributes: { N } }) => [
  { type: a!.type, ...(a!.dims && { dims: [...a!.dims.slice(0, -1), Number(N)] }) },
];

/** Input [b, n, c] and weights [c, 3·hidden] of queries, keys and values at once. */
function packedAttention({ inputs: [x, w], attributes, outputs }: Call): Shaped[] {
  const rest = Array.from({ length: outputs - 1 }, () => ({ type: x!.type }));
  const sizes = ints(attributes.qkv_hidden_sizes);
  const hidden: Dim | undefined = sizes?.[2] ?? (w?.dims ? derived(w.dims[1], (all) => all / 3, "third of ") : undefined);
  if (x!.dims?.length !== 3 || hidden === undefined) return [{ type: x!.type }, ...rest];
  return [{ type: x!.type, dims: [x!.dims[0], x!.dims[1], hidden] }, ...rest];
}

/** q [b, n, heads·d] with k and v alike or [b, heads, n, d]; or all in q [b, n, heads, 3, d]; or k and v in one [b, n, heads, 2, d]. */
function multiHead({ inputs: [q, k, v], outputs }: Call): Shaped[] {
  const rest = Array.from({ length: outputs - 1 }, () => ({ type: q!.type }));
  const dims = q!.dims;
  const product = (heads: Dim, size: Dim) => derived(heads, (all) => all * Number(size), "heads ");
  if (dims?.length === 5 && !k) return [{ type: q!.type, dims: [dims[0], dims[1], product(dims[2], dims[4])] }, ...rest];
  if (dims?.length !== 3) return [{ type: q!.type }, ...rest];
  const width = v?.dims?.length === 3 ? v.dims[2] : v?.dims?.length === 4 ? product(v.dims[1], v.dims[3]) : dims[2];
  return [{ type: q!.type, dims: [dims[0], dims[1], width] }, ...rest];
}

/** Ids [b, n] and a table [words, c] to [b, n, c]. */
const embedNorm: Rule = ({ inputs: [ids, , words], outputs }) =>
  Array.from({ length: outputs }, (_, i) => ({
    type: words!.type,
    ...(i === 0 && ids!.dims && words!.dims && { dims: [...ids!.dims, words!.dims[1]] }),
  }));

/** (a, scale, zero, b, scale, zero, ..): the larger of two shapes. */
const quantizedPair: Rule = ({ inputs: [a, , , b] }) => [
  { type: a!.type, ...(a!.dims && b?.dims && { dims: a!.dims.length >= b.dims.length ? a!.dims : b.dims }) },
];

const contrib: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(["Gelu", "BiasGelu", "FastGelu", "QuickGelu", "BiasAdd", "BiasSoftmax"].map((op) => [op, same])),
  ...Object.fromEntries(["QLinearSigmoid", "QLinearSoftmax", "QLinearLeakyRelu", "RotaryEmbedding"].map((op) => [op, same])),
  SkipLayerNormalization: skipNorm,
  SkipSimplifiedLayerNormalization: skipNorm,
  EmbedLayerNormalization: embedNorm,
  FusedMatMul: fusedMatMul,
  FusedGemm: gemm,
  FusedConv: conv,
  MatMulIntegerToFloat: ({ inputs: [a, b, scale], ...call }) => matmul({ ...call, inputs: [a, b] }, scale!.type),
  DynamicQuantizeMatMul: (call) => matmul(call, "float32"),
  MatMulNBits: packedMatMul,
  MatMulBnb4: packedMatMul,
  Attention: packedAttention,
  QAttention: (call) => packedAttention(call).map((result) => ({ ...result, type: call.inputs[2]?.type ?? "float32" })),
  MultiHeadAttention: multiHead,
  QLinearAdd: quantizedPair,
  QLinearMul: quantizedPair,
  QuantizeLinear: ({ inputs: [x, , zero] }) => [{ type: zero?.type ?? "uint8", dims: x!.dims }],
  DequantizeLinear: ({ inputs: [x, scale] }) => [{ type: scale!.type, dims: x!.dims }],
};

export const contribRules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(contrib).map(([op, rule]) => [`com.microsoft.${op}`, rule]),
);
