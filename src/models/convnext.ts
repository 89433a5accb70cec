/** ConvNeXt (arXiv 2201.03545) and its second version (arXiv 2301.00808): a convolution of each channel, then two layers at each place. */
import { Add, Div, Mul, ReduceL2, ReduceMean, type ShapedValue, scope } from "../onnx/index.ts";
import type { Architecture, Size } from "./architecture.ts";
import { planesToRows, rowsToPlanes } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, type Source, shapeOf } from "./hierarchy.ts";
import { conv, layerNorm, linear, parameter, planesNorm, scoped } from "./layers.ts";
import { type Activation, activationOf } from "./mlp.ts";
import type { Weights } from "./weights.ts";

/** Settings that the tensors do not show, unlike depths, channels and kernels. */
export interface ConvNext {
  readonly source: Source;
  readonly imageSize: Size;
  readonly activation: Activation;
  readonly epsilon: number;
  /** Epsilon of the norm after pooling. */
  readonly headEpsilon: number;
}

export function describeConvNext(settings: ConvNext, weights: Weights): Architecture {
  const stages = weights.count("stages");
  const strides = Array.from({ length: stages }, (_, i) => weights.dims(`stages.${i}.downsample.1.weight`)?.[2] ?? 1);
  const stem = stemOf(weights);
  return {
    imageSize: settings.imageSize,
    patchSize: [...stem.map(({ stride }) => stride), ...strides].reduce((product, stride) => product * stride, 1),
    prefixTokens: 0,
    channels: shapeOf(weights, "stem.0.weight")[1],
    main: mainOutputs,
    build: (images) => {
      const embedded = embed(images, weights.under("stem"), stem, settings);
      const maps = [embedded];
      for (let i = 0; i < stages; i++)
        maps.push(scope(images.graph, `stages.${i}`, () => stage(maps[i], weights.under(`stages.${i}`), settings)));
      const features = weights.has("norm_pre.weight")
        ? planesNorm(maps[stages], weights.under("norm_pre"), settings.epsilon)
        : maps[stages];
      const values = { features, stages: maps.slice(1), hidden: { hidden_states: maps } };
      return namedOutputs(settings.source, { ...values, ...head(features, weights, settings) });
    },
  };
}

/** The stem's convolutions: one of patches, or several that overlap and halve the image each. */
function stemOf(weights: Weights): { name: number; kernel: number; stride: number; padding: number }[] {
  const names = [0, 1, 2].filter((name) => weights.dims(`stem.${name}.weight`)?.length === 4);
  return names.map((name) => {
    const kernel = shapeOf(weights, `stem.${name}.weight`)[2];
    return names.length === 1 ? { name, kernel, stride: kernel, padding: 0 } : { name, kernel, stride: 2, padding: kernel >> 1 };
  });
}

function embed(
  images: ShapedValue,
  weights: Weights,
  stem: ReturnType<typeof stemOf>,
  { activation, epsilon }: ConvNext,
): ShapedValue {
  const { graph } = images;
  return scope(graph, "stem", () => {
    let x = images;
    let at = 0;
    for (const { name, ...layout } of stem) {
      if (name > at) x = activation(x); // A number without weights between two convolutions is their activation.
      x = conv(x, weights.under(name), { channels: shapeOf(weights, `${name}.weight`)[0], ...layout });
      at = name + 1;
    }
    return planesNorm(x, weights.under(at), epsilon);
  });
}

function stage(x: ShapedValue, weights: Weights, settings: ConvNext): ShapedValue {
  let map = x;
  if (weights.has("downsample.1.weight")) {
    const [channels, , kernel] = shapeOf(weights, "downsample.1.weight");
    const normed = planesNorm(map, weights.under("downsample.0"), settings.epsilon);
    map = conv(normed, weights.under("downsample.1"), { channels, kernel, stride: kernel });
  }
  for (let i = 0; i < weights.count("blocks"); i++)
    map = scope(x.graph, `blocks.${i}`, () => block(map, weights.under(`blocks.${i}`), settings));
  return map;
}

/** Linear layers at each place are products of rows [b, h, w, c]; as 1 x 1 convolutions (timm's `conv_mlp`) they are the same. */
function block(x: ShapedValue, weights: Weights, { activation, epsilon }: ConvNext): ShapedValue {
  const channels = x.dims[1] as number;
  const kernel = shapeOf(weights, "conv_dw.weight")[2];
  const mixed = conv(x, weights.under("conv_dw"), { channels, kernel, padding: kernel >> 1, group: channels });
  const normed = layerNorm(planesToRows(mixed), weights.under("norm"), epsilon);
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const inner = activation(linear(normed, weights.under("mlp.fc1"), width));
  const response = weights.has("mlp.grn.weight") ? responseNorm(inner, weights.under("mlp.grn")) : inner;
  const gain = weights.has("gamma") ? weights.get("gamma", [channels]).data : undefined;
  return Add(x, rowsToPlanes(linear(response, weights.under("mlp.fc2"), channels, { gain })));
}

/** Global response normalization (ConvNeXt V2, section 3.3) of [b, h, w, c]: x · (1 + γ · n) + β, n = |x of a channel| by their mean. */
function responseNorm(x: ShapedValue, weights: Weights): ShapedValue {
  const { graph } = x;
  const channels = x.dims[3] as number;
  return scoped(graph, weights, () => {
    const lengths = ReduceL2(x, [1, 2]);
    const relative = Div(lengths, Add(ReduceMean(lengths, [3]), 1e-6));
    const gain = Mul(relative, parameter(graph, weights.get("weight", [channels]), "weight"));
    return Add(Mul(x, Add(gain, 1)), parameter(graph, weights.get("bias", [channels]), "bias"));
  });
}

/** The mean of all places, normed where that was not before (files of pretraining have no such norm), then the classifier if there is one. */
function head(
  features: ShapedValue,
  weights: Weights,
  { headEpsilon }: ConvNext,
): { pooled?: ShapedValue; logits?: ShapedValue } {
  const headWeights = weights.under("head");
  if (!headWeights.has("norm.weight") && !weights.has("norm_pre.weight")) return {};
  return scope(features.graph, "head", () => {
    const mean = ReduceMean(features, [2, 3], { keepdims: 0 });
    const normed = headWeights.has("norm.weight") ? layerNorm(mean, headWeights.under("norm"), headEpsilon) : mean;
    const hidden = headWeights.dims("pre_logits.fc.weight")?.[0];
    const pooled = hidden ? activationOf("gelu")(linear(normed, headWeights.under("pre_logits.fc"), hidden)) : normed;
    return { pooled, logits: classifier(pooled, headWeights.under("fc")) };
  });
}
