/** Attention as exporters write it out (products, softmax, changes of order) into onnxruntime's one operator for it, which is faster. */
import { Float, writeAttributes } from "./attributes.ts";
import { usedPart } from "./builder.ts";
import type { Dim } from "./dims.ts";
import { withoutFunctions } from "./functions.ts";
import { inOrder } from "./order.ts";
import type { ModelProto, NodeProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { shapesOf } from "./shapes-of.ts";
import { makeTensor, tensorData, tensorDims } from "./tensor.ts";

/** What is known of the graph around an attention. */
interface Known {
  readonly makers: ReadonlyMap<string, NodeProto>;
  readonly shapes: ReadonlyMap<string, Shaped>;
  readonly weights: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Float32Array }>;
}

/** Heads [b, heads, n, d] that were cut from tokens [b, n, ..]: from all their channels, or from one third of them. */
interface Heads {
  readonly tokens: string;
  readonly part?: 0 | 1 | 2;
  readonly count: number;
  readonly width: number;
}

/**
 * The model with each attention that is recognized as one MultiHeadAttention of com.microsoft, for images of these dims; how many there were.
 * Masks, dropout and positions within attention are left as they are.
 */
export function fuseAttention(
  file: ModelProto,
  inputs: Readonly<Record<string, readonly Dim[]>>,
): { model: ModelProto; attentions: number } {
  const model = withoutFunctions(file);
  const { graph } = model;
  const nodes = inOrder(graph.node ?? []);
  const known: Known = {
    makers: new Map(nodes.flatMap((node) => (node.output ?? []).map((name) => [name, node] as const))),
    shapes: shapesOf(model, inputs),
    weights: new Map(
      (graph.initializer ?? []).flatMap((tensor) => {
        const data = tensor.dataType === 1 && tensor.dataLocation !== 1 ? tensorData(tensor) : undefined;
        return data instanceof Float32Array ? [[tensor.name ?? "", { dims: tensorDims(tensor), data }] as const] : [];
      }),
    ),
  };
  const initializer = [...(graph.initializer ?? [])];
  const fused = new Map<NodeProto, NodeProto[]>();
  for (const node of nodes) {
    const found = node.opType === "Reshape" ? readAttention(node, known) : undefined;
    if (!found) continue;
    const { q, k, v, scale } = found;
    const [name] = node.output!;
    const before: NodeProto[] = [];
    const input = [q, k, v].map((heads, i) => tokensOf(heads, `${name}/${"qkv"[i]}`, known, before, initializer));
    const attribute = writeAttributes({ num_heads: q.count, scale: new Float(scale) });
    const one = {
      opType: "MultiHeadAttention",
      domain: contrib,
      name: `${name}/MultiHeadAttention`,
      input,
      output: [name],
      attribute,
    };
    fused.set(node, [...before, one]);
  }
  if (fused.size === 0) return { model, attentions: 0 };
  const whole = usedPart({ ...graph, initializer, node: nodes.flatMap((node) => fused.get(node) ?? [node]) });
  const others = model.opsetImport.filter(({ domain }) => domain !== contrib);
  return { model: { ...model, graph: whole, opsetImport: [...others, { domain: contrib, version: 1 }] }, attentions: fused.size };
}

const contrib = "com.microsoft";

/** softmax(scale·q·kᵀ)·v, its heads put side by side again by this last Reshape to [b, n, heads·d]. */
function readAttention(last: NodeProto, known: Known): { q: Heads; k: Heads; v: Heads; scale: number } | undefined {
  const joined = maker(last.input?.[0], "Transpose", known);
  const product = joined && permutes(joined, [0, 2, 1, 3]) && maker(joined.input![0], "MatMul", known);
  const softmax = product && maker(product.input![0], "Softmax", known);
  const v = product && headsOf(product.input![1], known);
  if (!softmax || !v || !overLast(softmax, known)) return undefined;
  const scores = withoutScale(softmax.input![0], known);
  const inner = maker(scores.name, "MatMul", known);
  if (!inner) return undefined;
  const [left, right] = inner.input!.map((name) => withoutScale(name, known));
  const q = headsOf(left.name, known);
  const keys = keysOf(right.name, known);
  const alike = (heads: Heads | undefined) => heads?.count === q?.count && heads?.width === q?.width;
  const width = dimsOf(last.output![0], known)?.at(-1);
  if (!q || !keys || !alike(keys.heads) || !alike(v) || width !== q.count * q.width) return undefined;
  return { q, k: keys.heads, v, scale: scores.factor * left.factor * right.factor * keys.factor };
}

