/** Shapes of operators with weights and of attention: products, convolutions, pools, norms; ONNX's own and onnxruntime's (ContribOperators.md). */
import { broadcast, type Dim, derived, differ, isNumber, shapeText } from "./dims.ts";
import { numberRules } from "./infer-numbers.ts";
import { type Call, firstOutput, int, ints, Mismatch, type Rule, type Shaped, same, shaped, sharedRule } from "./rule.ts";
import type { ElementType } from "./tensor.ts";

/** [.., n, k] x [.., k, m]; a vector counts as one row on the left and one column on the right. */
function matmul([a, b]: Call["inputs"], type: ElementType = a!.type): Shaped {
  if (!a?.dims || !b?.dims) return { type };
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  if (differ(left.at(-1), right.at(-2))) throw new Mismatch(`${left.at(-1)} columns meet ${right.at(-2)} rows`);
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2));
  if (!batch) throw new Mismatch("their leading sizes do not broadcast");
  const ends = [...(a.dims.length === 1 ? [] : [left.at(-2)!]), ...(b.dims.length === 1 ? [] : [right.at(-1)!])];
  return { type, dims: [...batch, ...ends] };
}

const gemm = shaped((a, { inputs: [, b], attributes }) => {
  if (!b?.dims) return undefined;
  const left = int(attributes.transA, 0) ? [...a].reverse() : a;
  const right = int(attributes.transB, 0) ? [...b.dims].reverse() : b.dims;
  if (differ(left[1], right[0])) throw new Mismatch(`${left[1]} columns meet ${right[0]} rows`);
  return [left[0], right[1]];
});

/** The attributes of a sliding window over `spatial` axes. */
function windowOf({ attributes }: Call, spatial: number) {
  const list = (name: string, otherwise: number, length = spatial) =>
    ints(attributes[name]) ?? Array<number>(length).fill(otherwise);
  return { strides: list("strides", 1), dilations: list("dilations", 1), pads: list("pads", 0, 2 * spatial), list };
}

/** [b, c, ..] under a window of `kernel`, by the specification's formula, rounded down or up. */
function slide(x: readonly Dim[], channels: Dim, kernel: readonly Dim[], call: Call): Dim[] {
  const spatial = x.length - 2;
  const { strides, dilations, pads } = windowOf(call, spatial);
  const auto = call.attributes.auto_pad ?? "NOTSET";
  const round = int(call.attributes.ceil_mode, 0) ? Math.ceil : Math.floor;
  const sides = x.slice(2).map((side, i) => {
    const size = kernel[i];
    if (!isNumber(size)) return `window(${side})`;
    const slid = (all: number) => {
      if (auto === "SAME_UPPER" || auto === "SAME_LOWER") return Math.ceil(all / strides[i]);
      return round((all + pads[i] + pads[spatial + i] - dilations[i] * (size - 1) - 1) / strides[i]) + 1;
    };
    return derived(side, slid, `window ${size}/${strides[i]} of `);
  });
  return [x[0], channels, ...sides];
}

const conv = shaped((x, call) => {
  const w = call.inputs[1]?.dims;
  if (!w) return undefined;
  const group = int(call.attributes.group, 1);
  if (isNumber(w[1]) && differ(x[1], w[1] * group)) throw new Mismatch(`${x[1]} channels meet weights for ${w[1] * group}`);
  return slide(x, w[0], ints(call.attributes.kernel_shape) ?? w.slice(2), call);
});

/** The sizes of an Einsum's letters; undefined where an ellipsis or a missing shape hides some. */
export function einsumSizes({ inputs, attributes }: Pick<Call, "inputs" | "attributes">): Map<string, Dim> | undefined {
  const [left] = String(attributes.equation).replaceAll(" ", "").split("->");
  const sizes = new Map<string, Dim>();
  for (const [i, letters] of left.split(",").entries()) {
    const dims = inputs[i]?.dims;
    if (!dims || dims.length !== letters.length || letters.includes(".")) return undefined;
    for (const [axis, letter] of [...letters].entries()) if ((sizes.get(letter) ?? 1) === 1) sizes.set(letter, dims[axis]);
  }
  return sizes;
}

