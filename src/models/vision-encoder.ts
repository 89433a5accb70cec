import { planTower, readShape, S2Error, type S2Plan, type Tower } from "../core/index.ts";
import {
  convertProto,
  embeddedTraits,
  finishGraph,
  input,
  metadataOf,
  newGraph,
  opsetOf,
  output,
  Slice,
  withMetadata,
  writeOnnx,
} from "../onnx/index.ts";
import type { Config } from "./architecture.ts";
import { type Backbone, readBackbone } from "./backbone.ts";
import { checkDtype, s2Graph } from "./export.ts";
import { readTensors, type Tensors, type WeightFiles } from "./llava-weights.ts";
import { project } from "./projector.ts";
import { readTowerConfig, towerProto } from "./tower.ts";

/** Options of `exportVisionEncoder`. */
export interface VisionEncoderOptions {
  /** Sides in pixels, the first the tower's own: S² for a config that has none, or other scales than it has. */
  readonly scales?: readonly number[];
  /** Filter before shrinking; released LLaVA and VILA weights were trained without. Default false. */
  readonly antialias?: boolean;
  /** Tiles that the tower takes at a time; default a scale at once. */
  readonly splitForward?: number;
  /** "float16" halves the file: weights are stored in half precision, the arithmetic stays float32. */
  readonly dtype?: "float32" | "float16";
  /** The folder's preprocessor_config.json; changes are written into a copy. */
  readonly preprocessor?: object;
  /** The folder's processor_config.json. */
  readonly processor?: object;
}

/** The files of a vision encoder with S². */
export interface VisionEncoder {
  /** `onnx/vision_encoder.onnx`: `pixel_values` [batch, 3, side, side] to `image_features` [batch, tokens, width]. */
  readonly file: Uint8Array;
  /** Tokens of one image, with prefix tokens where the tower keeps them. */
  readonly tokens: number;
  /** The tower that the config describes. */
  readonly tower: Tower;
  /** The plan of its scales. */
  readonly plan: S2Plan;
  /** The folder's JSON files as they must be with it: images in the largest size, as many image tokens as there are. */
  readonly configs: {
    readonly "config.json": object;
    readonly "preprocessor_config.json": object;
    readonly "processor_config.json": object;
  };
}

/**
 * Makes the files that let a LLaVA-like folder use S²: the vision encoder as transformers.js loads it, and the folder's changed JSON files. `config` is
 * the folder's config.json with the tower's own as `vision_config`, `weights` the files that hold tower and projector. Resizing to
 * the largest scale, cropping and normalizing stay the processor's; smaller scales, tiles, pooling and the projector are in the graph.
 * @throws S2Error "tower" for Dynamic S², whose grid follows each image; "projector-width" for weights of another number of scales; those of
 * `readTowerConfig`, `buildTower`, `buildProjector` and `planS2`; "too-large" above 1.9 GB.
 */
export function exportVisionEncoder(config: object, weights: WeightFiles, options: VisionEncoderOptions = {}): VisionEncoder {
  const { scales, antialias, splitForward, dtype = "float32", preprocessor = {}, processor = {} } = options;
  checkDtype(dtype);
  const s2Config = scales ? withScales(config as Config, scales) : (config as Config);
  const tower = readTowerConfig(s2Config);
  if (tower.kind === "dynamic-s2") refuseDynamic();
  const tensors = readTensors(weights);
  const backbone = readBackbone(towerProto(s2Config, tower, tensors));
  const plan = planFor(tower, backbone, { antialias, splitForward });
  const { encoder, tokens, prefix, grid } = encoderGraph(backbone, plan, tower, tensors);
  return {
    file: writeOnnx(dtype === "float16" ? convertProto(encoder) : encoder),
    ...{ tokens, tower, plan },
    configs: {
      "config.json": { ...s2Config, image_seq_length: tokens },
      "preprocessor_config.json": preprocessorFor(tower, preprocessor),
      "processor_config.json": processorFor({ side: plan.image[0], grid, prefix }, withImages(processor, tower)),
    },
  };
}

