/** Finds the family of a config and the names of its weights. */
import { S2Error } from "../core/index.ts";
import type { StoredTensor } from "../tensors/index.ts";
import type { Architecture, Config, Family } from "./architecture.ts";
import { clip, siglip } from "./clip-config.ts";
import { convnext, convnextV2, timmConvnext } from "./convnext-config.ts";
import { timmCrossVit } from "./crossvit-config.ts";
import { dinov2, dinov2WithRegisters, dinov3 } from "./dino-config.ts";
import { focal } from "./focal-config.ts";
import { focalnet, timmFocalnet } from "./focalnet-config.ts";
import { hiera, timmHiera } from "./hiera-config.ts";
import { mobilenetV1, mobilenetV2, timmMobilenetV1, timmMobilenetV2 } from "./mobilenet-config.ts";
import { mpvit } from "./mpvit-config.ts";
import { timmMvit } from "./mvit-config.ts";
import { resnet, timmResnet } from "./resnet-config.ts";
import { swin, swinV2, timmSwin, timmSwinV2 } from "./swin-config.ts";
import { timmDinov3, timmVit } from "./timm-vit-config.ts";
import { deit, vit, vitMae } from "./vit-config.ts";
import { makeWeights, type Names, type Weights } from "./weights.ts";

/** By transformers' `model_type`. */
const transformers: Readonly<Record<string, Family>> = {
  convnext,
  convnextv2: convnextV2,
  focalnet,
  hiera,
  mobilenet_v1: mobilenetV1,
  mobilenet_v2: mobilenetV2,
  resnet,
  swin,
  swinv2: swinV2,
  vit,
  vit_mae: vitMae,
  deit,
  dinov2,
  dinov2_with_registers: dinov2WithRegisters,
  dinov3_vit: dinov3,
  clip,
  clip_vision_model: clip,
  siglip,
  siglip_vision_model: siglip,
};

/** By the architecture's name in timm; the first that matches. */
const timm: readonly (readonly [name: RegExp, family: Family])[] = [
  [/^(test_)?convnext/, timmConvnext],
  [/^focalnet_/, timmFocalnet],
  [/^hiera_/, timmHiera],
  [/^mobilenetv1_\d+h?(\.|$)/, timmMobilenetV1],
  [/^mobilenet(v2_\d+d?|_v2)(\.|$)/, timmMobilenetV2],
  [/^mpvit_/, mpvit],
  [
    /^(tv_|wide_)?resnet(10|14|18|26|34|50|101|152|200)[cdst]?(_2)?(\.|$)|^resnext(50|101)d?_\d+x\d+d(\.|$)|^test_resnet(\.|$)/,
    timmResnet,
  ],
  [/^mvitv2_/, timmMvit],
  [/^crossvit_/, timmCrossVit],
  [/^focal_/, focal],
  [/^swin_/, timmSwin],
  [/^swinv2_(?!cr_)/, timmSwinV2],
  [/^vit_.*_dinov3/, timmDinov3],
  [/^(test_)?(vit|deit3?|flexivit|eva)\d?(_|\.|$)/, timmVit],
];

/** Weights in timm's names may have a config in transformers' style beside them. */
const timmNames: Names = [[/^classifier\./, "head."]];

/** @throws S2Error "architecture" when the config names none of these. */
export function readFamily(
  config: Config,
  tensors: Readonly<Record<string, StoredTensor>>,
): { architecture: Architecture; weights: Weights } {
  const { architecture: name, model_type: type } = config;
  const ofTimm = typeof name === "string";
  const family = ofTimm
    ? timm.find(([pattern]) => pattern.test(name))?.[1]
    : Object.hasOwn(transformers, String(type)) && transformers[String(type)];
  if (!family) throw unknown(ofTimm ? `timm's ${name}` : `the model_type ${type}`);
  const familyNames = typeof family.names === "function" ? family.names(config) : family.names;
  const names = !ofTimm && Object.hasOwn(tensors, "patch_embed.proj.weight") ? timmNames : familyNames;
  const weights = makeWeights(tensors, { prefix: family.prefix, names });
  return { architecture: family.read(config, weights), weights };
}

function unknown(what: string): S2Error {
  const types = Object.keys(transformers).join(", ");
  return new S2Error(
    "architecture",
    `Models are not built from ${what}; known are the model_types ${types}, timm's ViTs, ConvNeXts, Swins, Hieras, FocalNets, MViTv2s, CrossViTs, ResNets and MobileNets, and the authors' MPViTs and Focal Transformers.`,
  );
}
