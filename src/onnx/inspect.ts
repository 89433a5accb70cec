/** `inspectModel`: the properties of a model, with the source of each. */
import { readAttributes } from "./attributes.ts";
import { type Found, multiplyAdds } from "./cost.ts";
import type { Dim } from "./dims.ts";
import { type EmbeddedTraits, embeddedTraits } from "./embedded-metadata.ts";
import { declaredShape, inputsOf, metadataOf, opsetOf, readOnnx } from "./file.ts";
import { withoutFunctions } from "./functions.ts";
import { inOrder, tensorsOf } from "./nodes.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { shapesOf, whereLost } from "./shapes-of.ts";
import { count, elementType, tensorDims } from "./tensor.ts";

/** The properties of a model that follow from its ONNX file. */
export interface ModelReport {
  /** Inputs and outputs as the file declares them. */
  readonly inputs: readonly { name: string; type: string; shape: readonly Dim[] }[];
  readonly outputs: readonly { name: string; type: string; shape: readonly Dim[] }[];
  /** The version of ONNX's operator set. */
  readonly opset: number;
  /** The program that wrote the file, and its version. */
  readonly producer: string;
  /** Numbers in all weights, however they are stored; scalars, sizes and tables of indices do not count. */
  readonly parameters: number;
  /** Multiply-adds of one image: products, convolutions and attention. */
  readonly multiplyAdds: Found<number>;
  /** The size of images in pixels. */
  readonly imageSize: Found<readonly [height: number, width: number]>;
  /** Pixels on a side of one token, or of one cell of a map. */
  readonly patchSize: Found<number>;
  /** "bnc" for tokens, "bchw" for maps. */
  readonly layout: Found<"bnc" | "bchw">;
  /** Tokens before those of the grid. */
  readonly prefixTokens: Found<number>;
  /** Channels of a token or map. */
  readonly channels: Found<number>;
  /** Entries of the file's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of `inspectModel`. */
export interface InspectOptions {
  /** The size of images to follow through a graph that takes any size; default: the metadata's, else 224x224. */
  readonly imageSize?: readonly [height: number, width: number];
}

const usual = [224, 224] as const;

/**
 * Reads an ONNX file and follows the shapes of one image through it. A property that does not follow has no value, but the reason.
 * @throws S2Error "onnx-file" when the file cannot be read.
 */
export function inspectModel(file: Uint8Array, options: InspectOptions = {}): ModelReport {
  return inspectProto(readOnnx(file), options);
}

/** Inspects a file that has been read. */
export function inspectProto(file: ModelProto, { imageSize: wish }: InspectOptions = {}): ModelReport {
  const model = withoutFunctions(file);
  const { graph } = model;
  const inputs = inputsOf(graph);
  const metadata = metadataOf(model);
  const embedded = embeddedTraits(metadata);
  const images = inputs.find((input) => declaredShape(input).length === 4);
  const imageSize = findSize(images, embedded, wish);
  const size = imageSize.value ?? wish ?? usual;
  const feeds = images && { [images.name!]: imagesOf(images, size) };
  const shapes = feeds ? shapesOf(model, feeds) : new Map<string, Shaped>();
  const main = mainOutput(graph.output ?? [], shapes, embedded);
  const dims = main === undefined ? undefined : shapes.get(main)?.dims;
  const seen = { main, dims, size, lost: feeds && !dims ? whereLost(model, feeds) : undefined };
  return {
    inputs: inputs.map(describe),
    outputs: (graph.output ?? []).map(describe),
    opset: opsetOf(model),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" "),
    parameters: countParameters(model),
    multiplyAdds: feeds ? ofOneImage(multiplyAdds(model, feeds), feeds[images.name!][0], imageSize) : { from: imageSize.from },
    imageSize,
    ...findTokens(seen, findStep(graph, images), embedded),
    metadata,
  };
}

function describe(value: ValueInfoProto) {
  return { name: value.name ?? "", type: elementType(value.type?.tensorType?.elemType), shape: declaredShape(value) };
}

function findSize(
  images: ValueInfoProto | undefined,
  embedded: EmbeddedTraits,
  wish?: readonly [number, number],
): ModelReport["imageSize"] {
  if (!images) return { from: "no input has the shape of images [b, c, h, w]" };
  const [, , height, width] = declaredShape(images);
  if (typeof height === "number" && typeof width === "number")
    return { value: [height, width], from: `the fixed shape of ${images.name}` };
  if (embedded.imageSize) return { value: embedded.imageSize, from: "the file's metadata" };
  const [down, across] = wish ?? usual;
  return { from: `the input takes any size; ${across}x${down} is ${wish ? "asked" : "assumed"} for what follows` };
}

/** The dims of the batch that the graph takes, one image where it takes any number. */
function imagesOf(images: ValueInfoProto, size: readonly [number, number]): number[] {
  const [batch, channels] = declaredShape(images).map((dim) => (typeof dim === "number" && dim > 0 ? dim : undefined));
  return [batch ?? 1, channels ?? 3, ...size];
}

function ofOneImage({ value, from }: Found<number>, images: number, { value: size, from: assumed }: ModelReport["imageSize"]) {
  const where = size ? from : `${from}; ${assumed}`;
  return value === undefined ? { from: where } : { value: value / images, from: where };
}

function mainOutput(
  outputs: readonly ValueInfoProto[],
  shapes: ReadonlyMap<string, Shaped>,
  embedded: EmbeddedTraits,
): string | undefined {
  const fits = outputs.filter(({ name }) => [3, 4].includes(shapes.get(name ?? "")?.dims?.length ?? 0));
  return (fits.find(({ name }) => name === (embedded.output ?? "last_hidden_state")) ?? fits[0])?.name;
}