const pool: Rule = (call) => {
  const { type, dims } = call.inputs[0]!;
  const result = dims && slide(dims, dims[1], ints(call.attributes.kernel_shape)!, call);
  return Array.from({ length: call.outputs }, () => ({ type, dims: result }));
};

const globalPool = shaped((dims) => dims.map((dim, axis) => (axis < 2 ? dim : 1)));

const norm: Rule = (call) => {
  const [x, scale] = call.inputs;
  const [last, size] = [x!.dims?.at(-1), scale?.dims?.at(-1)];
  if (size !== 1 && differ(last, size)) throw new Mismatch(`${last} channels meet a scale of ${shapeText(scale!.dims!)}`);
  return firstOutput(call, x!.type, x!.dims);
};

/** ONNX's Attention: [b, heads, n, d], or [b, n, heads·d] with the head counts as attributes. */
const attention: Rule = (call) => {
  const { inputs, attributes } = call;
  const [q, k, v] = inputs.map((input) => input?.dims);
  if (!q || !v) return firstOutput(call, inputs[0]!.type);
  if (q.length === 4) {
    const [dq, dk] = [q.at(-1), k?.at(-1)];
    if (differ(dq, dk)) throw new Mismatch(`queries of ${dq} meet keys of ${dk}`);
    return firstOutput(call, inputs[0]!.type, [...q.slice(0, 3), v[3]]);
  }
  const [heads, keyHeads] = [int(attributes.q_num_heads, 1), int(attributes.kv_num_heads, 1)];
  const channels = derived(v[2], (all) => (all / keyHeads) * heads, "heads of ");
  return firstOutput(call, inputs[0]!.type, [q[0], q[1], channels]);
};

export const layerRules: Readonly<Record<string, Rule>> = {
  MatMul: ({ inputs }) => matmul(inputs),
  MatMulInteger: ({ inputs }) => matmul(inputs, "int32"),
  QLinearMatMul: ({ inputs: [a, , , b] }) => matmul([a, b]),
  Gemm: gemm,
  Conv: conv,
  ConvInteger: (call) => ({ ...conv(call), type: "int32" }),
  QLinearConv: (call) => conv({ ...call, inputs: [call.inputs[0], call.inputs[3]] }),
  /** The specification's formula of output sizes; `output_shape` and `auto_pad` are not followed. */
  ConvTranspose: shaped((x, call) => {
    const { output_shape: shape, auto_pad: auto = "NOTSET", kernel_shape, group } = call.attributes;
    const w = call.inputs[1]?.dims;
    if (!w || shape || auto !== "NOTSET") return undefined;
    const spatial = x.length - 2;
    const { strides, dilations, pads, list } = windowOf(call, spatial);
    const [kernel, added] = [ints(kernel_shape) ?? w.slice(2), list("output_padding", 0)];
    const channels = derived(w[1], (all) => all * int(group, 1), "groups of ");
    const sides = x.slice(2).map((side, i) => {
      const rest = added[i] + (Number(kernel[i]) - 1) * dilations[i] + 1 - pads[i] - pads[spatial + i];
      return derived(side, (all) => strides[i] * (all - 1) + rest, "spread ");
    });
    return [x[0], channels, ...sides];
  }),
  Einsum: ({ inputs, attributes }) => {
    const sizes = einsumSizes({ inputs, attributes });
    const [left, right] = String(attributes.equation).replaceAll(" ", "").split("->");
    const once = [...new Set(left.replaceAll(",", ""))].filter((letter) => left.split(letter).length === 2).sort();
    const letters = right === undefined ? once : [...right];
    return { type: inputs[0]!.type, dims: sizes && letters.map((letter) => sizes.get(letter)!) };
  },
  ...sharedRule("MaxPool AveragePool", pool),
  ...sharedRule("GlobalAveragePool GlobalMaxPool", globalPool),
  ...sharedRule("LayerNormalization RMSNormalization SimplifiedLayerNormalization", norm), // the last is onnxruntime's, in ONNX's domain
  ...sharedRule(
    "BatchNormalization RotaryEmbedding",
    shaped((dims) => dims),
  ),
  Attention: attention,
};

/** The residual's sum is the fourth output. */
const skipNorm: Rule = ({ inputs: [x], outputs }) =>
  Array.from({ length: outputs }, (_, i) => ({ type: x!.type, dims: i % 3 === 0 ? x!.dims : undefined }));

