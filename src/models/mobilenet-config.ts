/** Reads transformers', timm's and torchvision's MobileNets: their strides and the names of their weights. */
import type { Config, Family } from "./architecture.ts";
import { flag, integer, number, size } from "./config.ts";
import { activationOf } from "./mlp.ts";
import { type Block, describeMobileNet, type MobileNet, type NormedConv } from "./mobilenet.ts";
import { readTimmConfig } from "./timm-config.ts";
import type { Weights } from "./weights.ts";

/** Strides of the first version's 13 pairs of layers, and of the second version's 16 blocks after the stem. */
const strides = [
  [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1],
  [2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1],
];
/** The same by timm's stages, whose depths differ. */
const stageStrides = [
  [1, 2, 2, 2, 2],
  [1, 2, 2, 2, 1, 2, 1],
];

const ofTransformers = (version: 1 | 2): Family => ({
  prefix: `mobilenet_v${version}`,
  read: (config, weights) => describeMobileNet(readTransformers(config, weights, version), weights),
});
const ofTimm = (version: 1 | 2): Family => ({
  read: (config, weights) => describeMobileNet(readTimm(config, weights, version), weights),
});
export const [mobilenetV1, mobilenetV2] = [ofTransformers(1), ofTransformers(2)];
export const [timmMobilenetV1, timmMobilenetV2] = [ofTimm(1), ofTimm(2)];

type Layout = Omit<NormedConv, "conv" | "norm">;
const ofBlock = (layers: readonly NormedConv[], residual = false): Block => ({ layers, residual });

function readTransformers(config: Config, weights: Weights, version: 1 | 2): MobileNet {
  const layer = (name: string, layout: Layout = {}) => ({
    conv: `${name}.convolution`,
    norm: `${name}.normalization`,
    ...layout,
  });
  const count = weights.count("layer");
  const blocks =
    version === 1
      ? [
          ofBlock([layer("conv_stem", { stride: 2 })]),
          ...Array.from({ length: count }, (_, i) => {
            const stride = i % 2 === 0 ? (strides[0][i / 2] ?? 1) : 1;
            return ofBlock([layer(`layer.${i}`, { stride })]);
          }),
        ]
      : secondOfTransformers(integer(config, "output_stride", 32), count, weights, layer);
  return {
    ...{ source: "transformers", imageSize: size(config, "image_size", 224), blocks, classifier: "classifier" },
    ...(version === 2 && { head: layer("conv_1x1") }),
    activation: activationOf(config.hidden_act ?? "relu6"),
    epsilon: number(config, "layer_norm_eps", 1e-3),
    samePadding: flag(config, "tf_padding", true),
  };
}

/** Once the maps are as small as `outputStride` says, convolutions are dilated instead of strided. */
function secondOfTransformers(
  outputStride: number,
  count: number,
  weights: Weights,
  layer: (name: string, layout?: Layout) => NormedConv,
): Block[] {
  const expanded = weights.has("conv_stem.expand_1x1.convolution.weight") ? [layer("conv_stem.expand_1x1")] : [];
  const reduced = layer("conv_stem.reduce_1x1", { linear: true });
  const stem = [layer("conv_stem.first_conv", { stride: 2 }), ...expanded, layer("conv_stem.conv_3x3"), reduced];
  let [reached, dilation] = [2, 1];
  const blocks = Array.from({ length: count }, (_, i) => {
    const wanted = strides[1][i] ?? 1;
    const layout = reached === outputStride ? { stride: 1, dilation } : { stride: wanted };
    if (reached === outputStride) dilation *= wanted;
    else reached *= wanted;
    const name = `layer.${i}`;
    return ofBlock(
      [layer(`${name}.expand_1x1`), layer(`${name}.conv_3x3`, layout), layer(`${name}.reduce_1x1`, { linear: true })],
      true,
    );
  });
  return [ofBlock(stem), ...blocks];
}

export function readTimm(config: Config, weights: Weights, version: 1 | 2): MobileNet {
  const shown = [
    "channel_multiplier",
    "depth_multiplier",
    "fix_stem_head",
    "head_conv",
    "group_size",
    "stem_size",
    "num_features",
  ];
  const supported = [...shown, "act_layer", "bn_eps", "bn_momentum"];
  const { args, imageSize } = readTimmConfig(config, supported, { pad_type: "" }, () => 224);
  return {
    ...{ source: "timm", imageSize, samePadding: false },
    activation: activationOf(args.act_layer ?? "relu6"),
    epsilon: number(args, "bn_eps", 1e-5),
    ...(weights.has("features.0.0.weight") ? ofTorchvision(weights) : ofTimmsNames(weights, version)),
  };
}

type Named = Pick<MobileNet, "blocks" | "head" | "classifier">;

function ofTimmsNames(weights: Weights, version: 1 | 2): Named {
  const named = (path: string, names: readonly string[], stride: number): NormedConv[] =>
    names.map((name, i) => ({
      ...{ conv: `${path}.${name}`, norm: `${path}.bn${i + 1}` },
      ...(name === "conv_dw" && { stride }),
      linear: version === 2 && i === names.length - 1,
    }));
  const blocks = [ofBlock([{ conv: "conv_stem", norm: "bn1", stride: 2 }])];
  for (let stage = 0; stage < weights.count("blocks"); stage++) {
    for (let i = 0; i < weights.count(`blocks.${stage}`); i++) {
      const path = `blocks.${stage}.${i}`;
      const inverted = weights.has(`${path}.conv_pwl.weight`);
      const stride = i === 0 ? (stageStrides[version - 1][stage] ?? 1) : 1;
      const names = inverted ? ["conv_pw", "conv_dw", "conv_pwl"] : ["conv_dw", "conv_pw"];
      blocks.push(ofBlock(named(path, names, stride), version === 2));
    }
  }
  const head = weights.has("conv_head.weight") ? { conv: "conv_head", norm: "bn2" } : undefined;
  return { blocks, head, classifier: "classifier" };
}

/** torchvision numbers all blocks and, within them, layers with their norms in lists. */
function ofTorchvision(weights: Weights): Named {
  const listed = (path: string, layout: Layout = {}) => ({ conv: `${path}.0`, norm: `${path}.1`, ...layout });
  const last = weights.count("features") - 1;
  const blocks = [ofBlock([listed("features.0", { stride: 2 })])];
  for (let i = 1; i < last; i++) {
    const path = `features.${i}.conv`;
    const expanded = weights.has(`${path}.1.0.weight`);
    const stride = [1, ...strides[1]][i - 1] ?? 1;
    const deep = listed(`${path}.${expanded ? 1 : 0}`, { stride });
    const at = expanded ? 2 : 1;
    const reduced = { conv: `${path}.${at}`, norm: `${path}.${at + 1}`, linear: true };
    blocks.push(ofBlock([...(expanded ? [listed(`${path}.0`)] : []), deep, reduced], true));
  }
  return { blocks, head: listed(`features.${last}`), classifier: "classifier.1" };
}
