/** Focal Transformer (arXiv 2107.00641): Swin's stages, whose windows see their surroundings finely and what is further off coarsely. */
import { px, S2Error } from "../core/index.ts";
import { Add, LayerNormalization, type ShapedValue, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { planesToTokens, sizeOf, tokensToPlanes } from "./feature-maps.ts";
import { focalAttention } from "./focal-attention.ts";
import { classifier, mainOutputs, namedOutputs, shapeOf } from "./hierarchy.ts";
import { conv, layerNorm, parameter, scoped } from "./layers.ts";
import { activationOf, mlp } from "./mlp.ts";
import { mean } from "./pooling.ts";
import type { Weights } from "./weights.ts";
import { cutWindows, type Windows } from "./windows.ts";

/** Settings that the tensors do not show, unlike depths, heads, windows, rings and levels. */
export interface Focal {
  readonly imageSize: Size;
  /** The patches overlap: 7x7 by 4. */
  readonly overlaps: boolean;
  /** Every second block's windows are shifted. */
  readonly shifts: boolean;
}

/** Epsilon of all norms. */
const epsilon = 1e-5;

export function describeFocal(focal: Focal, weights: Weights): Architecture {
  return {
    imageSize: focal.imageSize,
    patchSize: stem(weights, focal).stride * 2 ** (weights.count("layers") - 1),
    prefixTokens: 0,
    channels: shapeOf(weights, "patch_embed.proj.weight")[1],
    main: mainOutputs,
    unused: /relative_position_index|valid_ind_|attn_mask$/,
    build: (images) => build(images, weights, focal),
  };
}

interface Layout {
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

function stem(weights: Weights, { overlaps }: Focal): Layout {
  const [channels, , kernel] = shapeOf(weights, "patch_embed.proj.weight");
  // Models whose patches overlap halve their maps by 3x3 convolutions, others by 2x2.
  return overlaps || weights.dims("layers.0.downsample.proj.weight")?.[2] === 3
    ? { channels, kernel, stride: 4, padding: 2 }
    : { channels, kernel, stride: kernel, padding: 0 };
}

/** 2x2 by 2, or 3x3 with a border. */
function halving(weights: Weights): Layout {
  const [channels, , kernel] = shapeOf(weights, "proj.weight");
  return { channels, kernel, stride: 2, padding: Math.floor((kernel - 1) / 2) };
}

const slid = (size: Size, { kernel, stride, padding }: Layout): Size => {
  const [height, width] = size.map((side) => Math.floor((side + 2 * padding - kernel) / stride) + 1);
  return [height, width];
};

function build(images: ShapedValue, weights: Weights, focal: Focal): Outputs {
  const { graph } = images;
  const first = stem(weights, focal);
  const patches = scope(graph, "patch_embed", () => conv(images, weights.under("patch_embed.proj"), first));
  // The grid in images of the model's size, whose windows the tables are for.
  let designed = slid(focal.imageSize, first);
  let grid = sizeOf(patches);
  let x = planesToTokens(patches);
  if (weights.has("patch_embed.norm.weight")) x = layerNorm(x, weights.under("patch_embed.norm"), epsilon);
  if (weights.has("absolute_pos_embed"))
    x = Add(x, parameter(graph, weights.get("absolute_pos_embed", [1, ...(x.dims.slice(1) as number[])]), "absolute_pos_embed"));
  const stages: ShapedValue[] = [];
  for (let i = 0; i < weights.count("layers"); i++) {
    const stageWeights = weights.under(`layers.${i}`);
    x = scope(graph, `layers.${i}`, () => stage(x, grid, designed, stageWeights, focal));
    stages.push(tokensToPlanes(x, grid));
    if (!stageWeights.has("downsample.proj.weight")) continue;
    const layout = halving(stageWeights.under("downsample"));
    x = scope(graph, `layers.${i}.downsample`, () => downsample(x, grid, stageWeights.under("downsample"), layout));
    [grid, designed] = [slid(grid, layout), slid(designed, layout)];
  }
  const features = layerNorm(x, weights.under("norm"), epsilon);
  const pooled = mean(features);
  return namedOutputs("timm", { features, pooled, logits: classifier(pooled, weights.under("head")), stages, hidden: {} });
}

/** A convolution and a norm after it; some have one over all numbers of the map before it, too. */
function downsample(tokens: ShapedValue, grid: Size, weights: Weights, layout: Layout): ShapedValue {
  const normed = weights.has("pre_norm.weight") ? mapNorm(tokens, weights.under("pre_norm")) : tokens;
  const halved = conv(tokensToPlanes(normed, grid), weights.under("proj"), layout);
  return layerNorm(planesToTokens(halved), weights.under("norm"), epsilon);
}

/** Group norm of one group: over all tokens and channels, with a scale and bias for each channel. */
function mapNorm(x: ShapedValue, weights: Weights): ShapedValue {
  const [, count, channels] = x.dims as readonly [string, number, number];
  return scoped(x.graph, weights, () => {
    const [scale, bias] = ["weight", "bias"].map((name) => {
      const { data } = weights.get(name, [channels]);
      const repeated = Float32Array.from({ length: count * channels }, (_, i) => data[i % channels]);
      return parameter(x.graph, { dims: [count, channels], data: repeated }, name);
    });
    return LayerNormalization(x, scale, bias, { axis: 1, epsilon });
  });
}

function stage(tokens: ShapedValue, grid: Size, designed: Size, weights: Weights, focal: Focal): ShapedValue {
  const side = windowSide(grid, designed, weights.under("blocks.0.attn"));
  const half = Math.floor(side / 2);
  const cut = { size: [side, side], shift: [0, 0], padsFirst: true } as const;
  const plain = cutWindows(grid, cut);
  const shifted = focal.shifts && Math.min(...grid) > side ? cutWindows(grid, { ...cut, shift: [half, half] }) : plain;
  let x = tokens;
  for (let j = 0; j < weights.count("blocks"); j++)
    x = scope(x.graph, `blocks.${j}`, () => block(x, grid, weights.under(`blocks.${j}`), j % 2 ? shifted : plain));
  return x;
}

/** The side of a stage's windows, by the table of (2·side - 1)² positions: the whole grid where that is smaller than the model's windows. */
function windowSide(grid: Size, designed: Size, weights: Weights): number {
  const side = (Math.sqrt(shapeOf(weights, "relative_position_bias_table")[0]) + 1) / 2;
  const isWhole = (size: Size) => Math.min(...size) <= side;
  if (Number.isInteger(side) && Math.min(...grid) >= side && isWhole(grid) === isWhole(designed)) return side;
  throw new S2Error(
    "input",
    `Images of this size leave a grid of ${px(grid)} for windows of ${side} tokens (${weights.path}), which the model has for a grid of ${px(designed)}; ` +
      "give an imageSize at which every stage keeps its windows.",
  );
}

function block(x: ShapedValue, grid: Size, weights: Weights, windows: Windows): ShapedValue {
  const dim = x.dims[2] as number;
  const gain = (name: string) => (weights.has(name) ? weights.get(name, [dim]).data : undefined);
  const normed = layerNorm(x, weights.under("norm1"), epsilon);
  const attended = Add(x, focalAttention(normed, weights, { grid, windows, gain: gain("gamma_1") }));
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const settings = { kind: "plain", width, activation: activationOf("gelu"), bias: true } as const;
  return Add(
    attended,
    mlp(layerNorm(attended, weights.under("norm2"), epsilon), weights.under("mlp"), settings, gain("gamma_2")),
  );
}
