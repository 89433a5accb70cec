/** Shapes of operators with weights and of attention: products, convolutions, pools, norms. */
import { broadcast, type Dim, derived, shapeText } from "./dims.ts";
import { type Call, int, ints, Mismatch, type Rule, type Shaped } from "./rule.ts";

/** [.., n, k] x [.., k, m]; a vector counts as one row on the left, one column on the right. */
export function matmul({ inputs: [a, b] }: Call, type = a!.type): Shaped[] {
  if (!a?.dims || !b?.dims) return [{ type }];
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  const [inner, other] = [left.at(-1), right.at(-2)];
  if (typeof inner === "number" && typeof other === "number" && inner !== other)
    throw new Mismatch(`${inner} columns meet ${other} rows`);
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2));
  if (!batch) throw new Mismatch("their leading sizes do not broadcast");
  const ends = [...(a.dims.length === 1 ? [] : [left.at(-2)!]), ...(b.dims.length === 1 ? [] : [right.at(-1)!])];
  return [{ type, dims: [...batch, ...ends] }];
}

export function gemm({ inputs: [a, b], attributes }: Call): Shaped[] {
  if (!a?.dims || !b?.dims) return [{ type: a!.type }];
  const left = int(attributes.transA, 0) ? [...a.dims].reverse() : a.dims;
  const right = int(attributes.transB, 0) ? [...b.dims].reverse() : b.dims;
  if (typeof left[1] === "number" && typeof right[0] === "number" && left[1] !== right[0])
    throw new Mismatch(`${left[1]} columns meet ${right[0]} rows`);
  return [{ type: a.type, dims: [left[0], right[1]] }];
}

/** [b, c, ..] with a window of `kernel`: the specification's formula, floor or ceil. */
function windowed(x: readonly Dim[], channels: Dim, kernel: readonly Dim[], { attributes }: Call): Dim[] {
  const spatial = x.length - 2;
  const strides = ints(attributes.strides) ?? Array<number>(spatial).fill(1);
  const dilations = ints(attributes.dilations) ?? Array<number>(spatial).fill(1);
  const pads = ints(attributes.pads) ?? Array<number>(2 * spatial).fill(0);
  const auto = attributes.auto_pad ?? "NOTSET";
  const round = int(attributes.ceil_mode, 0) ? Math.ceil : Math.floor;
  const sides = x.slice(2).map((side, i) => {
    const size = kernel[i];
    if (typeof size !== "number") return `window(${side})`;
    return derived(
      side,
      (all) => {
        if (auto === "SAME_UPPER" || auto === "SAME_LOWER") return Math.ceil(all / strides[i]);
        return round((all + pads[i] + pads[spatial + i] - dilations[i] * (size - 1) - 1) / strides[i]) + 1;
      },
      `window ${size}/${strides[i]} of `,
    );
  });
  return [x[0], channels, ...sides];
}

export function conv(call: Call): Shaped[] {
  const [x, w] = call.inputs;
  if (!x?.dims || !w?.dims) return [{ type: x!.type }];
  const group = int(call.attributes.group, 1);
  const [given, taken] = [x.dims[1], w.dims[1]];
  if (typeof given === "number" && typeof taken === "number" && given !== taken * group)
    throw new Mismatch(`${given} channels meet weights for ${taken * group}`);
  return [{ type: x.type, dims: windowed(x.dims, w.dims[0], ints(call.attributes.kernel_shape) ?? w.dims.slice(2), call) }];
}

/** The specification's formula of output sizes; `output_shape` and `auto_pad` are not followed. */
function convTranspose({ inputs: [x, w], attributes }: Call): Shaped[] {
  const { output_shape: wanted, auto_pad: auto = "NOTSET" } = attributes;
  if (!x?.dims || !w?.dims || wanted || auto !== "NOTSET") return [{ type: x!.type }];
  const spatial = x.dims.length - 2;
  const list = (name: string, otherwise: number, length = spatial) =>
    ints(attributes[name]) ?? Array<number>(length).fill(otherwise);
  const [strides, dilations, pads] = [list("strides", 1), list("dilations", 1), list("pads", 0, 2 * spatial)];
  const [kernel, more] = [ints(attributes.kernel_shape) ?? w.dims.slice(2), list("output_padding", 0)];
  const channels = derived(w.dims[1], (all) => all * int(attributes.group, 1), "groups of ");
  const sides = x.dims.slice(2).map((side, i) => {
    const rest = more[i] + (Number(kernel[i]) - 1) * dilations[i] + 1 - pads[i] - pads[spatial + i];
    return derived(side, (all) => strides[i] * (all - 1) + rest, "spread ");
  });
  return [{ type: x.type, dims: [x.dims[0], channels, ...sides] }];
}

