/** SmoothQuant (arXiv:2211.10438, §4): outliers of single channels scaled out of activations and into the weights behind them. */
import type { Tensor } from "../core/index.ts";
import type { ModelProto, NodeProto, TensorProto } from "./proto.ts";
import { largestByChannel } from "./quantize-errors.ts";
import { findProducts, type Product } from "./quantize-products.ts";
import type { OpenGraph } from "./run.ts";
import { makeTensor, tensorData } from "./tensor.ts";

/** How much of the range goes to the weights: 0.5 to 0.75 in the paper; 0.6 was best here (docs/decisions/0009). */
const alpha = 0.6;

/** A LayerNormalization whose result goes into products alone: its weight and bias can take a scale. */
interface Norm {
  readonly node: NodeProto;
  readonly products: readonly Product[];
}

/** The same function of the images; each norm's channels divided by s, the products' rows multiplied: s = max|x|^α / max|w|^(1-α). */
export async function smoothOutliers(model: ModelProto, images: Tensor, openGraph: OpenGraph): Promise<ModelProto> {
  const norms = findNorms(model);
  if (norms.length === 0) return model;
  const largest = await largestByChannel(
    model,
    norms.map(({ node }) => node.output![0]),
    images,
    openGraph,
  );
  const tensors = new Map((model.graph.initializer ?? []).map((tensor) => [tensor.name!, tensor]));
  const added: TensorProto[] = [];
  const inputs = new Map<NodeProto, string[]>();
  for (const { node, products } of norms) {
    const scale = scaleOf(largest.get(node.output![0])!, products);
    const rename = (name: string, data: Float32Array) => {
      const tensor = makeTensor(`${name}/smooth.${added.length}`, "float32", tensors.get(name)!.dims!.map(Number), data);
      added.push(tensor);
      return tensor.name!;
    };
    const divided = (name: string) =>
      rename(
        name,
        (tensorData(tensors.get(name)!) as Float32Array).map((value, c) => value / scale[c]),
      );
    const [x, weight, bias] = node.input!;
    inputs.set(node, [x, divided(weight), ...(bias ? [divided(bias)] : [])]);
    for (const product of products) {
      const [from, matrix, ...rest] = product.node.input!;
      inputs.set(product.node, [from, rename(matrix, scaledRows(product, scale)), ...rest]);
    }
  }
  const node = (model.graph.node ?? []).map((each) => (inputs.has(each) ? { ...each, input: inputs.get(each) } : each));
  const read = new Set(node.flatMap(({ input }) => input ?? []));
  const replaced = new Set([...inputs.keys()].flatMap(({ input }) => input ?? []));
  const kept = (model.graph.initializer ?? []).filter(({ name }) => read.has(name!) || !replaced.has(name!));
  return { ...model, graph: { ...model.graph, node, initializer: [...kept, ...added] } };
}

function findNorms(model: ModelProto): Norm[] {
  const { graph } = model;
  const products = findProducts(model);
  const outputs = new Set((graph.output ?? []).map(({ name }) => name));
  const weights = new Set((graph.initializer ?? []).map(({ name }) => name));
  return (graph.node ?? []).flatMap((node) => {
    const [result] = node.output ?? [];
    if (node.opType !== "LayerNormalization" || outputs.has(result) || !weights.has(node.input?.[1])) return [];
    if (node.input?.[2] && !weights.has(node.input[2])) return [];
    const readers = (graph.node ?? []).filter(({ input }) => input?.includes(result));
    const fed = products.filter(({ node: { input } }) => input?.[0] === result);
    return readers.length > 0 && readers.length === fed.length ? [{ node, products: fed }] : [];
  });
}

function scaleOf(largest: Float32Array, products: readonly Product[]): Float32Array {
  return largest.map((activation, row) => {
    const weight = Math.max(...products.map((product) => largestOfRow(product, row)));
    return Math.max(1e-5, Math.max(activation, 1e-5) ** alpha / Math.max(weight, 1e-5) ** (1 - alpha));
  });
}

function largestOfRow({ weight, k, n, transposed }: Product, row: number): number {
  const data = tensorData(weight) as Float32Array;
  let most = 0;
  for (let col = 0; col < n; col++) most = Math.max(most, Math.abs(data[transposed ? col * k + row : row * n + col]));
  return most;
}

function scaledRows({ weight, k, n, transposed }: Product, scale: Float32Array): Float32Array {
  return (tensorData(weight) as Float32Array).map((value, i) => value * scale[transposed ? i % k : Math.floor(i / n)]);
}
