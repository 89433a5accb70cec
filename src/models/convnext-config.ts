/** Reads transformers' and timm's configs of ConvNeXts: activations, epsilons, and the names of weights. */
import { S2Error } from "../core/index.ts";
import type { Config, Family } from "./architecture.ts";
import { number, size } from "./config.ts";
import { type ConvNext, describeConvNext } from "./convnext.ts";
import { activationOf } from "./mlp.ts";
import { readTimmConfig } from "./timm-config.ts";

/** Names of the graph are timm's. */
export const convnext: Family = {
  prefix: "convnext",
  names: [
    [/^stem\.0\./, "embeddings.patch_embeddings."],
    [/^stem\.1\./, "embeddings.layernorm."],
    [/^head\.norm\./, "layernorm."],
    [/^head\.fc\./, "classifier."],
    [/^stages\./, "encoder.stages."],
    [".downsample.", ".downsampling_layer."],
    [".blocks.", ".layers."],
    [".conv_dw.", ".dwconv."],
    [".norm.", ".layernorm."],
    [".mlp.fc", ".pwconv"],
    [".mlp.grn.", ".grn."],
    [/\.gamma$/, ".layer_scale_parameter"],
  ],
  read: (config, weights) => describeConvNext(readTransformers(config), weights),
};

export const convnextV2: Family = { ...convnext, prefix: "convnextv2" };

export const timmConvnext: Family = { read: (config, weights) => describeConvNext(readTimm(config), weights) };

/** `layer_norm_eps` is for the last norm alone. */
function readTransformers(config: Config): ConvNext {
  return {
    ...{ source: "transformers", imageSize: size(config, "image_size", 224) },
    activation: activationOf(config.hidden_act ?? "gelu"),
    epsilon: 1e-6,
    headEpsilon: number(config, "layer_norm_eps", 1e-12),
  };
}

/** Architectures of timm with another activation or epsilon. */
const variants: readonly (readonly [name: RegExp, variant: readonly [activation: string, epsilon: number]])[] = [
  [/^convnext_xxlarge/, ["gelu", 1e-5]],
  [/^test_convnext3/, ["silu", 1e-5]],
  [/^test_convnext/, ["gelu_tanh", 1e-5]],
];

export function readTimm(config: Config): ConvNext {
  const supported = [
    "act_layer",
    "norm_eps",
    "conv_mlp",
    "conv_bias",
    "use_grn",
    "head_norm_first",
    "head_hidden_size",
    "kernel_sizes",
  ];
  const stem = ["patch_size", "stem_type"];
  const { name, args, imageSize } = readTimmConfig(config, [...supported, ...stem], { output_stride: 32 });
  if (name.includes("_rms"))
    throw new S2Error("architecture", `Models are not built from timm's ${name}: its norms are not layer norms.`);
  const [act, eps] = variants.find(([pattern]) => pattern.test(name))?.[1] ?? ["gelu", 1e-6];
  const epsilon = number(args, "norm_eps", eps);
  return { source: "timm", imageSize, activation: activationOf(args.act_layer ?? act), epsilon, headEpsilon: epsilon };
}
