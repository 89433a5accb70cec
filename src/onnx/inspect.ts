/** `inspectModel`: what an ONNX file says of itself, and how each fact was found. */
import { type Attributes, readAttributes } from "./attributes.ts";
import type { Dim } from "./dims.ts";
import { opsetOf, readOnnx } from "./file.ts";
import type { ModelProto, NodeProto, ValueInfoProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { shapesOf } from "./shapes-of.ts";
import { count, elementType, tensorDims } from "./tensor.ts";

/** A fact, and where it comes from; without a value, why it is not known. */
export interface Found<T> {
  readonly value?: T;
  readonly from: string;
}

export interface ModelReport {
  readonly inputs: readonly { name: string; type: string; shape: readonly Dim[] }[];
  readonly outputs: readonly { name: string; type: string; shape: readonly Dim[] }[];
  readonly opset: number;
  readonly producer: string;
  /** Numbers in all weights. */
  readonly parameters: number;
  /** Multiply-adds of one image: products, convolutions and attention. */
  readonly multiplyAdds: Found<number>;
  readonly imageSize: Found<readonly [height: number, width: number]>;
  readonly patchSize: Found<number>;
  readonly layout: Found<"bnc" | "bchw">;
  readonly prefixTokens: Found<number>;
  readonly channels: Found<number>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Traits {
  imageSize?: readonly [number, number];
  patchSize?: number;
  prefixTokens?: number;
}

/**
 * Reads an ONNX file and follows the shapes of one image through it.
 * @throws S2Error "onnx-file" when it cannot be read.
 */
export function inspectModel(file: Uint8Array): ModelReport {
  const model = readOnnx(file);
  const { graph } = model;
  const weights = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !weights.has(name));
  const metadata = Object.fromEntries((model.metadataProps ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  const said = readTraits(metadata["s2.traits"]);
  const images = inputs.find((input) => shapeOf(input).length === 4);
  const imageSize = findSize(images, said);
  const shapes = images
    ? shapesOf(model, { [images.name!]: oneImage(images, imageSize.value ?? [224, 224]) })
    : new Map<string, Shaped>();
  const main = mainOutput(graph.output ?? [], shapes);
  const dims = main === undefined ? undefined : shapes.get(main)?.dims;
  const patch = findPatch(model, images, said);
  return {
    inputs: inputs.map(describe),
    outputs: (graph.output ?? []).map(describe),
    opset: opsetOf(model),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" "),
    parameters: (graph.initializer ?? []).reduce((sum, tensor) => sum + count(tensorDims(tensor)), 0),
    multiplyAdds: countMultiplyAdds(model, shapes),
    imageSize,
    patchSize: patch,
    ...findTokens(main, dims, imageSize.value, patch.value, said),
    metadata,
  };
}

function readTraits(json: string | undefined): Traits {
  if (json === undefined) return {};
  try {
    return JSON.parse(json) as Traits;
  } catch {
    return {};
  }
}

function shapeOf({ type }: ValueInfoProto): Dim[] {
  return (type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) =>
    dimValue === undefined ? (dimParam ?? "?") : Number(dimValue),
  );
}

function describe(value: ValueInfoProto) {
  return { name: value.name ?? "", type: elementType(value.type?.tensorType?.elemType), shape: shapeOf(value) };
}

function findSize(images: ValueInfoProto | undefined, said: Traits): ModelReport["imageSize"] {
  if (!images) return { from: "no input has the shape of images [b, c, h, w]" };
  const [, , height, width] = shapeOf(images);
  if (typeof height === "number" && typeof width === "number")
    return { value: [height, width], from: `the fixed shape of ${images.name}` };
  if (said.imageSize) return { value: said.imageSize, from: "the file's metadata" };
  return { from: "the input takes any size; 224x224 is assumed for what follows" };
}

function oneImage(images: ValueInfoProto, size: readonly [number, number]): number[] {
  const channels = shapeOf(images)[1];
  return [1, typeof channels === "number" ? channels : 3, ...size];
}

function mainOutput(outputs: readonly ValueInfoProto[], shapes: ReadonlyMap<string, Shaped>): string | undefined {
  const fits = outputs.filter(({ name }) => [3, 4].includes(shapes.get(name ?? "")?.dims?.length ?? 0));
  return (fits.find(({ name }) => name === "last_hidden_state") ?? fits[0])?.name;
}

/** The first convolution of a ViT steps by its window. */
function findPatch({ graph }: ModelProto, images: ValueInfoProto | undefined, said: Traits): Found<number> {
  if (said.patchSize) return { value: said.patchSize, from: "the file's metadata" };
  const first = (graph.node ?? []).find(({ opType, input }) => opType === "Conv" && input?.[0] === images?.name);
  const { strides, kernel_shape: kernel } = first ? readAttributes(first) : ({} as Attributes);
  const [step] = (strides as number[] | undefined) ?? [];
  if (step && String(strides) === String(kernel))
    return { value: step, from: `the first convolution, of ${step}x${step} in steps of ${step}` };
  return { from: "the first operator on the images is no convolution whose window is its step" };
}

function findTokens(
  main: string | undefined,
  dims: readonly Dim[] | undefined,
  size: readonly [number, number] | undefined,
  patch: number | undefined,
  said: Traits,
): Pick<ModelReport, "layout" | "prefixTokens" | "channels"> {
  if (!dims) {
    const from = "no output's shape follows from the graph as that of tokens or maps";
    return { layout: { from }, prefixTokens: { from }, channels: { from } };
  }
  const from = `${main} is [${dims.join(", ")}] for one image`;
  const channel = dims[dims.length === 3 ? 2 : 1];
  const channels = typeof channel === "number" ? { value: channel, from } : { from };
  if (dims.length === 4) return { layout: { value: "bchw", from }, prefixTokens: { value: 0, from: "maps have none" }, channels };
  const layout = { value: "bnc" as const, from };
  if (said.prefixTokens !== undefined)
    return { layout, prefixTokens: { value: said.prefixTokens, from: "the file's metadata" }, channels };
  const [height, width] = size ?? [224, 224];
  const grid = patch ? Math.floor(height / patch) * Math.floor(width / patch) : undefined;
  const rest = grid !== undefined && typeof dims[1] === "number" ? dims[1] - grid : undefined;
  if (rest === undefined || rest < 0 || rest > 16)
    return { layout, prefixTokens: { from: `${from}; its grid is not known` }, channels };
  return { layout, prefixTokens: { value: rest, from: `${dims[1]} tokens less a grid of ${grid}` }, channels };
}

function countMultiplyAdds({ graph }: ModelProto, shapes: ReadonlyMap<string, Shaped>): Found<number> {
  let sum = 0;
  for (const node of graph.node ?? []) {
    const own = multiplyAddsOf(node, (name) => shapes.get(name ?? "")?.dims);
    if (own === undefined) return { from: `the shapes around ${node.opType} ${node.name ?? ""} do not follow from the graph` };
    sum += own;
  }
  return { value: sum, from: "the shapes of all products, convolutions and attentions for one image" };
}

/** Of one node; 0 for all that do no products, undefined where shapes are not known. */
function multiplyAddsOf(node: NodeProto, dims: (name: string | undefined) => readonly Dim[] | undefined): number | undefined {
  const [a, b, c] = (node.input ?? []).map(dims);
  const result = dims(node.output?.[0]);
  const whole = (shape: readonly Dim[] | undefined) =>
    shape?.every((dim) => typeof dim === "number") ? count(shape as number[]) : Number.NaN;
  const known = (value: number) => (Number.isNaN(value) ? undefined : value);
  switch (node.opType) {
    case "MatMul":
    case "MatMulInteger":
      return known(whole(result) * Number(a?.at(-1)));
    case "Gemm":
      return known(whole(result) * Number(a?.[readAttributes(node).transA ? 0 : 1]));
    case "Conv":
      return known(whole(result) * whole(b?.slice(1)));
    case "Attention":
    case "MultiHeadAttention": // q·kᵀ, then times v
      if (a?.length === 4) return known(whole(a) * Number(b?.[2]) + whole(result) * Number(c?.[2]));
      return known(whole(a) * Number(b?.[1]) + whole(result) * Number(c?.[1]));
    default:
      return 0;
  }
}
