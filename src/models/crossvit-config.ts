/** Reads timm's configs of CrossViTs: the sizes of the branches' images, and heads, which no tensor shows. */
import { S2Error } from "../core/index.ts";
import type { Config, Family, Size } from "./architecture.ts";
import { flag } from "./config.ts";
import { type CrossVit, describeCrossVit } from "./crossvit.ts";
import { readTimmConfig } from "./timm-config.ts";
import type { Weights } from "./weights.ts";

export const timmCrossVit: Family = { read: (config, weights) => describeCrossVit(readTimm(config, weights), weights) };

/** Heads of both branches, by the name. */
const headsByName: Readonly<Record<string, number>> = { tiny: 3, small: 6, base: 12, 9: 4, 15: 6, 18: 7 };

export function readTimm(config: Config, weights: Weights): CrossVit {
  const shown = ["depth", "multi_conv", "qkv_bias"];
  const supported = ["img_size", "img_scale", "patch_size", "num_heads", "crop_scale", "global_pool", ...shown];
  const { name, args, imageSize } = readTimmConfig(config, supported);
  const [, kind, trained] = /^crossvit_([a-z]+|\d+)_(?:dagger_)?(\d+)$/.exec(name) ?? [];
  const second = trained === "408" ? 384 / 408 : 224 / 240;
  const scales = pair(args.img_scale ?? [1, second], "img_scale", (scale) => scale > 0);
  const patches = pair(args.patch_size ?? [12, 16], "patch_size", isCount);
  const dagger = weights.has("patch_embed.0.proj.0.weight");
  if (dagger && patches.some((patch) => patch !== 12 && patch !== 16))
    throw new S2Error(
      "architecture",
      `config.json has patch_size ${JSON.stringify(patches)}; three convolutions make patches of 12 or 16 pixels.`,
    );
  const byName = headsByName[kind];
  const heads = pair(args.num_heads ?? (byName && [byName, byName]), "num_heads", isCount);
  const pool = args.global_pool ?? "token";
  if (pool !== "token" && pool !== "avg")
    throw new S2Error("architecture", `global_pool is ${pool}; known for CrossViT are token and avg.`);
  return {
    ...{ imageSize, heads, pool, crops: flag(args, "crop_scale", false) },
    branchSizes: scales.map((scale): Size => [Math.floor(imageSize[0] * scale), Math.floor(imageSize[1] * scale)]),
    patchSizes: patches,
  };
}

const isCount = (value: number) => Number.isInteger(value) && value > 0;

/** A number for each of the two branches, or one for both. */
function pair(value: unknown, key: string, fits: (value: number) => boolean): readonly [number, number] {
  const both: unknown[] = Array.isArray(value) ? value : [value, value];
  if (both.length === 2 && both.every((each) => typeof each === "number" && Number.isFinite(each) && fits(each)))
    return both as [number, number];
  throw new S2Error(
    "architecture",
    `config.json has ${key} ${JSON.stringify(value)}; expected a number for each of CrossViT's two branches.`,
  );
}