/** kᵀ [b, heads, d, n]: of heads whose last two axes change places, or turned in one with the cutting. */
function keysOf(name: string, known: Known): { heads: Heads; factor: number } | undefined {
  const node = maker(name, "Transpose", known);
  if (!node) return keysInRows(name, known);
  if (permutes(node, [0, 2, 3, 1])) {
    const heads = cutHeads(node.input![0], known);
    return heads && { heads, factor: 1 };
  }
  if (!permutes(node, [0, 1, 3, 2])) return undefined;
  const { name: scaled, factor } = withoutScale(node.input![0], known);
  const heads = headsOf(scaled, known);
  return heads && { heads, factor };
}

/** Turned as [b·heads, n, d], as torch's newer exporter has it. */
function keysInRows(name: string, known: Known): { heads: Heads; factor: number } | undefined {
  const cut = maker(name, "Reshape", known);
  const turned = cut && maker(cut.input![0], "Transpose", known);
  const rows = turned && permutes(turned, [0, 2, 1]) && maker(turned.input![0], "Reshape", known);
  const heads = rows && headsOf(rows.input![0], known);
  const [from, to] = [rows && dimsOf(rows.input![0], known), dimsOf(name, known)];
  const same = to?.length === 4 && String([to[0], to[1], to[3], to[2]]) === String(from);
  return heads && same ? { heads, factor: 1 } : undefined;
}

/** The tokens that heads [b, heads, n, d] were cut from. */
function headsOf(name: string, known: Known): Heads | undefined {
  const turned = maker(name, "Transpose", known);
  if (turned && permutes(turned, [0, 2, 1, 3])) return cutHeads(turned.input![0], known);
  return thirdOf(name, known);
}

/** [b, n, heads, d] of [b, n, heads·d]. */
function cutHeads(name: string, known: Known): Heads | undefined {
  const node = maker(name, "Reshape", known);
  const [to, from] = [dimsOf(name, known), node && dimsOf(node.input![0], known)];
  if (to?.length !== 4 || from?.length !== 3 || String(to.slice(0, 2)) !== String(from.slice(0, 2))) return undefined;
  const [count, width] = to.slice(2) as number[];
  return from[2] === count * width ? { tokens: node!.input![0], count, width } : undefined;
}

/** One of [3, b, heads, n, d] of [b, n, 3, heads, d] of [b, n, 3·heads·d], as timm has it. */
function thirdOf(name: string, known: Known): Heads | undefined {
  const { source, part } = takenFrom(name, known) ?? {};
  const turned = source === undefined ? undefined : maker(source, "Transpose", known);
  const node = turned && permutes(turned, [2, 0, 3, 1, 4]) && maker(turned.input![0], "Reshape", known);
  if (!node) return undefined;
  const [to, from] = [dimsOf(turned.input![0], known), dimsOf(node.input![0], known)];
  if (to?.length !== 5 || to[2] !== 3 || from?.length !== 3 || String(to.slice(0, 2)) !== String(from.slice(0, 2)))
    return undefined;
  const [count, width] = to.slice(3) as number[];
  if (part !== 0 && part !== 1 && part !== 2) return undefined;
  return { tokens: node.input![0], part, count, width };
}

/** Which of the first axis's parts a Gather, or a Squeeze of a Split, takes. */
function takenFrom(name: string, known: Known): { source: string; part: number } | undefined {
  const node = known.makers.get(name);
  if (node?.opType === "Gather" && !numbers(node, "axis")?.some((axis) => axis !== 0)) {
    const { ints, dims } = known.shapes.get(node.input![1]) ?? {};
    return dims?.length === 0 && typeof ints?.[0] === "number" ? { source: node.input![0], part: ints[0] } : undefined;
  }
  const split = node?.opType === "Squeeze" ? maker(node.input![0], "Split", known) : undefined;
  if (!split || numbers(split, "axis")?.some((axis) => axis !== 0) || split.output!.length !== 3) return undefined;
  return { source: split.input![0], part: split.output!.indexOf(node!.input![0]) };
}

