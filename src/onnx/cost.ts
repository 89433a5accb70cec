/** Counts the multiply-adds of one run of a model: products, convolutions and attention, from their inputs' shapes. */
import { type Attributes, readAttributes } from "./attributes.ts";
import type { Dim } from "./dims.ts";
import { isKnown, operatorName } from "./infer.ts";
import { einsumSizes } from "./infer-layers.ts";
import type { ModelProto } from "./proto.ts";
import { int, ints, type Shaped } from "./rule.ts";
import { lostAt, type Step, shapesOf } from "./shapes-of.ts";
import { count } from "./tensor.ts";

/** A property of a model. */
export interface Found<T> {
  /** Undefined when it is not known. */
  readonly value?: T;
  /** The source of the value, or the reason why it is not known, in words. */
  readonly from: string;
}

/** Counts one run on inputs of these shapes; without a value where an operator is not known or a shape does not follow. */
export function multiplyAdds(model: ModelProto, inputs: Readonly<Record<string, readonly Dim[]>>): Found<number> {
  let sum = 0;
  let lost: string | undefined;
  let why: string | undefined;
  shapesOf(model, inputs, (step) => {
    lost ??= lostAt(step);
    const op = operatorName(step.node.domain, step.node.opType);
    const each = costs[op]?.(step, readAttributes(step.node)) ?? 0;
    if (!isKnown(op)) why ??= `the operator ${op} is not known here`;
    else if (Number.isNaN(each)) why ??= lost ?? `the shapes around ${op} ${step.node.name ?? ""} do not follow from the graph`;
    else if (each > 0 && step.times === undefined) why ??= `how often ${op} ${step.node.name ?? ""} runs depends on values`;
    else sum += each * (step.times ?? 0);
  });
  return why ? { from: why } : { value: sum, from: "the shapes of all products, convolutions and attentions for one image" };
}

/** Multiply-adds of one operator; NaN where shapes are not known. */
type Cost = (step: Pick<Step, "given" | "results">, attributes: Attributes) => number;

const elements = (dims: readonly Dim[] | undefined): number =>
  dims?.every((dim) => typeof dim === "number") ? count(dims as number[]) : Number.NaN;
const size = (x: Shaped | undefined, axis: number): number => Number(x?.dims?.at(axis) ?? Number.NaN);

const product: Cost = ({ given: [a], results: [y] }, { transA }) => elements(y?.dims) * size(a, int(transA, 0) ? -2 : -1);
const gemm: Cost = ({ given: [a], results: [y] }, { transA }) => elements(y?.dims) * size(a, int(transA, 0) ? 0 : 1);
const packed: Cost = ({ results: [y] }, { K }) => elements(y?.dims) * Number(K);
const conv: Cost = ({ given: [, w], results: [y] }) => elements(y?.dims) * elements(w?.dims?.slice(1));

/** q·kᵀ, then times v: [b, heads, n, d] or [b, n, heads·d]. */
const attention: Cost = ({ given: [q, k, v], results: [y] }) => {
  const axis = q?.dims?.length === 4 ? 2 : 1;
  return elements(q?.dims) * size(k, axis) + elements(y?.dims) * size(v, axis);
};

/** com.microsoft's: all of q, k and v in one, or k and v in one, or k and v with the heads in front. */
const multiHead: Cost = ({ given: [q, k], results: [y] }) => {
  if (!k) return 2 * elements(y?.dims) * size(q, 1);
  return (elements(q?.dims) + elements(y?.dims)) * size(k, k.dims?.length === 4 ? 2 : 1);
};

/** The projection to q, k and v, then attention. */
const projected: Cost = ({ given: [x, w], results: [y] }, { qkv_hidden_sizes: sizes }) => {
  const queries = ints(sizes)?.[0] ?? size(w, 1) / 3;
  const [rows, tokens] = [size(x, 0) * size(x, 1), size(x, 1)];
  return rows * elements(w?.dims) + rows * tokens * (queries + size(y, 2));
};

const costs: Readonly<Record<string, Cost>> = {
  ...Object.fromEntries(["MatMul", "MatMulInteger", "QLinearMatMul"].map((op) => [op, product])),
  ...microsoft(["FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"], product),
  ...microsoft(["MatMulNBits", "MatMulBnb4"], packed),
  ...microsoft(["Attention", "QAttention"], projected),
  ...microsoft(["MultiHeadAttention"], multiHead),
  ...microsoft(["FusedGemm"], gemm),
  ...microsoft(["FusedConv"], conv),
  Gemm: gemm,
  Conv: conv,
  ConvInteger: conv,
  QLinearConv: ({ given: [, , , w], results }) => conv({ given: [undefined, w], results }, {}),
  ConvTranspose: ({ given: [x, w] }) => elements(x?.dims) * elements(w?.dims?.slice(1)),
  Einsum: ({ given }, attributes) => elements([...(einsumSizes({ inputs: given, attributes })?.values() ?? ["?"])]),
  Attention: attention,
};

function microsoft(operators: readonly string[], cost: Cost): Record<string, Cost> {
  return Object.fromEntries(operators.map((op) => [`com.microsoft.${op}`, cost]));
}
