/** FocalNet (arXiv 2203.11926): focal modulation instead of attention. Each place is multiplied by contexts of growing size around it. */
import { Add, Gelu, Mul, Pad, ReduceMean, type ShapedValue, Split, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { planesToRows, planesToTokens, rowsToPlanes, rowsToTokens, sizeOf } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { amplified, asConv, conv, convolve, layerNorm, planesNorm, pointwise, readAffine, rowsOf, scoped } from "./layers.ts";
import type { Activation } from "./mlp.ts";
import type { Weights } from "./weights.ts";

/** Settings that the tensors do not show, unlike depths, channels, levels and kernels. */
export interface FocalNet {
  readonly source: Source;
  readonly imageSize: Size;
  /** Activation of the mlps; contexts always have GELU. */
  readonly activation: Activation;
  readonly epsilon: number;
  /** Patches overlap: kernel 7 with stride 4 in the stem, 3 with stride 2 between stages. */
  readonly overlap: boolean;
  /** Branches are normed after modulation and mlp instead of before. */
  readonly postNorm: boolean;
  /** The sum of the contexts is divided by their number. */
  readonly averageContexts: boolean;
  /** Images are padded to multiples of this side, maps between stages to even sides; 1 pads nothing. */
  readonly padTo: number;
}

export function describeFocalNet(settings: FocalNet, weights: Weights): Architecture {
  return {
    imageSize: settings.imageSize,
    patchSize: patchesOf(weights.under("stem"), settings.overlap).stride * 2 ** (weights.count("layers") - 1),
    shortestSide: settings.padTo > 1 ? 1 : undefined,
    prefixTokens: 0,
    channels: shapeOf(weights, "stem.proj.weight")[1],
    main: mainOutputs,
    unused: /mask_token$|^decoder\./,
    build: (images) => build(images, weights, settings),
  };
}

function build(images: ShapedValue, weights: Weights, settings: FocalNet): Outputs {
  const { graph } = images;
  const { source, epsilon, padTo } = settings;
  let x = scope(graph, "stem", () => embed(images, padTo, weights.under("stem"), settings));
  const [embedded, stages] = [[x], [] as ShapedValue[]];
  // transformers numbers the downsampling after a stage, timm the one before it.
  const after = weights.has("layers.0.downsample.proj.weight") ? 1 : 0;
  for (let i = 0; i < weights.count("layers"); i++) {
    if (i > 0) {
      const downsample = weights.under(`layers.${i - after}.downsample`);
      x = scope(graph, `layers.${i}.downsample`, () => embed(x, Math.min(padTo, 2), downsample, settings));
      embedded.push(x);
    }
    const blocks = weights.under(`layers.${i}`);
    for (let j = 0; j < blocks.count("blocks"); j++)
      x = scope(graph, `layers.${i}.blocks.${j}`, () => block(x, blocks.under(`blocks.${j}`), settings));
    stages.push(x);
  }
  const normed = layerNorm(planesToRows(x), weights.under("norm"), epsilon);
  const pooled = ReduceMean(normed, [1, 2], { keepdims: 0 });
  const hidden = [...embedded, x];
  return namedOutputs(source, {
    ...{ features: source === "timm" ? rowsToPlanes(normed) : rowsToTokens(normed), pooled, stages },
    logits: classifier(pooled, weights.under("head.fc")),
    hidden: { hidden_states: hidden.map(planesToTokens), reshaped_hidden_states: hidden },
  });
}

function patchesOf(weights: Weights, overlap: boolean): { channels: number; kernel: number; stride: number; padding: number } {
  const [channels, , kernel] = shapeOf(weights, "proj.weight");
  const layout = overlap ? (kernel > 3 ? { stride: 4, padding: 2 } : { stride: 2, padding: 1 }) : { stride: kernel, padding: 0 };
  return { channels, kernel, ...layout };
}

/** Patches of an image or of the stage before, normed. */
function embed(planes: ShapedValue, padTo: number, weights: Weights, { overlap, epsilon }: FocalNet): ShapedValue {
  const rest = sizeOf(planes).map((side) => Math.ceil(side / padTo) * padTo - side);
  const patches = conv(Pad(planes, [0, 0, 0, 0, 0, 0, ...rest]), weights.under("proj"), patchesOf(weights, overlap));
  return planesNorm(patches, weights.under("norm"), epsilon);
}

function block(x: ShapedValue, weights: Weights, settings: FocalNet): ShapedValue {
  const { postNorm, epsilon, activation } = settings;
  const [width, channels] = [shapeOf(weights, "mlp.fc1.weight")[0], x.dims[1] as number];
  const branch = (value: ShapedValue, i: 1 | 2, layer: (value: ShapedValue, gain?: Float32Array) => ShapedValue) => {
    const gain = weights.has(`ls${i}.gamma`) ? weights.get(`ls${i}.gamma`, [channels]).data : undefined;
    const norm = weights.under(postNorm ? `norm${i}_post` : `norm${i}`);
    return Add(value, postNorm ? planesNorm(layer(value), norm, epsilon, gain) : layer(planesNorm(value, norm, epsilon), gain));
  };
  const modulated = branch(x, 1, (value, gain) => modulation(value, weights.under("modulation"), settings, gain));
  return branch(modulated, 2, (value, gain) =>
    scope(x.graph, "mlp", () => {
      const inner = activation(pointwise(value, weights.under("mlp.fc1"), width));
      return pointwise(inner, weights.under("mlp.fc2"), channels, gain);
    }),
  );
}

/** Focal modulation (section 3.2): proj(q · h(Σ gateₗ · contextₗ)); each context is a convolution of the one before, the last its mean. */
function modulation(x: ShapedValue, weights: Weights, { epsilon, averageContexts }: FocalNet, gain?: Float32Array): ShapedValue {
  const { graph } = x;
  const channels = x.dims[1] as number;
  const levels = weights.count("focal_layers");
  return scoped(graph, weights, () => {
    const first = readAffine(weights.under("f"), 2 * channels + levels + 1, channels);
    const project = (from: number, to: number) =>
      scoped(graph, weights.under("f"), () => convolve(x, asConv(rowsOf(first, from, to)), {}));
    const gates = Split(project(2 * channels, 2 * channels + levels + 1), Array(levels + 1).fill(1), 1);
    let context = project(channels, 2 * channels);
    const contexts: ShapedValue[] = [];
    for (let level = 0; level < levels; level++) {
      const layer = weights.under(`focal_layers.${level}.0`);
      const kernel = shapeOf(layer, "weight")[2];
      context = Gelu(conv(context, layer, { channels, kernel, padding: kernel >> 1, group: channels }));
      contexts.push(context);
    }
    contexts.push(Gelu(ReduceMean(context, [2, 3])));
    const sum = contexts.map((each, i) => Mul(each, gates[i])).reduce((total, each) => Add(total, each));
    const h = readAffine(weights.under("h"), channels, channels);
    const divided = { ...h, weight: amplified(h, Array(channels).fill(averageContexts ? 1 / (levels + 1) : 1)).weight };
    const modulator = scoped(graph, weights.under("h"), () => convolve(sum, asConv(divided), {}));
    const product = Mul(project(0, channels), modulator);
    const normed = weights.has("norm.weight") ? planesNorm(product, weights.under("norm"), epsilon) : product;
    return pointwise(normed, weights.under("proj"), channels, gain);
  });
}
