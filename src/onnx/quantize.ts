/** Weights as 8-bit integers with activations quantised as they come (MatMulInteger): a quarter of the file, about half of the time. */
import { readAttributes, writeAttributes } from "./attributes.ts";
import { readOnnx, writeOnnx } from "./file.ts";
import type { ModelProto, NodeProto, TensorProto } from "./proto.ts";
import { makeTensor, tensorData, tensorDims } from "./tensor.ts";

/** One layer of the report. */
export interface QuantizedLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** 1: activations once; 2: what that leaves over is quantised too; 0: the weight alone is in 8 bits. */
  readonly terms: 0 | 1 | 2;
  /** Root mean square of the weights' rounding errors, relative to that of the weights. */
  readonly weightError: number;
}

export interface QuantizeReport {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly layers: readonly QuantizedLayer[];
}

export interface QuantizeOptions {
  /**
   * The part of the multiplications, from the first layer on, whose activations are quantised in two terms; default 0.09, the first
   * of twelve blocks. Outliers are in the first layers, and their errors go through all others (docs/decisions/0009).
   */
  readonly twoTerms?: number;
}

/** Smaller weights are left as they are. */
const smallest = 4096;

/**
 * The model with int8 weights, one scale a column, in every product with a constant matrix. Operators are ONNX's own (opset 11).
 * @throws S2Error "onnx-file" when the file cannot be read.
 */
export async function quantizeModel(
  file: Uint8Array,
  options: QuantizeOptions = {},
): Promise<{ file: Uint8Array; report: QuantizeReport }> {
  const model = readOnnx(file);
  const { model: quantized, layers } = quantized8(model, options.twoTerms ?? 0.09);
  const bytes = writeOnnx(quantized);
  return { file: bytes, report: { bytesBefore: file.length, bytesAfter: bytes.length, layers } };
}

/** A product with a constant matrix [k, n]: MatMul, or Gemm without factors. */
interface Product {
  readonly node: NodeProto;
  readonly weight: TensorProto;
  readonly k: number;
  readonly n: number;
  readonly transposed: boolean;
  readonly bias?: string;
  /** Whether its result is an output of the graph: a classifier. */
  readonly last: boolean;
}

function quantized8(model: ModelProto, twoTerms: number): { model: ModelProto; layers: QuantizedLayer[] } {
  const products = findProducts(model);
  const all = [...products.values()].reduce((sum, { k, n }) => sum + k * n, 0);
  const added = new Map<string, TensorProto>();
  const layers: QuantizedLayer[] = [];
  let done = 0;
  const node = (model.graph.node ?? []).flatMap((each) => {
    const product = products.get(each);
    if (!product) return [each];
    done += product.k * product.n;
    const terms = product.last ? 0 : done <= twoTerms * all ? 2 : 1;
    const { quantized, scale, error } = quantizeWeight(product);
    added.set(quantized.name!, quantized);
    added.set(scale.name!, scale);
    layers.push({ name: each.name || each.output![0], inputs: product.k, outputs: product.n, terms, weightError: error });
    return nodesOf(product, quantized.name!, scale.name!, terms);
  });
  const read = new Set(node.flatMap(({ input }) => input ?? []));
  const kept = (model.graph.initializer ?? []).filter(({ name }) => read.has(name ?? "") || !isReplaced(name, products));
  return { model: { ...model, graph: { ...model.graph, node, initializer: [...kept, ...added.values()] } }, layers };
}

const isReplaced = (name: string | undefined, products: Map<NodeProto, Product>): boolean =>
  [...products.values()].some(({ weight }) => weight.name === name);

function findProducts({ graph }: ModelProto): Map<NodeProto, Product> {
  const weights = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? "", tensor]));
  const outputs = new Set((graph.output ?? []).map(({ name }) => name));
  const found = new Map<NodeProto, Product>();
  for (const node of graph.node ?? []) {
    const weight = weights.get(node.input?.[1] ?? "");
    const dims = weight && tensorDims(weight);
    if (!weight || dims?.length !== 2 || Number(weight.dataType) !== 1 || dims[0] * dims[1] < smallest) continue;
    const { transA, transB, alpha, beta } = readAttributes(node);
    const plain = node.opType === "Gemm" && !transA && (alpha ?? 1) === 1 && (beta ?? 1) === 1;
    if (node.opType !== "MatMul" && !plain) continue;
    const transposed = node.opType === "Gemm" && Boolean(transB);
    const [k, n] = transposed ? [dims[1], dims[0]] : dims;
    found.set(node, { node, weight, k, n, transposed, bias: node.input?.[2], last: outputs.has(node.output![0]) });
  }
  return found;
}

/** Symmetric, one scale a column: the largest weight is 127. */
function quantizeWeight({ weight, k, n, transposed }: Product): { quantized: TensorProto; scale: TensorProto; error: number } {
  const data = tensorData(weight) as Float32Array;
  const at = transposed ? (row: number, col: number) => col * k + row : (row: number, col: number) => row * n + col;
  const scales = new Float32Array(n);
  const values = new Int8Array(k * n);
  let [errors, squares] = [0, 0];
  for (let col = 0; col < n; col++) {
    let largest = 1e-8;
    for (let row = 0; row < k; row++) largest = Math.max(largest, Math.abs(data[at(row, col)]));
    const scale = (scales[col] = Math.fround(largest / 127));
    for (let row = 0; row < k; row++) {
      const value = data[at(row, col)];
      const rounded = Math.max(-127, Math.min(127, Math.round(value / scale)));
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

/** The product's result under its old name. onnxruntime fuses each term into one operator. */
function nodesOf({ node, bias }: Product, weight: string, scale: string, terms: 0 | 1 | 2): NodeProto[] {
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
  const [quantized, own, zero] = [`${name}/x`, `${name}/x.scale`, `${name}/x.zero`];
  add("DynamicQuantizeLinear", [x], [quantized, own, zero]);
  const product = add("Cast", [add("MatMulInteger", [quantized, weight, zero], [`${name}/int32`])], [`${name}/float`], { to: 1 });
  add("Mul", [product, add("Mul", [own, scale], [`${name}/scales`])], [result]);
  return { quantized, scale: own, zero, result };
}
