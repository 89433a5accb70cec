/** Rewrites long sums for a graphics card, which adds thousands of numbers at once but few one after the other. */
import {
  constant,
  type Graph,
  MatMul,
  ReduceMean,
  ReduceSum,
  Reshape,
  readAttributes,
  type ShapedValue,
  Transpose,
} from "../onnx/index.ts";
import { axisOf, count, sizes } from "./rule.ts";

/** Sums of fewer numbers stay as they are. */
const long = 512;
/** Tiles of a product on the card, 32 by 32 numbers, below which it is not busy. */
const busy = 1024;
/** Numbers that are added one after the other, about. */
const short = 256;

/**
 * Replaces in the graph sums over all numbers (by sums over the last axis and then over the rest), sums over leading axes (by products with
 * ones) and products of long columns, as the gradients of weights are (by products of parts, which are then summed). The results differ by
 * rounding alone.
 */
export function spreadSums(graph: Graph): void {
  const nodes = graph.nodes.splice(0);
  for (const node of nodes) {
    const inputs = (node.input ?? []).map((name) => graph.values.get(name) as ShapedValue);
    const attributes = readAttributes(node);
    const start = graph.nodes.length;
    const made =
      node.opType === "Gemm"
        ? spreadProduct(inputs, attributes)
        : node.opType === "ReduceSum" || node.opType === "ReduceMean"
          ? spreadSum(node.opType, inputs, attributes)
          : undefined;
    if (made) graph.nodes.at(-1)!.output = node.output;
    else {
      graph.nodes.length = start;
      graph.nodes.push(node);
    }
  }
  foldReshapes(graph);
}

/** Lets a Reshape of a Reshape read the first one's input; those that nothing reads then are left out by `finishGraph`. */
function foldReshapes(graph: Graph): void {
  const sources = new Map<string, string>();
  for (const { opType, input, output } of graph.nodes) {
    // A size of 0 is that of the input.
    if (opType !== "Reshape" || !graph.values.get(input![1])?.ints?.every((size) => size !== 0)) continue;
    input![0] = sources.get(input![0]) ?? input![0];
    sources.set(output![0], input![0]);
  }
}

type Attributes = ReturnType<typeof readAttributes>;

const ones = (graph: Graph, length: number): ShapedValue =>
  constant(graph, "float32", [1, length], new Float32Array(length).fill(1));

/** Returns the divisor of `length` that is nearest to `wanted`, and fits `also`. */
function divisor(length: number, wanted: number, also: (found: number) => boolean = () => true): number {
  let best = 1;
  for (let each = 1; each <= length; each++) {
    if (length % each === 0 && also(each) && Math.abs(Math.log(each / wanted)) < Math.abs(Math.log(best / wanted))) best = each;
  }
  return best;
}

/** aᵀ·b of long columns, a [k, m] and b [k, n]. */
function spreadProduct([a, b, c]: readonly ShapedValue[], { transA, transB, alpha }: Attributes): ShapedValue | undefined {
  if (c || Number(transA ?? 0) !== 1 || Number(transB ?? 0) !== 0 || Number(alpha ?? 1) !== 1) return undefined;
  const [[k, m], [, n]] = [sizes(a), sizes(b)];
  const tiles = Math.ceil(m / 32) * Math.ceil(n / 32);
  if (k < 2 * long || tiles >= busy) return undefined;
  // The card reads four numbers at once where the length of a part allows it.
  const parts = divisor(k, Math.min(busy / tiles, k / short), (each) => (k / each) % 4 === 0 || k % 4 !== 0);
  if (parts === 1) return undefined;
  const cut = (x: ShapedValue) => Reshape(x, [parts, k / parts, sizes(x)[1]]);
  const products = MatMul(Transpose(cut(a), [0, 2, 1]), cut(b));
  return Reshape(MatMul(ones(a.graph, parts), Reshape(products, [parts, m * n])), [m, n]);
}

function spreadSum(
  op: "ReduceSum" | "ReduceMean",
  [x, axesInput]: readonly ShapedValue[],
  { keepdims }: Attributes,
): ShapedValue | undefined {
  if (x.type !== "float32") return undefined;
  const dims = sizes(x);
  const axes = (axesInput?.ints?.map(Number) ?? dims.map((_, axis) => axis)).map((axis) => axisOf(axis, x));
  const summed = axes.reduce((product, axis) => product * dims[axis], 1);
  if (summed < long) return undefined;
  const kept = Number(keepdims ?? 1) === 1;
  const result = dims.flatMap((size, axis) => (axes.includes(axis) ? (kept ? [1] : []) : [size]));
  if (axes.length === dims.length) return sumOfAll(op, x, result);
  if (op === "ReduceMean" || !axes.every((_, axis) => axes.includes(axis))) return undefined;
  const rest = count(x) / summed;
  const each = divisor(summed, short);
  const partial = MatMul(ones(x.graph, each), Reshape(x, [summed / each, each, rest]));
  const sum = each === summed ? partial : MatMul(ones(x.graph, summed / each), Reshape(partial, [summed / each, rest]));
  return Reshape(sum, result);
}

/** Sums the last axis, or parts of a vector, and then the rest. */
function sumOfAll(op: "ReduceSum" | "ReduceMean", x: ShapedValue, result: number[]): ShapedValue | undefined {
  const reduce = op === "ReduceSum" ? ReduceSum : ReduceMean;
  const length = count(x);
  const each = divisor(length, Math.sqrt(length));
  if (each === 1) return undefined;
  return Reshape(reduce(reduce(Reshape(x, [length / each, each]), [1]), [0, 1]), result);
}
