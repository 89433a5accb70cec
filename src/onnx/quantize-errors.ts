/** Measures by running a model what quantization costs, layer by layer and in all. */
import type { Tensor } from "../core/index.ts";
import { valueInfo } from "./builder.ts";
import { inputsOf, writeOnnx } from "./file.ts";
import type { ModelProto, NodeProto } from "./proto.ts";
import type { Product } from "./quantize-products.ts";
import type { GraphTensor, OpenedGraph, OpenGraph } from "./run.ts";
import { makeTensor } from "./tensor.ts";

/** The quantized model compared with the original by running both. */
export interface Measured {
  /** The number of images. */
  readonly images: number;
  /** Mean cosine similarity of int8's and float32's tokens, by output. */
  readonly cosine: Readonly<Record<string, number>>;
  /** int8's time divided by float32's for one image: median of interleaved pairs. */
  readonly time: number;
}

/**
 * Measures for each product the outputs' error when its activations alone are rounded to 8 bits: 1 - mean cosine, divided by the sum
 * over all products, summed over outputs. One graph holds all roundings; an input chooses which one is on.
 */
export async function activationErrors(
  model: ModelProto,
  products: readonly Product[],
  images: Tensor,
  openGraph: OpenGraph,
): Promise<number[]> {
  const graph = await openGraph(writeOnnx(withRoundings(model, products)));
  try {
    const losses: Record<string, number>[] = [];
    const each = feeds(model, images);
    for (const feed of each) {
      const float = await graph.run({ ...feed, [switchName]: scalarInput(-1) });
      for (const i of products.keys())
        losses[i] = plus(losses[i], lossOf(float, await graph.run({ ...feed, [switchName]: scalarInput(i) })));
    }
    const sums = losses.reduce(plus, {});
    return losses.map((loss) => Object.entries(loss).reduce((sum, [name, value]) => sum + value / (sums[name] || 1), 0));
  } finally {
    await graph.close();
  }
}

const switchName = "s2.which";
const scalarInput = (value: number): GraphTensor => ({ dims: [1], data: BigInt64Array.of(BigInt(value)) });

/** One image per run, which a file with a fixed batch takes too. */
function feeds({ graph }: ModelProto, { dims: [count, ...dims], data }: Tensor): Record<string, GraphTensor>[] {
  const name = inputsOf(graph)[0]?.name ?? "pixel_values";
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => ({
    [name]: { dims: [1, ...dims], data: data.subarray(i * size, (i + 1) * size) },
  }));
}

const plus = (sum: Record<string, number> | undefined, more: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(more).map(([name, value]) => [name, value + (sum?.[name] ?? 0)]));

function withRoundings(model: ModelProto, products: readonly Product[]): ModelProto {
  const index = new Map(products.map(({ node }, i) => [node, i]));
  const node = (model.graph.node ?? []).flatMap((each): NodeProto[] => {
    const i = index.get(each);
    if (i === undefined) return [each];
    const [x, ...others] = each.input!;
    const name = (value: string) => `s2.${i}.${value}`;
    const make = (opType: string, input: string[], ...output: string[]) => ({ opType, name: output[0], input, output });
    return [
      make("DynamicQuantizeLinear", [x], name("x"), name("scale"), name("zero")),
      make("DequantizeLinear", [name("x"), name("scale"), name("zero")], name("rounded")),
      make("Equal", [switchName, name("index")], name("on")),
      make("Where", [name("on"), name("rounded"), x], name("seen")),
      { ...each, input: [name("seen"), ...others] },
    ];
  });
  const numbers = products.map((_, i) => makeTensor(`s2.${i}.index`, "int64", [1], BigInt64Array.of(BigInt(i))));
  const { graph } = model;
  return {
    ...model,
    graph: {
      ...graph,
      node,
      initializer: [...(graph.initializer ?? []), ...numbers],
      input: [...(graph.input ?? []), valueInfo(switchName, "int64", [1])],
    },
  };
}

/** Compares the int8 file's outputs and time with the float32 file's on the same images. */
export async function compareFeatures(
  before: ModelProto,
  after: ModelProto,
  images: Tensor,
  openGraph: OpenGraph,
): Promise<Measured> {
  const float = await openGraph(writeOnnx(before));
  const small = await openGraph(writeOnnx(after));
  try {
    const each = feeds(before, images);
    let loss: Record<string, number> | undefined;
    for (const feed of each) loss = plus(loss, lossOf(await float.run(feed), await small.run(feed)));
    const timed = async (graph: OpenedGraph) => {
      const start = performance.now();
      await graph.run(each[0]);
      return performance.now() - start;
    };
    const ratios: number[] = [];
    for (let round = 0; round < 9; round++) ratios.push((await timed(small)) / (await timed(float)));
    ratios.sort((x, y) => x - y);
    const cosine = Object.fromEntries(Object.entries(loss ?? {}).map(([name, value]) => [name, 1 - value / each.length]));
    return { images: each.length, cosine, time: ratios[4] };
  } finally {
    await float.close();
    await small.close();
  }
}

/** 1 - mean cosine similarity of tokens, by output of floats. */
function lossOf(a: Record<string, GraphTensor>, b: Record<string, GraphTensor>): Record<string, number> {
  const losses = Object.entries(a).flatMap(([name, { dims, data }]) =>
    data instanceof Float32Array && dims.length > 1
      ? [[name, 1 - meanCosine(data, b[name].data as Float32Array, dims.at(-1)!)] as const]
      : [],
  );
  return Object.fromEntries(losses);
}

function meanCosine(a: Float32Array, b: Float32Array, channels: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += channels) {
    let [dot, aa, bb] = [0, 0, 0];
    for (let k = i; k < i + channels; k++) {
      dot += a[k] * b[k];
      aa += a[k] * a[k];
      bb += b[k] * b[k];
    }
    sum += dot / Math.sqrt(Math.max(aa * bb, 1e-30));
  }
  return sum / (a.length / channels);
}
