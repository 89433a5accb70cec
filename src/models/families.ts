/** Which family a config is of, and whose names its weights have. */
import { S2Error } from "../core/index.ts";
import type { StoredTensor } from "../tensors/index.ts";
import type { Architecture, Config, Family, Naming } from "./architecture.ts";
import { convnext, convnextV2, timmConvnext } from "./convnext-config.ts";
import { hiera, timmHiera } from "./hiera-config.ts";
import { swin, swinV2, timmSwin, timmSwinV2 } from "./swin-config.ts";
import { timmVit } from "./vit-timm.ts";
import { hfClip, hfDeit, hfDinov2, hfDinov2Registers, hfDinov3, hfMae, hfSiglip, hfVit } from "./vit-transformers.ts";
import { makeWeights, type Weights } from "./weights.ts";

/** By transformers' `model_type`. */
const transformers: Readonly<Record<string, Family>> = {
  vit: hfVit,
  deit: hfDeit,
  dinov2: hfDinov2,
  dinov2_with_registers: hfDinov2Registers,
  dinov3_vit: hfDinov3,
  clip: hfClip,
  clip_vision_model: hfClip,
  siglip: hfSiglip,
  siglip_vision_model: hfSiglip,
  vit_mae: hfMae,
  convnext,
  convnextv2: convnextV2,
  hiera,
  swin,
  swinv2: swinV2,
};

/** By the architecture's name in timm; the first that matches. */
const timm: readonly (readonly [name: RegExp, family: Family])[] = [
  [/^(test_)?convnext/, timmConvnext],
  [/^(vit|deit|deit3|flexivit|eva_large)_|^test_vit\d?$/, timmVit],
  [/^hiera_/, timmHiera],
  [/^swin_/, timmSwin],
  [/^swinv2_(?!cr_)/, timmSwinV2],
];

/** Weights in timm's names may have a config in transformers' style beside them. */
const timmNames: Naming = { names: [[/^classifier\./, "head."]] };

/** @throws S2Error "architecture" when the config names none of these. */
export function readFamily(
  config: Config,
  tensors: Readonly<Record<string, StoredTensor>>,
): { architecture: Architecture; weights: Weights } {
  const { architecture: name, model_type: type } = config;
  const family =
    typeof name === "string"
      ? timm.find(([pattern]) => pattern.test(name))?.[1]
      : Object.hasOwn(transformers, String(type)) && transformers[String(type)];
  if (!family) throw unknown(typeof name === "string" ? `timm's ${name}` : `the model_type ${type}`);
  const weights = makeWeights(tensors, "patch_embed.proj.weight" in tensors ? timmNames : family);
  return { architecture: family.read(config, weights), weights };
}

function unknown(what: string): S2Error {
  return new S2Error("architecture", `Models are not built from ${what}; known are ${Object.keys(transformers).join(", ")}.`);
}
