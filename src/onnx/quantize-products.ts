/** Finds a graph's products with constant matrices and writes them in 8 bits. */
import { readAttributes, writeAttributes } from "./attributes.ts";
import type { ModelProto, NodeProto, TensorProto } from "./proto.ts";
import { makeTensor, tensorData, tensorDims } from "./tensor.ts";

/** The number of 8-bit tensors that hold a product's activations; 0 leaves them in float32. */
export type Terms = 0 | 1 | 2;

/** A product with a constant matrix [k, n]: MatMul, or Gemm without factors. */
export interface Product {
  readonly node: NodeProto;
  readonly weight: TensorProto;
  readonly k: number;
  readonly n: number;
  readonly transposed: boolean;
  readonly bias?: string;
  /** True when its result is an output of the graph. */
  readonly last: boolean;
}

/** Smaller weights are not quantized. */
const smallest = 4096;

export function findProducts({ graph }: ModelProto): Product[] {
  const weights = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? "", tensor]));
  const outputs = new Set((graph.output ?? []).map(({ name }) => name));
  return (graph.node ?? []).flatMap((node) => {
    const weight = weights.get(node.input?.[1] ?? "");
    const dims = weight && tensorDims(weight);
    if (!weight || dims?.length !== 2 || Number(weight.dataType) !== 1 || dims[0] * dims[1] < smallest) return [];
    const { transA, transB, alpha, beta } = readAttributes(node);
    const plain = node.opType === "Gemm" && !transA && (alpha ?? 1) === 1 && (beta ?? 1) === 1;
    if (node.opType !== "MatMul" && !plain) return [];
    const transposed = node.opType === "Gemm" && Boolean(transB);
    const [k, n] = transposed ? [dims[1], dims[0]] : dims;
    return [{ node, weight, k, n, transposed, bias: node.input?.[2], last: outputs.has(node.output![0]) }];
  });
}

/** Quantizes the model's products; returns each weight's rounding error too. */
export function quantizeProducts(model: ModelProto, products: readonly Product[], terms: readonly Terms[], bits: number) {
  const added = new Map<string, TensorProto>();
  const weightErrors: number[] = [];
  const nodes = new Map<NodeProto, NodeProto[]>();
  for (const [i, product] of products.entries()) {
    const { quantized, scale, error } = quantizeWeight(product, bits);
    added.set(quantized.name!, quantized).set(scale.name!, scale);
    weightErrors.push(error);
    nodes.set(product.node, nodesOf(product, quantized.name!, scale.name!, terms[i]));
  }
  const node = (model.graph.node ?? []).flatMap((each) => nodes.get(each) ?? [each]);
  const read = new Set(node.flatMap(({ input }) => input ?? []));
  const replaced = new Set(products.map(({ weight }) => weight.name));
  const kept = (model.graph.initializer ?? []).filter(({ name }) => read.has(name ?? "") || !replaced.has(name));
  return { model: { ...model, graph: { ...model.graph, node, initializer: [...kept, ...added.values()] } }, weightErrors };
}

/** Quantizes symmetrically with one scale per column: the largest weight becomes 127 (63 in 7 bits). */
function quantizeWeight({ weight, k, n, transposed }: Product, bits: number) {
  const data = tensorData(weight) as Float32Array;
  const [rowStep, colStep] = transposed ? [1, k] : [n, 1];
  const most = 2 ** (bits - 1) - 1;
  const scales = new Float32Array(n);
  const values = new Int8Array(k * n);
  let [errors, squares] = [0, 0];
  for (let col = 0; col < n; col++) {
    let largest = 1e-8;
    for (let row = 0; row < k; row++) largest = Math.max(largest, Math.abs(data[row * rowStep + col * colStep]));
    const scale = (scales[col] = Math.fround(largest / most));
    for (let row = 0; row < k; row++) {
      const value = data[row * rowStep + col * colStep];
      const rounded = Math.max(-most, Math.min(most, Math.round(value / scale)));
      values[row * n + col] = rounded;
      errors += (rounded * scale - value) ** 2;
      squares += value ** 2;
    }
  }
  const name = weight.name ?? "weight";
  return {
    quantized: makeTensor(`${name}/int8`, "int8", [k, n], values),
    scale: makeTensor(`${name}/scale`, "float32", [n], scales),
    error: Math.sqrt(errors / Math.max(squares, 1e-30)),
  };
}

/** The nodes that compute the product under its old name. onnxruntime fuses each term into one operator. */
function nodesOf({ node, bias }: Product, weight: string, scale: string, terms: Terms): NodeProto[] {
  const [result] = node.output!;
  const [x] = node.input!;
  const nodes: NodeProto[] = [];
  const add = (op: string, input: string[], output: string[], attributes = {}) => {
    nodes.push({ opType: op, name: `${output[0]}/${op}`, input, output, attribute: writeAttributes(attributes) });
    return output[0];
  };
  const sum = bias ? `${result}/product` : result;
  if (terms === 0) {
    const floats = add("Mul", [add("Cast", [weight], [`${result}/weight`], { to: 1 }), scale], [`${result}/weight.scaled`]);
    add("MatMul", [x, floats], [sum]);
  } else {
    const first = term(add, x, weight, scale, terms === 1 ? sum : `${result}/first`, `${result}/1`);
    if (terms === 2) {
      const seen = add("DequantizeLinear", [first.quantized, first.scale, first.zero], [`${result}/seen`]);
      const rest = add("Sub", [x, seen], [`${result}/rest`]);
      const second = term(add, rest, weight, scale, `${result}/second`, `${result}/2`);
      add("Add", [first.result, second.result], [sum]);
    }
  }
  if (bias) add("Add", [sum, bias], [result]);
  return nodes;
}

type AddNode = (op: string, input: string[], output: string[], attributes?: Record<string, number>) => string;

/** x as uint8 · weight as int8 in int32, times both scales. */
function term(add: AddNode, x: string, weight: string, scale: string, result: string, name: string) {
  const [quantized, xScale, zero] = [`${name}/x`, `${name}/x.scale`, `${name}/x.zero`];
  add("DynamicQuantizeLinear", [x], [quantized, xScale, zero]);
  const product = add("Cast", [add("MatMulInteger", [quantized, weight, zero], [`${name}/int32`])], [`${name}/float`], { to: 1 });
  add("Mul", [product, add("Mul", [xScale, scale], [`${name}/scales`])], [result]);
  return { quantized, scale: xScale, zero, result };
}
