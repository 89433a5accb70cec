/** Reads configs of MPViTs, whose files have the authors' names of weights; there is no such family in timm or transformers. */
import { S2Error } from "../core/index.ts";
import type { Config, Family, Size } from "./architecture.ts";
import { describeMPViT, heads } from "./mpvit.ts";
import { readTimmConfig } from "./timm-config.ts";

export const mpvit: Family = { read: (config, weights) => describeMPViT(readMPViT(config), weights) };

/** The size of the images: all else is in the tensors. */
export function readMPViT(config: Config): Size {
  const shown = ["num_stages", "embed_dims", "num_path", "num_layers", "mlp_ratios"];
  const { args, imageSize } = readTimmConfig(config, [...shown, "num_heads"]);
  const given = args.num_heads ?? [];
  if (Array.isArray(given) && given.every((each) => each === heads)) return imageSize;
  throw new S2Error(
    "architecture",
    `config.json has num_heads ${JSON.stringify(given)}; MPViT is built with ${heads} in each stage.`,
  );
}
