/** Reads transformers' and timm's configs of FocalNets: overlapping patches, norms after a branch, and the names of weights. */
import { S2Error } from "../core/index.ts";
import type { Config, Family } from "./architecture.ts";
import { flag, number, size } from "./config.ts";
import { describeFocalNet, type FocalNet } from "./focalnet.ts";
import { shapeOf } from "./hierarchy.ts";
import { activationOf } from "./mlp.ts";
import { readTimmConfig } from "./timm-config.ts";
import type { Weights } from "./weights.ts";

/** Names of the graph are timm's. */
export const focalnet: Family = {
  prefix: "focalnet",
  names: [
    [/^stem\.proj\./, "embeddings.patch_embeddings.projection."],
    [/^stem\.norm\./, "embeddings.norm."],
    [/^norm\./, "layernorm."],
    [/^head\.fc\./, "classifier."],
    [/^layers\./, "encoder.stages."],
    [".blocks.", ".layers."],
    [".downsample.proj.", ".downsample.projection."],
    [".modulation.f.", ".modulation.projection_in."],
    [".modulation.h.", ".modulation.projection_context."],
    [".modulation.proj.", ".modulation.projection_out."],
    [".modulation.norm.", ".modulation.layernorm."],
    [/\.norm([12])_post\./, ".norm$1."],
    [/\.ls([12])\.gamma$/, ".gamma_$1"],
  ],
  read: (config, weights) => describeFocalNet(readTransformers(config, weights), weights),
};

export const timmFocalnet: Family = { read: (config, weights) => describeFocalNet(readTimm(config, weights), weights) };

function readTransformers(config: Config, weights: Weights): FocalNet {
  const overlap = flag(config, "use_conv_embed", false);
  if (overlap && (config.patch_size ?? 4) !== 4)
    throw new S2Error("architecture", `config.json has patch_size ${config.patch_size}; with use_conv_embed 4 is built.`);
  return {
    ...{ source: "transformers", imageSize: size(config, "image_size", 224) },
    activation: activationOf(config.hidden_act ?? "gelu"),
    epsilon: number(config, "layer_norm_eps", 1e-5),
    overlap,
    postNorm: flag(config, "use_post_layernorm", false),
    averageContexts: flag(config, "normalize_modulator", false),
    padTo: overlap ? 4 : shapeOf(weights, "stem.proj.weight")[2],
  };
}

export function readTimm(config: Config, weights: Weights): FocalNet {
  const shown = ["focal_levels", "focal_windows", "use_overlap_down", "use_post_norm", "use_post_norm_in_modulation"];
  const supported = [...shown, "normalize_modulator", "layerscale_value"];
  const { args, imageSize } = readTimmConfig(config, supported, {}, (name) => (/_x?large_/.test(name) ? 384 : 224));
  return {
    ...{ source: "timm", imageSize, activation: activationOf("gelu"), epsilon: 1e-5 },
    overlap: shapeOf(weights, "stem.proj.weight")[2] === 7,
    postNorm: weights.has("layers.0.blocks.0.norm1_post.weight"),
    averageContexts: flag(args, "normalize_modulator", false),
    padTo: 1,
  };
}