/** transformers 5 keeps the images' processor in here, and reads it before preprocessor_config.json. */
function withImages(processor: object, tower: Tower): object {
  const { image_processor: images } = processor as Config;
  return images ? { ...processor, image_processor: preprocessorFor(tower, images) } : processor;
}

/** The config with S² on squares of these sides, whatever it asked for. */
function withScales(config: Config, scales: readonly number[]): Config {
  const notDynamic = config.dynamic_s2 === undefined ? {} : { dynamic_s2: false, image_aspect_ratio: "resize" };
  return { ...config, ...notDynamic, s2: true, s2_scales: scales.join(",") };
}

function refuseDynamic(): never {
  throw new S2Error(
    "tower",
    "The config asks for Dynamic S², whose tiles follow each image's shape; one graph has one shape. Use visualTokens, or give scales for S² on squares.",
  );
}

/** The file says what it is: prefix tokens and patch are the tower's own. */
function planFor(tower: Tower, { model }: Backbone, options: Parameters<typeof planTower>[3]): S2Plan {
  const side = Math.max(...tower.scales);
  return planTower(tower, { height: side, width: side }, embeddedTraits(metadataOf(model)), options);
}

function encoderGraph(backbone: Backbone, plan: S2Plan, tower: Tower, tensors: Tensors) {
  const { numPrefixToken, scales, outputScale } = plan;
  const graph = newGraph(opsetOf(backbone.model));
  const images = input(graph, "pixel_values", "float32", ["batch", backbone.channels, ...plan.image]);
  const all = s2Graph(graph, images, backbone, plan);
  const [prefix, dropped] = tower.prefix === "keep" ? [numPrefixToken, 0] : [0, numPrefixToken];
  const features = dropped > 0 ? Slice(all, dropped, Number.POSITIVE_INFINITY, 1) : all;
  const { rows, tile } = scales[outputScale];
  const side = rows * readShape(backbone.dims(tile), tile, plan, {}).grid.rows;
  const shaped = { ...features, dims: ["batch", prefix + side * side, features.dims[2]] };
  const projected = project(shaped, tensors, tower.projector, { side, scales: scales.length });
  output(projected, "image_features");
  const encoder = withMetadata(finishGraph(graph, "vision_encoder"), { "s2.plan": JSON.stringify(plan) });
  const tokens = projected.dims[1] as number;
  return { encoder, tokens, prefix, grid: Math.sqrt(tokens - prefix) };
}

/**
 * A preprocessor_config.json for the tower, as LLaVA and VILA change theirs when it is loaded: the sizes that it has become the largest
 * scale's, or, for Dynamic S², that of a tile.
 */
export function preprocessorFor(tower: Tower, preprocessor: object): object {
  const side = tower.kind === "dynamic-s2" ? tower.tile : Math.max(...tower.scales);
  const resized = Object.entries(preprocessor)
    .filter(([key]) => key === "size" || key === "crop_size")
    .map(([key, value]) => [key, sizeOf(value, side)]);
  const sizes = tower.fit === "squash" ? { size: { height: side, width: side } } : cropped(side);
  return { ...preprocessor, ...(resized.length > 0 ? Object.fromEntries(resized) : sizes) };
}

const cropped = (side: number) => ({ size: { shortest_edge: side }, crop_size: { height: side, width: side } });

function sizeOf(value: unknown, side: number): unknown {
  if (typeof value !== "object" || value === null) return side;
  return Object.fromEntries(Object.keys(value).map((key) => [key, side]));
}

/**
 * A processor_config.json: transformers counts an image's tokens as (side / patch_size)² and the additional ones, so the "patch" here is
 * what one token of the encoder covers. "full" keeps transformers in Python from taking one off again.
 */
export function processorFor({ side, grid, prefix }: { side: number; grid: number; prefix: number }, processor: object): object {
  const patch = Math.ceil(side / grid);
  const counted = Math.floor(side / patch) ** 2;
  return {
    ...processor,
    ...{ patch_size: patch, num_additional_image_tokens: grid * grid + prefix - counted, vision_feature_select_strategy: "full" },
  };
}
