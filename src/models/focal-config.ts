/** Reads configs of Focal Transformers: the authors' names, in timm's form. */
import type { Config, Family } from "./architecture.ts";
import { flag } from "./config.ts";
import { describeFocal, type Focal } from "./focal.ts";
import { readTimmConfig } from "./timm-config.ts";

export const focal: Family = { read: (config, weights) => describeFocal(readFocal(config), weights) };

/** Arguments whose answer is in the shapes of the tensors or in which of them there are. */
const shown =
  "patch_size num_heads window_size qkv_bias ape patch_norm focal_stages focal_levels focal_windows expand_stages expand_sizes expand_layer " +
  "use_layerscale layerscale_value use_pre_norm use_checkpoint";

export function readFocal(config: Config): Focal {
  const pooling = (config.model_args as Config | undefined)?.focal_pool;
  const supported = ["img_size", "use_shift", "use_conv_embed", ...shown.split(" ")];
  const { name, args, imageSize } = readTimmConfig(config, supported, { focal_pool: pooling === "none" ? "none" : "fc" });
  return {
    imageSize,
    overlaps: flag(args, "use_conv_embed", name.includes("_useconv")),
    shifts: flag(args, "use_shift", false),
  };
}
