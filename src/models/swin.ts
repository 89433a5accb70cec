/** Swin Transformer (arXiv 2103.14030) and its second version (arXiv 2111.09883): attention in windows that shift, patches that merge. */
import { Add, Pad, Reshape, type ShapedValue, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { planesToTokens, reorder, sizeOf, tokensToPlanes, tokensToRows } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { conv, layerNorm, linear, scoped } from "./layers.ts";
import type { Activation } from "./mlp.ts";
import { mlp } from "./mlp.ts";
import { mean } from "./pooling.ts";
import { type SwinAttention, swinAttention } from "./swin-attention.ts";
import type { Weights } from "./weights.ts";
import { type Cut, cutWindows, mergeOrder, type Windows } from "./windows.ts";

/** Settings that the tensors do not show, unlike depths, channels and heads. */
export interface Swin extends Pick<SwinAttention, "version" | "mask"> {
  readonly source: Source;
  readonly imageSize: Size;
  readonly activation: Activation;
  /** Epsilon of the blocks' norms and the last one. */
  readonly epsilon: number;
  /** Cuts a stage's `grid` for images of size `image`; every second block is shifted. */
  cut(stage: number, grid: Size, image: Size): Cut;
  readonly pretrainedWindows: readonly Size[];
}

/** Epsilon of the norms for which the libraries have no setting. */
const epsilon = 1e-5;

export function describeSwin(swin: Swin, weights: Weights): Architecture {
  const [, channels, patch] = shapeOf(weights, "patch_embed.proj.weight");
  const stages = weights.count("layers");
  return {
    imageSize: swin.imageSize,
    patchSize: patch * 2 ** (stages - 1),
    prefixTokens: 0,
    channels,
    main: mainOutputs,
    unused: /relative_position_index$|relative_coords_table$|attn_mask$|mask_token$|^decoder\./,
    build: (images) => build(images, weights, swin),
  };
}

function build(images: ShapedValue, weights: Weights, swin: Swin): Outputs {
  const { graph } = images;
  const patches = embed(images, weights.under("patch_embed"), swin.source);
  let grid = sizeOf(patches);
  let x = layerNorm(planesToTokens(patches), weights.under("patch_embed.norm"), epsilon);
  const [hidden, stages, maps] = [[x], [] as ShapedValue[], [tokensToPlanes(x, grid)]];
  // transformers, and timm before version 0.9, number the merging after a stage, timm the one before it.
  const after = weights.has("layers.0.downsample.reduction.weight") ? 1 : 0;
  for (let i = 0; i < weights.count("layers"); i++) {
    if (i > 0) {
      x = scope(graph, `layers.${i}.downsample`, () =>
        merge(x, grid, weights.under(`layers.${i - after}.downsample`), swin.version),
      );
      grid = [Math.ceil(grid[0] / 2), Math.ceil(grid[1] / 2)];
      hidden.push(x);
      maps.push(tokensToPlanes(x, grid));
    }
    x = scope(graph, `layers.${i}`, () => stage(x, grid, i, weights.under(`layers.${i}`), swin, sizeOf(images)));
    stages.push(tokensToPlanes(x, grid));
  }
  const normed = layerNorm(x, weights.under("norm"), swin.epsilon);
  const pooled = mean(normed);
  return namedOutputs(swin.source, {
    ...{ features: swin.source === "timm" ? tokensToRows(normed, grid) : normed, pooled, stages },
    // Old files of timm have the classifier's weights as `head` itself.
    logits: classifier(pooled, weights.under(weights.has("head.weight") ? "head" : "head.fc")),
    hidden: { hidden_states: [...hidden, x], reshaped_hidden_states: [...maps, stages.at(-1)!] },
  });
}

/** Patches [b, c, h, w]; transformers pads images to whole ones. */
function embed(images: ShapedValue, weights: Weights, source: Source): ShapedValue {
  const [channels, , kernel] = shapeOf(weights, "proj.weight");
  const rest = sizeOf(images).map((side) => (source === "transformers" ? Math.ceil(side / kernel) * kernel - side : 0));
  const padded = Pad(images, [0, 0, 0, 0, 0, 0, ...rest]);
  return scoped(images.graph, weights, () => conv(padded, weights.under("proj"), { channels, kernel, stride: kernel }));
}

/** Four neighbors' channels beside each other, then fewer of them (section 3.1); version 2 norms afterwards. */
function merge(x: ShapedValue, grid: Size, weights: Weights, version: 1 | 2): ShapedValue {
  const features = shapeOf(weights, "reduction.weight")[0];
  const [batch, , channels] = x.dims as readonly [string, number, number];
  const order = mergeOrder(grid);
  const four = Reshape(reorder(x, order), [batch, order.length / 4, 4 * channels]);
  if (version === 1) return linear(layerNorm(four, weights.under("norm"), epsilon), weights.under("reduction"), features);
  return layerNorm(linear(four, weights.under("reduction"), features), weights.under("norm"), epsilon);
}

function stage(tokens: ShapedValue, grid: Size, index: number, weights: Weights, swin: Swin, image: Size): ShapedValue {
  const cut = swin.cut(index, grid, image);
  const windows = [cutWindows(grid, { ...cut, shift: [0, 0] }), cutWindows(grid, cut)];
  const attention = { ...swin, pretrainedWindow: swin.pretrainedWindows[index] };
  let x = tokens;
  for (let i = 0; i < weights.count("blocks"); i++)
    x = scope(x.graph, `blocks.${i}`, () => block(x, weights.under(`blocks.${i}`), windows[i % 2], swin, attention));
  return x;
}

/** Version 1 norms what goes into a residual branch, version 2 what comes out of it. */
function block(x: ShapedValue, weights: Weights, windows: Windows, swin: Swin, attention: SwinAttention): ShapedValue {
  const { version, activation } = swin;
  const norm = (value: ShapedValue, name: string) => layerNorm(value, weights.under(name), swin.epsilon);
  const attend = (value: ShapedValue) =>
    scoped(x.graph, weights.under("attn"), () => swinAttention(value, weights.under("attn"), windows, attention));
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const feed = (value: ShapedValue) => mlp(value, weights.under("mlp"), { kind: "plain", width, activation, bias: true });
  const branch = (value: ShapedValue, name: string, layer: (value: ShapedValue) => ShapedValue) =>
    Add(value, version === 1 ? layer(norm(value, name)) : norm(layer(value), name));
  return branch(branch(x, "norm1", attend), "norm2", feed);
}
