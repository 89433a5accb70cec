/** Reads timm's configs of MViTv2s. */
import { S2Error } from "../core/index.ts";
import type { Config, Family } from "./architecture.ts";
import { describeMvit, type Mvit } from "./mvit.ts";
import { readTimmConfig } from "./timm-config.ts";
import type { Weights } from "./weights.ts";

export const timmMvit: Family = { read: (config, weights) => describeMvit(readTimm(config, weights), weights) };

const pooling = ["token", "avg", ""];

export function readTimm(config: Config, weights: Weights): Mvit {
  const shown = ["num_heads", "expand_attn", "use_cls_token", "qkv_bias"];
  const fixed = { use_abs_pos: false, residual_pooling: true, rel_pos_type: "spatial", mode: "conv", pool_first: false };
  const { args, imageSize } = readTimmConfig(config, ["img_size", "global_pool", ...shown], fixed);
  const pool = String(args.global_pool ?? (weights.has("cls_token") ? "token" : "avg"));
  if (pooling.includes(pool)) return { imageSize, pool };
  throw new S2Error(
    "architecture",
    `global_pool is ${pool}; known for MViTv2 are ${pooling.map((name) => `"${name}"`).join(", ")}.`,
  );
}
