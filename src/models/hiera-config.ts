/** Reads transformers' and timm's configs of Hieras: heads, mask units, query pooling and positions. */
import { px, S2Error } from "../core/index.ts";
import type { Config, Family, Size } from "./architecture.ts";
import { integer, number, side, size } from "./config.ts";
import { describeHiera, type Hiera, type HieraStage } from "./hiera.ts";
import { shapeOf } from "./hierarchy.ts";
import { transposed } from "./layers.ts";
import { activationOf } from "./mlp.ts";
import { resizedGrid } from "./position.ts";
import { readTimmConfig, type TimmConfig } from "./timm-config.ts";
import type { Weights } from "./weights.ts";

/** Names of the graph are timm's, but for the stages. */
export const hiera: Family = {
  prefix: "hiera",
  names: [
    [/^patch_embed\.proj\./, "embeddings.patch_embeddings.projection."],
    [/^pos_embed$/, "embeddings.position_embeddings"],
    [/^stages\./, "encoder.stages."],
    [/^head\.norm\./, "pooler.layernorm."],
    [/^head\.fc\./, "classifier."],
    [".norm1.", ".layernorm_before."],
    [".norm2.", ".layernorm_after."],
  ],
  read: (config, weights) => describeHiera(readTransformers(config, weights), weights),
};

export const timmHiera: Family = { read: (config, weights) => describeHiera(readTimm(config, weights), weights) };

function readTransformers(config: Config, weights: Weights): Hiera {
  const imageSize = size(config, "image_size", 224);
  const patchStride = side(config, "patch_stride", 4);
  const [queryStride, queryPools] = [side(config, "query_stride", 2), integer(config, "num_query_pool", 3, 0)];
  const local = list(config, "masked_unit_attention", [true, true, false, false]);
  const heads = list(config, "num_heads", [1, 2, 4, 8]);
  const [height, width] = size(config, "masked_unit_size", 8);
  // Unlike timm, units shrink with each stage, pooled or not, and a first block attends in units if its own stage does.
  const unit = (stage: number, isLocal: unknown) => (isLocal ? Math.floor((height * width) / queryStride ** (2 * stage)) : 0);
  const stages = Array.from({ length: weights.count("stages") }, (_, i) => ({
    blocks: numbered(`stages.${i}.layers`, 0, weights.count(`stages.${i}.layers`)),
    heads: integerOf(heads[i], "num_heads"),
    unit: unit(i, local[i]),
    firstUnit: unit(i, local[i] || local[Math.max(i - 1, 0)]),
  }));
  const storedGrid: Size = [Math.floor(imageSize[0] / patchStride), Math.floor(imageSize[1] / patchStride)];
  return {
    ...{ source: "transformers", imageSize, patchStride, queryStride, queryPools, stages },
    patchPadding: side(config, "patch_padding", 3),
    activation: activationOf(config.hidden_act ?? "gelu"),
    epsilon: number(config, "layer_norm_eps", 1e-6),
    positions: (grid) => {
      const dim = shapeOf(weights, "patch_embed.proj.weight")[0];
      return resizedGrid(weights.get("pos_embed", [storedGrid[0] * storedGrid[1], dim]).data, storedGrid, grid, dim, false);
    },
  };
}

export function readTimm(config: Config, weights: Weights): Hiera {
  const supported = [
    "img_size",
    "num_heads",
    "q_pool",
    "q_stride",
    "mask_unit_size",
    "mask_unit_attn",
    "use_expand_proj",
    "dim_mul",
    "head_mul",
  ];
  const patches = ["patch_kernel", "patch_stride", "patch_padding", "abs_win_pos_embed", "global_pos_size"];
  const timm = readTimmConfig(config, [...supported, ...patches], { sep_pos_embed: false, norm_layer: "LayerNorm" });
  const { args, imageSize } = timm;
  const patchStride = side(args, "patch_stride", 4);
  const [queryStride, queryPools] = [side(args, "q_stride", 2), integer(args, "q_pool", 3, 0)];
  const maskUnit = size(args, "mask_unit_size", 8);
  return {
    ...{ source: "timm", imageSize, patchStride, queryStride, queryPools },
    patchPadding: side(args, "patch_padding", 3),
    activation: activationOf("gelu"),
    epsilon: 1e-6,
    stages: timmStages(timm, weights, (stage) => (maskUnit[0] * maskUnit[1]) / queryStride ** (2 * Math.min(stage, queryPools))),
    positions: (grid) => timmPositions(weights, grid, maskUnit, [imageSize[0] / patchStride, imageSize[1] / patchStride]),
  };
}