/** x of x · factor or x / factor, as often as that stands there. */
function withoutScale(name: string, known: Known): { name: string; factor: number } {
  const node = known.makers.get(name);
  if (node?.opType !== "Mul" && node?.opType !== "Div") return { name, factor: 1 };
  const [a, b] = node.input!;
  const [left, right] = [scalarOf(a, known), scalarOf(b, known)];
  if (right !== undefined) {
    const inner = withoutScale(a, known);
    return { name: inner.name, factor: node.opType === "Mul" ? inner.factor * right : inner.factor / right };
  }
  if (left === undefined || node.opType === "Div") return { name, factor: 1 };
  const inner = withoutScale(b, known);
  return { name: inner.name, factor: inner.factor * left };
}

function scalarOf(name: string, known: Known): number | undefined {
  const { ints, dims } = known.shapes.get(name) ?? {};
  return dims?.every((dim) => dim === 1) && typeof ints?.[0] === "number" ? ints[0] : undefined;
}

/** The tokens that the operator reads: as they are, or of a layer for all three a third of its own. */
function tokensOf(
  { tokens, part, count, width }: Heads,
  name: string,
  known: Known,
  before: NodeProto[],
  initializer: NonNullable<ModelProto["graph"]["initializer"]>,
): string {
  if (part === undefined) return tokens;
  const channels = count * width;
  const layer = readLayer(tokens, known);
  if (layer) {
    const columns = (data: Float32Array) => data.filter((_, i) => Math.floor((i % (3 * channels)) / channels) === part);
    const constant = (dims: number[], data: Float32Array, what: string) => {
      initializer.push(makeTensor(`${name}.${what}`, "float32", dims, columns(data)));
      return `${name}.${what}`;
    };
    const weight = constant([layer.weight.dims[0], channels], layer.weight.data, "weight");
    before.push({ opType: "MatMul", name: `${name}/MatMul`, input: [layer.input, weight], output: [`${name}/product`] });
    if (!layer.bias) return `${name}/product`;
    const bias = constant([channels], layer.bias.data, "bias");
    before.push({ opType: "Add", name: `${name}/Add`, input: [`${name}/product`, bias], output: [name] });
    return name;
  }
  const places = [part * channels, (part + 1) * channels, 2].map((value, i) => {
    const tensor = makeTensor(`${name}.${i}`, "int64", [1], BigInt64Array.of(BigInt(value)));
    initializer.push(tensor);
    return tensor.name!;
  });
  before.push({ opType: "Slice", name: `${name}/Slice`, input: [tokens, ...places], output: [name] });
  return name;
}

/** A product with a constant matrix, and a constant added. */
function readLayer(name: string, { makers, weights }: Known) {
  const add = makers.get(name);
  const biasName = add?.opType === "Add" ? add.input!.find((each) => weights.has(each)) : undefined;
  const product = biasName === undefined ? add : makers.get(add!.input!.find((each) => each !== biasName)!);
  const weight = product?.opType === "MatMul" ? weights.get(product.input![1]) : undefined;
  const bias = biasName === undefined ? undefined : weights.get(biasName);
  if (!weight || (bias && bias.data.length !== weight.dims[1])) return undefined;
  return { input: product!.input![0], weight, bias };
}

function maker(name: string | undefined, op: string, { makers }: Known): NodeProto | undefined {
  const node = makers.get(name ?? "");
  return node?.opType === op && !node.domain ? node : undefined;
}

const dimsOf = (name: string, { shapes }: Known): readonly Dim[] | undefined => shapes.get(name)?.dims;

function numbers(node: NodeProto, name: string): number[] | undefined {
  const attribute = node.attribute?.find((each) => each.name === name);
  return attribute && (attribute.ints ?? [attribute.i ?? 0]).map(Number);
}

const permutes = (node: NodeProto, order: readonly number[]): boolean => String(numbers(node, "perm")) === String(order);

function overLast(softmax: NodeProto, known: Known): boolean {
  const rank = dimsOf(softmax.output![0], known)?.length ?? 0;
  const [axis] = numbers(softmax, "axis") ?? [-1];
  return axis === -1 || axis === rank - 1;
}
