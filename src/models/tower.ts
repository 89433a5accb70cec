/** A language model's vision tower on its own: from tiles to the hidden state that the config selects. */

import { S2Error, type Tower } from "../core/index.ts";
import { type ModelProto, writeOnnx } from "../onnx/index.ts";
import type { Config } from "./architecture.ts";
import { buildFromTensors } from "./build.ts";
import { flag, integer, nested, side } from "./config.ts";
import { readTensors, type Tensors, towerTensors, type WeightFiles } from "./llava-weights.ts";
import { vitTypes, withDefaults } from "./transformers-vit.ts";

/**
 * The tower as an ONNX file for `loadModel` and `visualTokens`: `pixel_values` [tiles, 3, tile, tile] to tokens, prefix tokens first.
 * `config` has the tower's own config as `vision_config`; `weights` may be those of the whole language model.
 * @throws S2Error as `readTowerConfig` and `buildModel`.
 */
export function buildTower(config: object, weights: WeightFiles): Uint8Array {
  return writeOnnx(towerProto(config as Config, readTowerConfig(config), readTensors(weights)));
}

export function towerProto(config: Config, { tile, layer }: Tower, tensors: Tensors): ModelProto {
  const options = { outputs: [`hidden_states.${layer}`], imageSize: tile };
  return buildFromTensors(nested(config, "vision_config"), towerTensors(tensors), options);
}

/**
 * A language model's vision tower from its config: LLaVA's and VILA's own fields (`mm_vision_select_layer`, `s2_scales` ...) or
 * transformers' (`vision_feature_layer` ...), with the same fields for S². The tower's own config is read from `vision_config`.
 * @throws S2Error "tower" for what is no S² and no single square (anyres, InternVL's tiling, PS3), or is not clear.
 */
export function readTowerConfig(config: object): Tower {
  const given = config as Config;
  refuseOthers(given);
  const dynamic = flag(given, "dynamic_s2", false);
  const scales = dynamic || flag(given, "s2", false) ? readScales(given.s2_scales ?? "336,672,1008") : [ownSize(given)];
  return {
    kind: dynamic ? "dynamic-s2" : "s2",
    scales,
    // LLaVA's tile is its smallest scale, as is NVILA's, which ignores s2_max_split_size.
    tile: dynamic || scales.length === 1 ? scales[0] : integer(given, "s2_max_split_size", scales[0]),
    resizeOutputToIdx: scales.length === 1 ? 0 : index(given, "s2_resize_output_to_scale_idx", 0),
    maxTiles: integer(given, "max_tiles", 12),
    layer: index(given, given.mm_vision_select_layer === undefined ? "vision_feature_layer" : "mm_vision_select_layer", -2),
    prefix: readPrefix(given),
    fit: readFit(given),
    ...readProjector(given),
  };
}

function refuseOthers({ ps3, image_aspect_ratio: shape, dynamic_s2: dynamicS2 }: Config): void {
  const other = ps3 ? "PS3" : /anyres|^dynamic/.exec(String(shape)) && !dynamicS2 ? `image_aspect_ratio "${shape}"` : undefined;
  if (!other) return;
  throw new S2Error(
    "tower",
    `The tower looks at images by ${other}, whose tiles' tokens stand one after the other: that is no S². Expected s2, dynamic_s2 or a single square.`,
  );
}

/** Reads scales, "336,672" or a list, and sorts them as LLaVA and VILA do. */
function readScales(value: unknown): number[] {
  const items = typeof value === "string" ? value.split(",").map(Number) : value;
  const sides = Array.isArray(items) && items.every((item) => Number.isInteger(item) && item > 0) ? (items as number[]) : [];
  if (sides.length > 0) return sides.sort((a, b) => a - b);
  throw new S2Error(
    "tower",
    `s2_scales is ${JSON.stringify(value)}; expected sides in pixels with commas between: "336,672,1008".`,
  );
}

/** The side of the only scale where there is no S². */
function ownSize(config: Config): number {
  const tower = nested(config, "vision_config");
  const type = vitTypes.find((known) => known === tower.model_type);
  if (type || tower.image_size !== undefined) return side(type ? withDefaults(tower, type) : tower, "image_size");
  throw new S2Error(
    "tower",
    "The config has neither s2_scales nor a vision_config with image_size; put the tower's own config.json in as vision_config.",
  );
}

function index(config: Config, key: string, otherwise: number): number {
  const value = config[key] ?? otherwise;
  if (Number.isInteger(value)) return value as number;
  throw new S2Error("tower", `config.json has ${key} ${JSON.stringify(value)}; expected one whole number, such as ${otherwise}.`);
}

function readPrefix(config: Config): Tower["prefix"] {
  const words = { patch: "drop", default: "drop", cls_patch: "keep", full: "keep" } as const;
  const word = String(config.mm_vision_select_feature ?? config.vision_feature_select_strategy ?? "patch");
  if (Object.hasOwn(words, word)) return words[word as keyof typeof words];
  throw new S2Error(
    "tower",
    `The tower's features are "${word}"; expected patch or cls_patch (transformers calls them default and full).`,
  );
}

/** Follows `process_image` of VILA and `process_images` of LLaVA, else the tower's processor: CLIP's crops, SigLIP's squashes. */
function readFit(config: Config): Tower["fit"] {
  const { image_aspect_ratio: shape, mm_vision_tower: name, vision_tower_cfg: path } = config;
  if (shape === "pad") return "pad";
  if (shape === "resize" && path !== undefined) return "squash"; // VILA; LLaVA takes "resize" for its processor's way
  const type = nested(config, "vision_config").model_type ?? name ?? JSON.stringify(path);
  return /siglip/i.test(String(type)) ? "squash" : "crop";
}

function readProjector(config: Config): Pick<Tower, "projector"> {
  const projector = typeof config.mm_projector_cfg === "object" ? nested(config, "mm_projector_cfg") : {};
  const ofTransformers = config.model_type === "llava" && config.text_config ? "mlp2x_gelu" : undefined;
  const ofLlava = config.mm_vision_tower === undefined ? undefined : "linear";
  const type = config.mm_projector_type ?? projector.mm_projector_type ?? ofTransformers ?? ofLlava;
  const { projector_hidden_act: activation = "gelu" } = config;
  if (activation !== "gelu")
    throw new S2Error("tower", `The projector's activation (projector_hidden_act) is ${activation}; projectors here have gelu.`);
  if (typeof type !== "string") return {};
  // Same name, same weights, another order of tokens: only NVILA's code writes these fields, and only VILA-1.5's lists columns.
  const nvila = ["dynamic_s2", "max_tiles", "image_encoder"].some((key) => Object.hasOwn(config, key));
  return { projector: { type, order: type === "mlp_downsample" && !nvila ? "columns" : "rows" } };
}
