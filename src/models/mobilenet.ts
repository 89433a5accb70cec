/** MobileNet (arXiv 1704.04861) and its second version (1801.04381): convolutions of each channel between those of each pixel. */
import { Add, ReduceMean, type ShapedValue, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { sizeOf } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { type ConvLayout, normedConv } from "./layers.ts";
import type { Activation } from "./mlp.ts";
import type { Weights } from "./weights.ts";

/** A convolution and its batch norm, by the names of their weights. */
export interface NormedConv {
  readonly conv: string;
  readonly norm: string;
  readonly stride?: number;
  readonly dilation?: number;
  /** No activation follows (section 3.2 of the second version, "linear bottlenecks"). */
  readonly linear?: boolean;
}

export interface Block {
  readonly layers: readonly NormedConv[];
  /** Its input is added to its output where their shapes agree. */
  readonly residual: boolean;
}

/** The model as a list of convolutions, whose names and strides each library has its own; channels, kernels and groups are in the tensors. */
export interface MobileNet {
  readonly source: Source;
  readonly imageSize: Size;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Maps are padded as TensorFlow does, more at the right and the bottom. */
  readonly samePadding: boolean;
  /** The stem first. */
  readonly blocks: readonly Block[];
  readonly head?: NormedConv;
  readonly classifier: string;
}

export function describeMobileNet(net: MobileNet, weights: Weights): Architecture {
  const strides = net.blocks.flatMap(({ layers }) => layers.map(({ stride = 1 }) => stride));
  return {
    imageSize: net.imageSize,
    patchSize: strides.reduce((product, stride) => product * stride, 1),
    shortestSide: 1,
    prefixTokens: 0,
    channels: shapeOf(weights, `${net.blocks[0].layers[0].conv}.weight`)[1],
    main: mainOutputs,
    unused: /^segmentation_head\./,
    build: (images) => build(images, weights, net),
  };
}

/** Stages are the maps before they are halved, and the last before the head; hidden states those of all blocks after the stem. */
function build(images: ShapedValue, weights: Weights, net: MobileNet): Outputs {
  let x = images;
  const [stages, hidden] = [[] as ShapedValue[], [] as ShapedValue[]];
  net.blocks.forEach((each, i) => {
    if (i > 0 && each.layers.some(({ stride = 1 }) => stride > 1)) stages.push(x);
    x = scope(images.graph, `blocks.${i}`, () => block(x, weights, each, net));
    if (i > 0) hidden.push(x);
  });
  stages.push(x);
  const features = net.head ? layer(x, weights, net.head, net) : x;
  const pooled = ReduceMean(features, [2, 3], { keepdims: 0 });
  const logits = classifier(pooled, weights.under(net.classifier));
  return namedOutputs(net.source, { features, pooled, logits, stages, hidden: { hidden_states: hidden } });
}

function block(x: ShapedValue, weights: Weights, { layers, residual }: Block, net: MobileNet): ShapedValue {
  const result = layers.reduce((value, each) => layer(value, weights, each, net), x);
  const isAlike = layers.every(({ stride = 1 }) => stride === 1) && result.dims[1] === x.dims[1];
  return residual && isAlike ? Add(result, x) : result;
}

function layer(
  x: ShapedValue,
  weights: Weights,
  names: NormedConv,
  { activation, epsilon, samePadding }: MobileNet,
): ShapedValue {
  const { stride = 1, dilation = 1, linear = false } = names;
  const [channels, inputs, kernel] = shapeOf(weights, `${names.conv}.weight`);
  const group = Math.max(Math.floor((x.dims[1] as number) / inputs), 1);
  const padding = samePadding ? padded(sizeOf(x), kernel, stride, dilation) : (kernel >> 1) * dilation;
  const layout: ConvLayout = { channels, kernel, stride, dilation, padding, group };
  const result = normedConv(x, weights.under(names.conv), weights.under(names.norm), layout, epsilon);
  return linear ? result : activation(result);
}

/** TensorFlow's "SAME": as many pixels as the last window lacks, the odd one at the end. */
function padded(size: Size, kernel: number, stride: number, dilation: number): ConvLayout["padding"] {
  const missing = size.map((side) => Math.max(kernel - (side % stride || stride), 0));
  const [top, left] = missing.map((pixels) => Math.floor(pixels / 2) * dilation);
  const [bottom, right] = missing.map((pixels) => Math.ceil(pixels / 2) * dilation);
  return [top, left, bottom, right];
}
