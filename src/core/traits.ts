/** What the model says of itself against what the plan asks of it, before the model runs. */
import { badOption, px, S2Error } from "./error.ts";
import type { S2Plan, Traits } from "./types.ts";

/** The prefix tokens of well-known families, for messages about a wrong `numPrefixToken`. */
export const commonPrefixes =
  "1 for ViT, DeiT, CLIP and DINOv2 ([CLS]); 2 for distilled DeiT; 5 for DINOv2 with registers and DINOv3; 0 for SigLIP, Swin and ConvNets";

/** @throws S2Error "tile-size", "prefix-tokens", "layout" or "max-batch" when the plan does not fit the model. */
export function checkTraits(plan: S2Plan, traits: Traits): void {
  const { imageSize, dynamicSize, prefixTokens, layout, maxBatch } = traits;
  if (layout !== undefined && layout !== plan.outputShape) {
    throw badOption("layout", "outputShape", plan.outputShape, `"${layout}", which the model gives`);
  }
  if (prefixTokens !== undefined && layout !== "bchw" && prefixTokens !== plan.numPrefixToken) {
    throw new S2Error(
      "prefix-tokens",
      `numPrefixToken is ${plan.numPrefixToken}, but the model puts ${prefixTokens} tokens before its grid; pass numPrefixToken ${prefixTokens}.`,
      { option: "numPrefixToken", received: plan.numPrefixToken, expected: `${prefixTokens}` },
    );
  }
  if (typeof plan.splitForward === "number" && maxBatch !== undefined && plan.splitForward > maxBatch) {
    throw badOption("max-batch", "splitForward", plan.splitForward, `at most ${maxBatch} tiles per run, the model's limit`);
  }
  if (imageSize === undefined || dynamicSize) return;
  plan.scales.forEach(({ tile, size }) => {
    if (tile[0] === imageSize[0] && tile[1] === imageSize[1]) return;
    throw new S2Error(
      "tile-size",
      `The scale of ${px(size)} px is cut into tiles of ${px(tile)} px, but the model takes ${px(imageSize)}; ` +
        `pass maxSplitSize ${imageSize[0] === imageSize[1] ? imageSize[0] : `[${imageSize}]`} and sizes that are multiples of it, or splitMode "resize" or "pad".`,
      { option: ["maxSplitSize", "splitMode"] },
    );
  });
}