/** The sizes of an Einsum's letters; undefined where an ellipsis or a missing shape hides some. */
export function einsumSizes({ inputs, attributes }: Pick<Call, "inputs" | "attributes">): Map<string, Dim> | undefined {
  const [left] = String(attributes.equation).replaceAll(" ", "").split("->");
  const sizes = new Map<string, Dim>();
  for (const [i, letters] of left.split(",").entries()) {
    const dims = inputs[i]?.dims;
    if (!dims || dims.length !== letters.length || letters.includes(".")) return undefined;
    [...letters].forEach((letter, axis) => {
      if (sizes.get(letter) === undefined || sizes.get(letter) === 1) sizes.set(letter, dims[axis]);
    });
  }
  return sizes;
}

function einsum({ inputs, attributes }: Call): Shaped[] {
  const sizes = einsumSizes({ inputs, attributes });
  const [left, right] = String(attributes.equation).replaceAll(" ", "").split("->");
  const once = [...new Set(left.replaceAll(",", ""))].filter((letter) => left.split(letter).length === 2).sort();
  const letters = right === undefined ? once : [...right];
  return [{ type: inputs[0]!.type, ...(sizes && { dims: letters.map((letter) => sizes.get(letter)!) }) }];
}

function pool(call: Call): Shaped[] {
  const [x] = call.inputs;
  return Array.from({ length: call.outputs }, () => ({
    type: x!.type,
    ...(x!.dims && { dims: windowed(x!.dims, x!.dims[1], ints(call.attributes.kernel_shape)!, call) }),
  }));
}

const globalPool: Rule = ({ inputs: [x] }) => [
  { type: x!.type, ...(x!.dims && { dims: x!.dims.map((dim, axis) => (axis < 2 ? dim : 1)) }) },
];

/** Outputs beyond the first are statistics. */
function norm({ inputs: [x, scale], outputs }: Call): Shaped[] {
  const [last, size] = [x!.dims?.at(-1), scale?.dims?.at(-1)];
  if (typeof last === "number" && typeof size === "number" && size !== last && size !== 1)
    throw new Mismatch(`${last} channels meet a scale of ${shapeText(scale!.dims!)}`);
  return Array.from({ length: outputs }, (_, i) => ({ type: x!.type, ...(i === 0 && { dims: x!.dims }) }));
}

/** ONNX's Attention: [b, heads, n, d], or [b, n, heads·d] with the head counts as attributes. */
function attention({ inputs: [q, k, v], attributes, outputs }: Call): Shaped[] {
  const rest = Array.from({ length: outputs - 1 }, () => ({ type: q!.type }));
  if (!q?.dims || !v?.dims) return [{ type: q!.type }, ...rest];
  const [dq, dk] = [q.dims.at(-1), k?.dims?.at(-1)];
  if (q.dims.length === 4) {
    if (typeof dq === "number" && typeof dk === "number" && dq !== dk) throw new Mismatch(`queries of ${dq} meet keys of ${dk}`);
    return [{ type: q.type, dims: [...q.dims.slice(0, 3), v.dims[3]] }, ...rest];
  }
  const [heads, keyHeads] = [int(attributes.q_num_heads, 1), int(attributes.kv_num_heads, 1)];
  const width = derived(v.dims[2], (all) => (all / keyHeads) * heads, "heads of ");
  return [{ type: q.type, dims: [q.dims[0], q.dims[1], width] }, ...rest];
}

export const layerRules: Readonly<Record<string, Rule>> = {
  MatMul: (call) => matmul(call),
  MatMulInteger: (call) => matmul(call, "int32"),
  Gemm: gemm,
  Conv: conv,
  ConvInteger: (call) => conv(call).map((result) => ({ ...result, type: "int32" })),
  ConvTranspose: convTranspose,
  Einsum: einsum,
  QLinearConv: ({ inputs: [x, , , w], ...call }) => conv({ ...call, inputs: [x, w] }),
  QLinearMatMul: ({ inputs: [a, , , b], ...call }) => matmul({ ...call, inputs: [a, b] }),
  RotaryEmbedding: ({ inputs: [x] }) => [{ type: x!.type, dims: x!.dims }],
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  LayerNormalization: norm,
  RMSNormalization: norm,
  SimplifiedLayerNormalization: norm, // onnxruntime's, in ONNX's domain
  BatchNormalization: ({ inputs: [x] }) => [{ type: x!.type, dims: x!.dims }],
  Attention: attention,
};
