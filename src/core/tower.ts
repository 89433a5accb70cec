/** The eyes of a language model as data: how LLaVA, VILA and NVILA call S², and the plan that follows for one image. */
import { planDynamicS2 } from "./dynamic.ts";
import { S2Error } from "./error.ts";
import { planS2 } from "./plan.ts";
import { commonPrefixes } from "./traits.ts";
import type { S2Options, S2Plan, Traits } from "./types.ts";

/** A vision tower as a language model's config.json has it; `readTowerConfig` of "s2-vision/models" reads one. */
export interface Tower {
  /** "s2": squares of all sizes (LLaVA, VILA; one size is no S²). "dynamic-s2": the last size follows the image's shape (NVILA). */
  readonly kind: "s2" | "dynamic-s2";
  /** Sides in pixels, rising. */
  readonly scales: readonly number[];
  /** Side of a tile. */
  readonly tile: number;
  /** The scale whose token grid is the output's; negative counts from the end. */
  readonly resizeOutputToIdx: number;
  /** Most tiles of the last scale; of "dynamic-s2" only. */
  readonly maxTiles: number;
  /** Which hidden state is the features, as Python counts: -2 is the output of the last block but one. */
  readonly layer: number;
  /** Whether tokens before the grid ([CLS]) are dropped ("patch") or kept ("cls_patch"). */
  readonly prefix: "drop" | "keep";
  /** How an image becomes a square: its middle, all of it squashed, or all of it on a square of the mean color. Of "s2" only. */
  readonly fit: "crop" | "squash" | "pad";
  /** What makes the language model's tokens of features, where the config names it. */
  readonly projector?: {
    /** `mm_projector_type`: linear, mlp2x_gelu, mlp_downsample ... */
    readonly type: string;
    /** Its tokens' order; by columns in VILA-1.5's mlp_downsample. */
    readonly order: "rows" | "columns";
  };
}

/**
 * S² as the tower was trained with: for "s2" of the square of the largest scale that the image was made into, resized without a filter
 * as LLaVA and VILA do (`antialias: true` filters); for "dynamic-s2" of the image itself, by NVILA's grid choice.
 * @throws S2Error "prefix-tokens" when the model does not say how many tokens it puts before its grid, and those of `planS2` and `planDynamicS2`.
 */
export function planTower(
  tower: Tower,
  image: { height: number; width: number },
  traits: Traits = {},
  options: Pick<S2Options, "antialias" | "splitForward"> = {},
): S2Plan {
  const { kind, scales, tile, maxTiles, resizeOutputToIdx } = tower;
  const { prefixTokens: numPrefixToken } = traits;
  if (numPrefixToken === undefined) {
    throw new S2Error(
      "prefix-tokens",
      `The tower ${tower.prefix}s the tokens before the grid, and the model does not say how many it has. Give it traits with prefixTokens: ${commonPrefixes}.`,
      { option: "prefixTokens" },
    );
  }
  const common = { ...options, resizeOutputToIdx, numPrefixToken };
  if (kind === "dynamic-s2") return planDynamicS2(image, { ...common, scales, tile, maxTiles, gridChoice: "nvila" }, traits);
  const side = Math.max(...scales);
  return planS2({ height: side, width: side }, { ...common, imgSizes: scales, maxSplitSize: tile }, traits);
}
