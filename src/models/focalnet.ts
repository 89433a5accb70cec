/** FocalNet (arXiv 2203.11926): focal modulation instead of attention. Each place is multiplied by contexts of growing size around it. */
import { Add, Gelu, Mul, Pad, ReduceMean, type ShapedValue, Split, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { planesToRows, rowsToPlanes, rowsToTokens, sizeOf } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { affine, amplified, conv, layerNorm, linear, readAffine, rowsOf, scoped } from "./layers.ts";
import { type Activation, mlp } from "./mlp.ts";
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

/** Maps are rows of channels [b, h, w, c] throughout, but for what the convolutions take. */
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
      x = scope(graph, `layers.${i}.downsample`, () => embed(rowsToPlanes(x), Math.min(padTo, 2), downsample, settings));
      embedded.push(x);
    }
    const blocks = weights.under(`layers.${i}`);
    for (let j = 0; j < blocks.count("blocks"); j++)
      x = scope(graph, `layers.${i}.blocks.${j}`, () => block(x, blocks.under(`blocks.${j}`), settings));
    stages.push(rowsToPlanes(x));
  }
  const normed = layerNorm(x, weights.under("norm"), epsilon);
  const pooled = ReduceMean(normed, [1, 2], { keepdims: 0 });
  const hidden = [...embedded, x];
  return namedOutputs(source, {
    ...{ features: source === "timm" ? rowsToPlanes(normed) : rowsToTokens(normed), pooled, stages },
    logits: classifier(pooled, weights.under("head.fc")),
    hidden: { hidden_states: hidden.map(rowsToTokens), reshaped_hidden_states: hidden.map(rowsToPlanes) },
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
  return layerNorm(planesToRows(patches), weights.under("norm"), epsilon);
}

function block(x: ShapedValue, weights: Weights, settings: FocalNet): ShapedValue {
  const { postNorm, epsilon, activation } = settings;
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const branch = (value: ShapedValue, i: 1 | 2, layer: (value: ShapedValue, gain?: Float32Array) => ShapedValue) => {
    const gain = weights.has(`ls${i}.gamma`) ? weights.get(`ls${i}.gamma`, [x.dims[3] as number]).data : undefined;
    const norm = weights.under(postNorm ? `norm${i}_post` : `norm${i}`);
    return Add(value, postNorm ? layerNorm(layer(value), norm, epsilon, gain) : layer(layerNorm(value, norm, epsilon), gain));
  };
  const modulated = branch(x, 1, (value, gain) => modulation(value, weights.under("modulation"), settings, gain));
  const feed = { kind: "plain", width, activation, bias: weights.has("mlp.fc1.bias") } as const;
  return branch(modulated, 2, (value, gain) => mlp(value, weights.under("mlp"), feed, gain));
}

/** Focal modulation (section 3.2): proj(q · h(Σ gateₗ · contextₗ)); each context is a convolution of the one before, the last its mean. */
function modulation(x: ShapedValue, weights: Weights, { epsilon, averageContexts }: FocalNet, gain?: Float32Array): ShapedValue {
  const { graph } = x;
  const channels = x.dims[3] as number;
  const levels = weights.count("focal_layers");
  return scoped(graph, weights, () => {
    const first = readAffine(weights.under("f"), 2 * channels + levels + 1, channels);
    const project = (from: number, to: number) => scoped(graph, weights.under("f"), () => affine(x, rowsOf(first, from, to)));
    const gates = Split(rowsToPlanes(project(2 * channels, 2 * channels + levels + 1)), Array(levels + 1).fill(1), 1);
    let context = rowsToPlanes(project(channels, 2 * channels));
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
    const modulator = scoped(graph, weights.under("h"), () => affine(planesToRows(sum), divided));
    const product = Mul(project(0, channels), modulator);
    const normed = weights.has("norm.weight") ? layerNorm(product, weights.under("norm"), epsilon) : product;
    return linear(normed, weights.under("proj"), channels, { gain });
  });
}
