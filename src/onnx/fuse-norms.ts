/** Recognizes layer norms that an exporter wrote out in elementary operators, and puts one operator in their place. */
import { Float, readAttributes, writeAttributes } from "./attributes.ts";
import type { GraphProto, NodeProto, TensorProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { elementTypes, tensorData, tensorDims } from "./tensor.ts";

/**
 * The graph with `(x - mean) / sqrt(mean((x - mean)²) + epsilon) * scale + bias` over the last axis as LayerNormalization, which computes
 * means and variances in float32 whatever its inputs are. onnxruntime recognizes the same, but where x is cast before, it mixes types and
 * refuses the graph from operator set 17 on. Below 17 the operator is onnxruntime's own, in ONNX's domain.
 */
export function fuseNorms(graph: GraphProto, shapes: ReadonlyMap<string, Shaped>): GraphProto {
  const makers = new Map((graph.node ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
  const constants = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? "", tensor]));
  const lookup: Lookup = { makers, constants, shapes };
  return { ...graph, node: (graph.node ?? []).map((node) => fused(node, lookup) ?? node) };
}

interface Lookup {
  readonly makers: ReadonlyMap<string, NodeProto>;
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly shapes: ReadonlyMap<string, Shaped>;
}

/** The norm that ends with this node, the addition of the bias. */
function fused(node: NodeProto, lookup: Lookup): NodeProto | undefined {
  const shifted = withConstant(node, "Add", lookup);
  const scaled = shifted && withConstant(lookup.makers.get(shifted.value), "Mul", lookup);
  const [centered, deviation] = (scaled && inputsOf(lookup.makers.get(scaled.value), "Div")) ?? [];
  const [variance] = inputsOf(lookup.makers.get(deviation ?? ""), "Sqrt") ?? [];
  const steadied = withConstant(lookup.makers.get(variance ?? ""), "Add", lookup);
  const square = steadied && lookup.makers.get(meanOf(steadied.value, lookup) ?? "");
  const x = meanFree(centered, lookup);
  if (!shifted || !scaled || !steadied || x === undefined || meanFree(squared(square, lookup), lookup) !== x) return undefined;
  const [scale, bias] = [scaled.constant, shifted.constant];
  if (tensorDims(scale).length !== 1 || String(tensorDims(scale)) !== String(tensorDims(bias))) return undefined;
  const epsilon = numberOf(steadied.constant);
  if (epsilon === undefined) return undefined;
  return {
    ...{ opType: "LayerNormalization", name: node.name, input: [x, scale.name!, bias.name!], output: node.output },
    attribute: writeAttributes({ axis: -1, epsilon: new Float(epsilon) }),
  };
}

const inputsOf = (node: NodeProto | undefined, op: string): string[] | undefined =>
  node?.opType === op && !node.domain ? node.input : undefined;

/** The two inputs of an operator whose order does not matter, one of them a float32 constant. */
function withConstant(node: NodeProto | undefined, op: string, { constants }: Lookup) {
  const [a = "", b = ""] = inputsOf(node, op) ?? [];
  const [value, constant] = constants.has(b) ? [a, constants.get(b)] : [b, constants.get(a)];
  return value && constant && Number(constant.dataType) === elementTypes.float32 ? { value, constant } : undefined;
}

/** The value whose mean over the last axis this is. */
function meanOf(name: string, { makers, constants, shapes }: Lookup): string | undefined {
  const node = makers.get(name);
  const [x = "", axesInput = ""] = inputsOf(node, "ReduceMean") ?? [];
  if (!node || !x) return undefined;
  const { axes: given, keepdims = 1 } = readAttributes(node);
  const tensor = constants.get(axesInput);
  const axes = (given as number[] | undefined) ?? (tensor && Array.from(tensorData(tensor) as BigInt64Array, Number));
  const last = (shapes.get(x)?.dims?.length ?? 0) - 1;
  return Number(keepdims) === 1 && axes?.length === 1 && (axes[0] === -1 || axes[0] === last) ? x : undefined;
}

/** The value whose mean was subtracted. */
function meanFree(name: string | undefined, lookup: Lookup): string | undefined {
  const [x, mean = ""] = inputsOf(lookup.makers.get(name ?? ""), "Sub") ?? [];
  return x !== undefined && meanOf(mean, lookup) === x ? x : undefined;
}

/** The value whose square a node gives. */
function squared(node: NodeProto | undefined, { constants }: Lookup): string | undefined {
  const [x, y] = inputsOf(node, "Pow") ?? inputsOf(node, "Mul") ?? [];
  const power = node?.opType === "Pow" ? constants.get(y ?? "") : undefined;
  return (power && numberOf(power) === 2) || (node?.opType === "Mul" && x === y) ? x : undefined;
}

function numberOf(tensor: TensorProto): number | undefined {
  return tensorDims(tensor).every((size) => size === 1) ? Number(tensorData(tensor)[0]) : undefined;
}
