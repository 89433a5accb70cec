/** timm's config.json: the architecture's name, `model_args` that differ from what that stands for, `pretrained_cfg` with the images' size. */
import { S2Error } from "../core/index.ts";
import type { Config, Size } from "./architecture.ts";
import { nested, size } from "./config.ts";

export interface TimmConfig {
  /** Without the tag of its weights: "convnext_tiny" of "convnext_tiny.in12k". */
  readonly name: string;
  readonly args: Config;
  readonly imageSize: Size;
}

/** Arguments that only training or new weights ask for, and those whose answer is in the shapes of the tensors. */
const without =
  /(^|_)drop(_path)?_rate$|^(num_classes|in_chans|weight_init|fix_init|head_init_scale|init_values|ls_init_value|embed_dim|depths|stages|dims|mlp_ratio|strict_img_size)$/;

/** "vit_tiny_patch16_384" of images of 384 pixels. */
const sideInName = (name: string): number => Number(/(\d{2,})$/.exec(name)?.[1] ?? 224);

/**
 * Reads the config for a family that supports these of timm's arguments, and the `fixed` ones with these values. A config without a
 * size is of images of `sideOf` its name.
 * @throws S2Error "architecture" for any other argument that would change what the model computes.
 */
export function readTimmConfig(
  config: Config,
  supported: readonly string[],
  fixed: Config = {},
  sideOf: (name: string) => number = sideInName,
): TimmConfig {
  const name = String(config.architecture).split(".")[0];
  const args = nested(config, "model_args");
  for (const [key, value] of Object.entries(args)) {
    const same = JSON.stringify(value) === JSON.stringify({ global_pool: "avg", ...fixed }[key]);
    if (supported.includes(key) || without.test(key) || same || value === null) continue;
    throw new S2Error(
      "architecture",
      `config.json has model_args.${key} ${JSON.stringify(value)}, which is not built for ${name}.`,
    );
  }
  // Older files have what is in `pretrained_cfg` beside the name.
  const { input_size } = { ...config, ...nested(config, "pretrained_cfg") } as Config;
  const imageSize = size(
    { img_size: args.img_size ?? (Array.isArray(input_size) ? input_size.slice(1) : sideOf(name)) },
    "img_size",
  );
  return { name, args, imageSize };
}