/** Heads multiply with each stage; a first block attends as the stage before did. */
function timmStages({ name, args }: TimmConfig, weights: Weights, unit: (stage: number) => number): HieraStage[] {
  const local = list(args, "mask_unit_attn", [true, true, false, false]);
  const more = number(args, "head_mul", 2);
  let heads = integer(args, "num_heads", /_huge_/.test(name) ? 4 : /_(large|base_plus)_/.test(name) ? 2 : 1);
  let [start, end] = [0, 0];
  return depthsOf(args, weights).map((depth, i) => {
    if (i > 0) heads = Math.floor(heads * more);
    [start, end] = [end, end + depth];
    const blocks = numbered("blocks", start, end);
    return { blocks, heads, unit: local[i] ? unit(i) : 0, firstUnit: local[Math.max(i - 1, 0)] ? unit(i) : 0 };
  });
}

/** A stage begins where blocks become wider. */
function depthsOf(args: Config, weights: Weights): number[] {
  if (args.stages) return list(args, "stages", []).map((depth) => integerOf(depth, "stages"));
  const dims = numbered("blocks", 0, weights.count("blocks")).map((block) => shapeOf(weights, `${block}.attn.proj.weight`)[0]);
  const starts = dims.flatMap((width, i) => (width === dims[i - 1] ? [] : [i]));
  return starts.map((start, i) => (starts[i + 1] ?? dims.length) - start);
}

/** A row for each token; or planes that are resized to all of them and a mask unit's that are repeated (arXiv 2311.05613). */
function timmPositions(weights: Weights, grid: Size, unit: Size, storedGrid: Size): Float32Array {
  const dim = shapeOf(weights, "patch_embed.proj.weight")[0];
  if (!weights.has("pos_embed_win")) {
    if (storedGrid[0] === grid[0] && storedGrid[1] === grid[1])
      return weights.get("pos_embed", [storedGrid[0] * storedGrid[1], dim]).data;
    throw new S2Error(
      "input",
      `Images leave a grid of ${px(grid)}; this Hiera of timm has positions for ${px(storedGrid)} only. Leave imageSize out.`,
    );
  }
  const [, , rows, cols] = shapeOf(weights, "pos_embed");
  const tokens = (name: string, [height, width]: Size) =>
    transposed({ ...weights.get(name, [1, dim, height, width]), dims: [dim, height * width] }).data;
  const all = Float32Array.from(resizedGrid(tokens("pos_embed", [rows, cols]), [rows, cols], grid, dim, true));
  const repeated = tokens("pos_embed_win", unit);
  for (let i = 0; i < all.length; i++) {
    const [token, channel] = [Math.floor(i / dim), i % dim];
    const [row, col] = [Math.floor(token / grid[1]) % unit[0], (token % grid[1]) % unit[1]];
    all[i] += repeated[(row * unit[1] + col) * dim + channel];
  }
  return all;
}

const numbered = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${name}.${from + i}`);

function list(config: Config, key: string, otherwise: readonly unknown[]): readonly unknown[] {
  const value = config[key] ?? otherwise;
  if (Array.isArray(value)) return value;
  throw new S2Error(
    "architecture",
    `config.json has ${key} ${JSON.stringify(value)}; expected a list with an entry for each stage.`,
  );
}

function integerOf(value: unknown, key: string): number {
  return integer({ [key]: value }, key);
}