function transposed(x: Shaped | undefined, flag: Call["attributes"][string]): Shaped | undefined {
  if (!x?.dims || !int(flag, 0) || x.dims.length < 2) return x;
  return { type: x.type, dims: [...x.dims.slice(0, -2), x.dims.at(-1)!, x.dims.at(-2)!] };
}

/** Weights packed in 4 bits or so; the attribute N is their number of columns. */
const packedMatMul = shaped((dims, { attributes: { N } }) => [...dims.slice(0, -1), Number(N)]);

/** Input [b, n, c] and weights [c, 3·hidden] of queries, keys and values at once. */
function packedAttention(call: Call, type: ElementType): Shaped[] {
  const [x, w] = call.inputs;
  const sizes = ints(call.attributes.qkv_hidden_sizes);
  const hidden = sizes?.[2] ?? (w?.dims ? derived(w.dims[1], (all) => all / 3, "third of ") : undefined);
  const known = x!.dims?.length === 3 && hidden !== undefined;
  return firstOutput(call, type, known ? [x!.dims![0], x!.dims![1], hidden] : undefined);
}

/** (a, scale, zero, b, scale, zero, ..): the larger of two shapes. */
const quantizedPair = shaped((a, { inputs: [, , , b] }) => b?.dims && (a.length >= b.dims.length ? a : b.dims));

const contribRules: Readonly<Record<string, Rule>> = {
  ...sharedRule("Gelu BiasGelu FastGelu QuickGelu BiasAdd BiasSoftmax RotaryEmbedding", same),
  ...sharedRule("QLinearSigmoid QLinearSoftmax QLinearLeakyRelu", same),
  ...sharedRule("SkipLayerNormalization SkipSimplifiedLayerNormalization", skipNorm),
  /** Ids [b, n] and a table [words, c] to [b, n, c]. */
  EmbedLayerNormalization: (call) => {
    const [ids, , words] = call.inputs;
    return firstOutput(call, words!.type, ids!.dims && words!.dims && [...ids!.dims, words!.dims[1]]);
  },
  /** transA and transB transpose the last two axes; the rarer transBatchA and transBatchB are not followed. */
  FusedMatMul: ({ inputs: [a, b], attributes: { transA, transB, transBatchA, transBatchB } }) =>
    int(transBatchA, 0) || int(transBatchB, 0) ? { type: a!.type } : matmul([transposed(a, transA), transposed(b, transB)]),
  FusedGemm: gemm,
  FusedConv: conv,
  MatMulIntegerToFloat: ({ inputs: [a, b, scale] }) => matmul([a, b], scale!.type),
  DynamicQuantizeMatMul: ({ inputs }) => matmul(inputs, "float32"),
  ...sharedRule("MatMulNBits MatMulBnb4", packedMatMul),
  Attention: (call) => packedAttention(call, call.inputs[0]!.type),
  QAttention: (call) => packedAttention(call, call.inputs[2]?.type ?? "float32"),
  /** q [b, n, heads·d] with k and v alike or [b, heads, n, d]; or all in q [b, n, heads, 3, d]; or k and v in one [b, n, heads, 2, d]. */
  MultiHeadAttention: (call) => {
    const [q, k, v] = call.inputs;
    const dims = q!.dims;
    const product = (heads: Dim, size: Dim) => derived(heads, (all) => all * Number(size), "heads ");
    if (dims?.length === 5 && !k) return firstOutput(call, q!.type, [dims[0], dims[1], product(dims[2], dims[4])]);
    if (dims?.length !== 3) return firstOutput(call, q!.type);
    const channels = v?.dims?.length === 3 ? v.dims[2] : v?.dims?.length === 4 ? product(v.dims[1], v.dims[3]) : dims[2];
    return firstOutput(call, q!.type, [dims[0], dims[1], channels]);
  },
  ...sharedRule("QLinearAdd QLinearMul", quantizedPair),
  QuantizeLinear: numberRules.QuantizeLinear,
  DequantizeLinear: numberRules.DequantizeLinear,
};

/** Rules of onnxruntime's own operators, which its optimizer and its quantizers write. */
export const microsoftRules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(contribRules).map(([op, rule]) => [`com.microsoft.${op}`, rule]),
);
