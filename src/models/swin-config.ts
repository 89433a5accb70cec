/** Reads transformers' and timm's configs of Swins: windows, also at grids smaller than they are, and the names of weights. */
import { S2Error } from "../core/index.ts";
import type { Config, Family, Size } from "./architecture.ts";
import { flag, integer, number, size } from "./config.ts";
import { shapeOf } from "./hierarchy.ts";
import { activationOf } from "./mlp.ts";
import { describeSwin, type Swin } from "./swin.ts";
import { readTimmConfig } from "./timm-config.ts";
import type { Naming, Weights } from "./weights.ts";
import type { Cut } from "./windows.ts";

/** Names of the graph are timm's. */
const names: Naming["names"] = [
  [/^patch_embed\.proj\./, "embeddings.patch_embeddings.projection."],
  [/^patch_embed\.norm\./, "embeddings.norm."],
  [/^layers\./, "encoder.layers."],
  [/^norm\./, "layernorm."],
  [/^head\.fc\./, "classifier."],
  [".norm1.", ".layernorm_before."],
  [".norm2.", ".layernorm_after."],
  [".attn.proj.", ".attention.output.dense."],
  [".attn.", ".attention.self."],
  [".cpb_mlp.", ".continuous_position_bias_mlp."],
  [".mlp.fc1.", ".intermediate.dense."],
  [".mlp.fc2.", ".output.dense."],
];

const ofTransformers = (prefix: string, version: 1 | 2): Family => ({
  ...{ prefix, names },
  read: (config, weights) => describeSwin(readTransformers(config, weights, version), weights),
});
const ofTimm = (version: 1 | 2): Family => ({
  read: (config, weights) => describeSwin(readTimm(config, weights, version), weights),
});
export const [swin, swinV2] = [ofTransformers("swin", 1), ofTransformers("swinv2", 2)];
export const [timmSwin, timmSwinV2] = [ofTimm(1), ofTimm(2)];

function readTransformers(config: Config, weights: Weights, version: 1 | 2): Swin {
  if (flag(config, "use_absolute_embeddings", false))
    throw new S2Error(
      "architecture",
      "config.json has use_absolute_embeddings; Swin is built without them (transformers does not run it with them).",
    );
  const window = integer(config, "window_size", 7);
  const imageSize = size(config, "image_size", 224);
  const grid = gridOf(imageSize, weights);
  return {
    ...{ version, source: "transformers", imageSize },
    activation: activationOf(config.hidden_act ?? "gelu"),
    epsilon: number(config, "layer_norm_eps", 1e-5),
    mask: version === 1 ? -100 : -200, // Swin V2 adds its mask of -100 twice.
    cut: (stage, stageGrid) => {
      // The side that decides: the shorter one, or in Swin V2 the height that images of the config's size have.
      const side = version === 1 ? Math.min(...stageGrid) : halved(grid, stage)[0];
      return square(side, window);
    },
    pretrainedWindows: perStage(config.pretrained_window_sizes, weights, [0, 0], "pretrained_window_sizes"),
  };
}

/** Windows of a grid that `side` decides about: it is one window where it is not longer than one, and then nothing is shifted. */
function square(side: number, window: number): Cut {
  const half = Math.floor(window / 2);
  return side <= window
    ? { size: [side, side], shift: [0, 0], padsFirst: true }
    : { size: [window, window], shift: [half, half], padsFirst: true };
}

/** timm's Swin, version 1 or 2. */
export function readTimm(config: Config, weights: Weights, version: 1 | 2): Swin {
  const supported = ["img_size", "patch_size", "window_size", "num_heads", "head_dim", "qkv_bias"];
  const newer = version === 2 ? ["act_layer", "pretrained_window_sizes"] : [];
  const { name, args, imageSize } = readTimmConfig(config, [...supported, ...newer], { always_partition: false });
  const windows = timmWindows(name, args.window_size, weights);
  return {
    ...{ version, source: "timm", imageSize, epsilon: 1e-5, mask: -100 },
    activation: activationOf(args.act_layer ?? "gelu"),
    cut: (stage, _, image) => {
      const sides = halved(gridOf(image, weights), stage);
      const cutOff = sides.map((side, axis) => Math.min(side, windows[stage][axis]));
      const shift = sides.map((side, axis) => (side <= windows[stage][axis] ? 0 : Math.floor(windows[stage][axis] / 2)));
      return { size: cutOff as unknown as Size, shift: shift as unknown as Size, padsFirst: false };
    },
    pretrainedWindows: args.pretrained_window_sizes
      ? perStage(args.pretrained_window_sizes, weights, [0, 0], "pretrained_window_sizes")
      : pretrainedWindows(name, weights),
  };
}

/** Whole patches of an image; grids that do not halve count as the smaller half here, though their tokens are padded to the larger. */
function gridOf(image: Size, weights: Weights): Size {
  const patch = shapeOf(weights, "patch_embed.proj.weight")[2];
  return [Math.floor(image[0] / patch), Math.floor(image[1] / patch)];
}

const halved = (grid: Size, stage: number): Size => [Math.floor(grid[0] / 2 ** stage), Math.floor(grid[1] / 2 ** stage)];

/** By the argument, the name (`window7`, `window12to16`) or the stages' tables of (2w - 1)² relative positions (the s3 models). */
function timmWindows(name: string, argument: unknown, weights: Weights): readonly Size[] {
  const stages = weights.count("layers");
  if (Array.isArray(argument) && argument.length === 2) return Array<Size>(stages).fill([argument[0], argument[1]]);
  const [, from, to] = /_window(\d+)(?:to(\d+))?/.exec(name) ?? [];
  if (argument || from) return perStage(argument ?? Number(to ?? from), weights, [7, 7], "window_size");
  return Array.from({ length: stages }, (_, i) => {
    const side = (Math.sqrt(shapeOf(weights, `layers.${i}.blocks.0.attn.relative_position_bias_table`)[0]) + 1) / 2;
    return [side, side];
  });
}

/** `window12to16_192to256`: learned with windows of 12 patches of 4 pixels in images of 192, the whole grid where that is smaller. */
function pretrainedWindows(name: string, weights: Weights): readonly Size[] {
  const [, window, image] = /_window(\d+)to\d+_(\d+)to\d+/.exec(name) ?? [];
  return Array.from({ length: weights.count("layers") }, (_, i) => {
    const side = window ? Math.min(Number(window), Math.floor(Number(image) / 4 / 2 ** i)) : 0;
    return [side, side];
  });
}

/** One for all stages, or one for each: a number for squares or [height, width]. */
function perStage(value: unknown, weights: Weights, otherwise: Size, key: string): readonly Size[] {
  return Array.from({ length: weights.count("layers") }, (_, i) => {
    const given = Array.isArray(value) ? value[i] : value;
    if (given === undefined || given === null) return otherwise;
    const sides = Array.isArray(given) ? given : [given, given];
    if (sides.length === 2 && sides.every((side) => Number.isInteger(side) && side >= 0)) return [sides[0], sides[1]];
    throw new S2Error(
      "architecture",
      `config.json has ${key} ${JSON.stringify(value)}; expected a window's side for all stages or for each.`,
    );
  });
}
