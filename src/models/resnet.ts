/** ResNet (arXiv 1512.03385), ResNeXt (1611.05431) and the variants of "Bag of Tricks" (1812.01187): convolutions around sums. */
import { Add, AveragePool, MaxPool, ReduceMean, Reshape, type ShapedValue, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { type ConvLayout, normedConv } from "./layers.ts";
import type { Activation } from "./mlp.ts";
import type { Weights } from "./weights.ts";

/** Settings that the tensors do not show, unlike depths, channels, groups and kinds of blocks. */
export interface ResNet {
  readonly source: Source;
  readonly imageSize: Size;
  /** Activation of the stem and after each sum. */
  readonly activation: Activation;
  /** Activation between the convolutions of a block. */
  readonly innerActivation: Activation;
  /** The first stage halves its maps too. */
  readonly halvesFirst: boolean;
  /** Bottlenecks halve in their first convolution, not in the one of 3x3. */
  readonly strideFirst: boolean;
}

const epsilon = 1e-5;

/** Depths of the stages layer1, layer2 ...; one block where there is none, which is then refused by its name. */
function depthsOf(weights: Weights): number[] {
  const depths = [Math.max(weights.count("layer1"), 1)];
  while (weights.has(`layer${depths.length + 1}.0.conv1.weight`)) depths.push(weights.count(`layer${depths.length + 1}`));
  return depths;
}

export function describeResNet(settings: ResNet, weights: Weights): Architecture {
  return {
    imageSize: settings.imageSize,
    patchSize: 4 * 2 ** (depthsOf(weights).length - (settings.halvesFirst ? 0 : 1)),
    shortestSide: 1,
    prefixTokens: 0,
    channels: shapeOf(weights, weights.has("conv1.0.weight") ? "conv1.0.weight" : "conv1.weight")[1],
    main: mainOutputs,
    build: (images) => build(images, weights, settings),
  };
}

function build(images: ShapedValue, weights: Weights, settings: ResNet): Outputs {
  const { graph } = images;
  const { source, halvesFirst } = settings;
  const embedded = stem(images, weights, settings);
  const maps = [MaxPool(embedded, 3, { strides: [2, 2], pads: [1, 1, 1, 1] })];
  depthsOf(weights).forEach((depth, i) => {
    let x = maps[i];
    for (let j = 0; j < depth; j++) {
      const stride = j === 0 && (i > 0 || halvesFirst) ? 2 : 1;
      x = scope(graph, `layer${i + 1}.${j}`, () => block(x, weights.under(`layer${i + 1}.${j}`), stride, settings));
    }
    maps.push(x);
  });
  const [features, stages] = [maps.at(-1)!, maps.slice(1)];
  const mean = ReduceMean(features, [2, 3]);
  const vector = Reshape(mean, mean.dims.slice(0, 2));
  return namedOutputs(source, {
    ...{ features, stages, intermediates: [embedded, ...stages] },
    pooled: source === "timm" ? vector : mean, // transformers leaves [b, c, 1, 1].
    logits: classifier(vector, weights.under("fc")),
    hidden: { hidden_states: maps },
  });
}

/** A convolution of 7x7, or three of 3x3. */
function stem(images: ShapedValue, weights: Weights, { activation }: ResNet): ShapedValue {
  if (!weights.has("conv1.0.weight"))
    return activation(unit(images, weights, "conv1", "bn1", { kernel: 7, stride: 2, padding: 3 }));
  const layers = [
    ["conv1.0", "conv1.1"],
    ["conv1.3", "conv1.4"],
    ["conv1.6", "bn1"],
  ];
  return layers.reduce(
    (x, [conv, norm], i) => activation(unit(x, weights, conv, norm, { kernel: 3, stride: i === 0 ? 2 : 1, padding: 1 })),
    images,
  );
}

/** A convolution and its batch norm. */
function unit(x: ShapedValue, weights: Weights, conv: string, norm: string, layout: Omit<ConvLayout, "channels">): ShapedValue {
  const channels = shapeOf(weights, `${conv}.weight`)[0];
  return normedConv(x, weights.under(conv), weights.under(norm), { channels, ...layout }, epsilon);
}

/** A basic block of two convolutions or a bottleneck of three (section 4.1), and its input, projected where sizes differ. */
function block(x: ShapedValue, weights: Weights, stride: number, settings: ResNet): ShapedValue {
  const { activation, innerActivation, strideFirst } = settings;
  const count = weights.has("conv3.weight") ? 3 : 2;
  const strided = count === 2 || strideFirst ? 1 : 2;
  let inner = x;
  for (let i = 1; i <= count; i++) {
    const [, inputs, kernel] = shapeOf(weights, `conv${i}.weight`);
    const group = Math.max(Math.floor((inner.dims[1] as number) / inputs), 1);
    const layout = { kernel, padding: kernel >> 1, stride: i === strided ? stride : 1, group };
    inner = unit(inner, weights, `conv${i}`, `bn${i}`, layout);
    if (i < count) inner = innerActivation(inner);
  }
  return activation(
    Add(
      inner,
      scope(x.graph, "downsample", () => shortcut(x, weights, stride)),
    ),
  );
}

/** A convolution with the block's stride, or a pool and then a convolution ("Bag of Tricks", section 4.2); x itself where there is none. */
function shortcut(x: ShapedValue, weights: Weights, stride: number): ShapedValue {
  const kernel = weights.dims("downsample.0.weight")?.[2];
  if (kernel) return unit(x, weights, "downsample.0", "downsample.1", { kernel, stride, padding: kernel >> 1 });
  if (!weights.has("downsample.1.weight")) return x;
  const pooled = stride > 1 ? AveragePool(x, stride, { strides: [stride, stride] }) : x;
  return unit(pooled, weights, "downsample.1", "downsample.2", { kernel: 1 });
}
