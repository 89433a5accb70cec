/** Reads transformers' and timm's configs of ResNets: strides, activations, and the names of weights, torchvision's in timm too. */
import type { Config, Family } from "./architecture.ts";
import { flag, size } from "./config.ts";
import { activationOf } from "./mlp.ts";
import { describeResNet, type ResNet } from "./resnet.ts";
import { readTimmConfig } from "./timm-config.ts";

/** Names of the graph are torchvision's; it counts stages from 1, transformers from 0. */
export const resnet: Family = {
  prefix: "resnet",
  names: [
    [/^conv1\./, "embedder.embedder.convolution."],
    [/^bn1\./, "embedder.embedder.normalization."],
    [/^fc\./, "classifier.1."],
    ...Array.from({ length: 9 }, (_, i) => [`layer${i + 1}.`, `encoder.stages.${i}.layers.`] as const),
    ...[1, 2, 3].map((i) => [`.conv${i}.`, `.layer.${i - 1}.convolution.`] as const),
    ...[1, 2, 3].map((i) => [`.bn${i}.`, `.layer.${i - 1}.normalization.`] as const),
    [".downsample.0.", ".shortcut.convolution."],
    [".downsample.1.", ".shortcut.normalization."],
  ],
  read: (config, weights) => describeResNet(readTransformers(config), weights),
};

export const timmResnet: Family = { read: (config, weights) => describeResNet(readTimm(config), weights) };

/** `hidden_act` is not that of the convolutions within a block. */
function readTransformers(config: Config): ResNet {
  return {
    ...{ source: "transformers", imageSize: size(config, "image_size", 224) },
    activation: activationOf(config.hidden_act ?? "relu"),
    innerActivation: activationOf("relu"),
    halvesFirst: flag(config, "downsample_in_first_stage", false),
    strideFirst: flag(config, "downsample_in_bottleneck", false),
  };
}

/** Sides of the images that the architectures were made for, where it is not 224. */
const sides: readonly (readonly [name: RegExp, side: number])[] = [
  [/^resnet1[04]t$/, 176],
  [/^resnet(26t|(101|152|200)d)$/, 256],
  [/^test_/, 160],
];

export function readTimm(config: Config): ResNet {
  const shown = ["layers", "channels", "cardinality", "base_width", "stem_width", "stem_type", "avg_down", "down_kernel_size"];
  const supported = [...shown, "block", "block_reduce_first", "drop_block_rate", "zero_init_last", "act_layer"];
  const fixed = { output_stride: 32, replace_stem_pool: false };
  const sideOf = (name: string) => sides.find(([pattern]) => pattern.test(name))?.[1] ?? 224;
  const { args, imageSize } = readTimmConfig(config, supported, fixed, sideOf);
  const activation = activationOf(args.act_layer ?? "relu");
  return { source: "timm", imageSize, activation, innerActivation: activation, halvesFirst: false, strideFirst: false };
}