/** Operators between the images and the convolution that cuts them into patches: casts, normalization, quantization. */
const before = /^(Cast|Identity|Add|Sub|Mul|Div|DynamicQuantizeLinear|QuantizeLinear|DequantizeLinear)$/;

/** Reads the patch size off the first convolution, which in a ViT steps by its window. */
function findStep(graph: GraphProto, images: ValueInfoProto | undefined): Found<number> {
  const reached = new Set([images?.name ?? ""]);
  let first: NodeProto | undefined;
  for (const node of inOrder(graph.node ?? [])) {
    if (first || !node.input?.some((name) => name && reached.has(name))) continue;
    if (/Conv(Integer)?$/.test(node.opType ?? "")) first = node;
    else if (before.test(node.opType ?? "")) for (const name of node.output ?? []) reached.add(name);
  }
  if (!first) return { from: "no convolution is the first operator on the images" };
  const weight = graph.initializer?.find(({ name }) => name === first.input?.[first.opType === "QLinearConv" ? 3 : 1]);
  const { strides, kernel_shape: kernel = weight && tensorDims(weight).slice(2) } = readAttributes(first);
  const [step] = (strides as number[] | undefined) ?? [];
  if (step && String(strides) === String(kernel))
    return { value: step, from: `the first convolution, of ${step}x${step} in steps of ${step}` };
  return { from: "the first operator on the images is no convolution whose window is its step" };
}

interface Seen {
  readonly main: string | undefined;
  readonly dims: readonly Dim[] | undefined;
  readonly size: readonly [height: number, width: number];
  readonly lost: string | undefined;
}

type Tokens = Pick<ModelReport, "patchSize" | "layout" | "prefixTokens" | "channels">;

function findTokens({ main, dims, size, lost }: Seen, step: Found<number>, embedded: EmbeddedTraits): Tokens {
  const declared = <T>(value: T | undefined, otherwise: Found<T>): Found<T> =>
    value === undefined ? otherwise : { value, from: "the file's metadata" };
  const patch = declared(embedded.patchSize, step);
  if (!dims) {
    const none = { from: `no output's shape follows from the graph as that of tokens or maps${lost ? `: ${lost}` : ""}` };
    const [layout, prefixTokens] = [declared(embedded.layout, none), declared(embedded.prefixTokens, none)];
    return { patchSize: patch, layout, prefixTokens, channels: none };
  }
  const images = dims[0] === 1 ? "one image" : `${dims[0]} images`;
  const from = `${main} is [${dims.join(", ")}] for ${images} of ${size[1]}x${size[0]}`;
  const channel = dims[dims.length === 3 ? 2 : 1];
  const channels = typeof channel === "number" ? { value: channel, from } : { from };
  if (dims.length === 4) {
    const [down, across] = [size[0] / Number(dims[2]), size[1] / Number(dims[3])];
    const cell = down === across ? { value: down, from } : { from: `${from}; its cells are not square` };
    const prefixTokens = { value: 0, from: "maps have none" };
    return { patchSize: declared(embedded.patchSize, cell), layout: { value: "bchw", from }, prefixTokens, channels };
  }
  const counted = countPrefix(dims[1], size, patch, from);
  const prefixTokens = declared(embedded.prefixTokens, counted.prefixTokens);
  return { patchSize: declared(embedded.patchSize, counted.patchSize), layout: { value: "bnc", from }, prefixTokens, channels };
}

/** More than any known family has; with more, the step is probably not the patch. */
const mostPrefixTokens = 16;

function countPrefix(
  tokens: Dim,
  [height, width]: Seen["size"],
  step: Found<number>,
  from: string,
): Pick<Tokens, "patchSize" | "prefixTokens"> {
  if (step.value === undefined) return { patchSize: step, prefixTokens: { from: `${from}; its grid is not known` } };
  if (typeof tokens !== "number") return { patchSize: step, prefixTokens: { from } };
  const grid = Math.floor(height / step.value) * Math.floor(width / step.value);
  const rest = tokens - grid;
  if (rest >= 0 && rest <= mostPrefixTokens)
    return { patchSize: step, prefixTokens: { value: rest, from: `${tokens} tokens less a grid of ${grid}` } };
  const merged = `${tokens} tokens are not the ${grid} that ${step.from} cuts: tokens are merged or more follow, and which does not follow from the graph`;
  return { patchSize: { from: merged }, prefixTokens: { from: merged } };
}

/** Counts the numbers in all weights. Those of 4 bits are packed two in a byte, and their node says how many they are. */
function countParameters(model: ModelProto): number {
  const packed = new Map<string, number>();
  for (const node of model.graph.node ?? []) {
    if (node.opType !== "MatMulNBits" && node.opType !== "MatMulBnb4") continue;
    const { N, K } = readAttributes(node);
    const [, weights = "", ...scales] = node.input ?? [];
    packed.set(weights, Number(N) * Number(K));
    for (const name of scales.slice(0, 2)) packed.set(name, 0); // and zero points
  }
  let sum = 0;
  for (const tensor of tensorsOf(model))
    sum += packed.get(tensor.name ?? "?") ?? (isWeight(tensor) ? count(tensorDims(tensor)) : 0);
  return sum;
}

function isWeight(tensor: TensorProto): boolean {
  return count(tensorDims(tensor)) > 1 && /^(b?float|u?int(8|4|2)$)/.test(elementType(tensor.dataType));
}
