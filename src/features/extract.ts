/** `extract`: from an image's pixels and a model to features, every scale made from the image itself. */
import {
  type CutTile,
  type Fused,
  type Hooks,
  isPlan,
  runPlan,
  type S2Plan,
  type ScalePlan,
  type VisionModel,
} from "../core/index.ts";
import { imagenet, normalizer, type Photo, type Pixels, type Preprocessing } from "../images/index.ts";
import { type Features, makeFeatures } from "./features.ts";
import { type ImagePlanOptions, planImage } from "./plan-image.ts";
import { scalePixels } from "./scale-pixels.ts";

/** Options of `extract`. */
export interface ExtractOptions extends ImagePlanOptions {
  /** Rescaling and normalization of pixels; default: the model's, else ImageNet's mean and deviation. */
  preprocessing?: Preprocessing;
}

/** A model that may know how its pixels are prepared, as `loadModel` and `fromTransformers` give. */
export interface ImageModel extends VisionModel {
  /** Rescaling and normalization that the model was trained with. */
  readonly preprocessing?: Preprocessing;
}

/**
 * Extracts multi-scale features of an image: each scale is resized from the image's own pixels as Pillow does, cut, run and fused (paper §3.1 on real
 * high resolution, as the authors advise). Takes options or a plan (`planImage`, `planDynamicS2`).
 * @throws S2Error before the model runs when image, options and model do not fit.
 */
export async function extractImage(
  model: ImageModel,
  image: Photo,
  options: ExtractOptions | (S2Plan & Hooks & Pick<ExtractOptions, "preprocessing">) = {},
): Promise<Features> {
  const { preprocessing = model.preprocessing ?? imagenet, ...rest } = options;
  const resized = new Map<number, Pixels>(); // what the plan looked at is not resized again
  const pixelsOf = (tilePlan: S2Plan, index: number): Pixels => {
    const pixels = resized.get(index) ?? scalePixels(image, tilePlan, index, preprocessing.filter);
    resized.set(index, pixels);
    return pixels;
  };
  const plan = isPlan(rest) ? withoutHooks(rest) : planImage(image, rest, model.traits, pixelsOf);
  const write = normalizer(preprocessing);
  const prepare = (scale: ScalePlan, index: number): CutTile => {
    const pixels = pixelsOf(plan, index);
    resized.delete(index);
    return (_, top, left, out, offset) => write(pixels, top, left, scale.tile[0], scale.tile[1], out, offset);
  };
  const { width, height, channels, data } = image;
  // What is no RGB image is left to the tiles, which refuse it.
  const isRgb = channels === 3 && data.length === 3 * width * height;
  const images = isRgb ? ({ kind: "bytes", width, height, data, preprocessing } as const) : undefined;
  const fused = await runPlan(model, plan, { batch: 1, channels: 3, images, prepare }, rest);
  const assumed = options.preprocessing === undefined && model.preprocessing === undefined;
  const said = assumed ? { ...plan, warnings: [...plan.warnings, assumedPreprocessing] } : plan;
  return makeFeatures(plan.outputShape === "bchw" ? mapToTokens(fused) : fused, said);
}

/** Warning for features of a model that does not say how its images are prepared. */
export const assumedPreprocessing = {
  code: "preprocessing-assumed",
  message:
    "Neither the model's file nor a config file beside it says how images are prepared, so ImageNet's mean and standard deviation were taken. " +
    "Features are wrong where the model was trained with others: put its preprocessor_config.json beside it, or pass preprocessing.",
};

/** Features keep their plan, and a plan is plain JSON. */
function withoutHooks({ signal: _, onProgress: __, onScale: ___, ...plan }: S2Plan & Hooks): S2Plan {
  return plan;
}

function mapToTokens(fused: Fused): Fused {
  const [, channels, rows, cols] = fused.features.dims;
  const cells = rows * cols;
  const data = new Float32Array(channels * cells);
  for (let t = 0; t < cells; t++) for (let c = 0; c < channels; c++) data[t * channels + c] = fused.features.data[c * cells + t];
  return { ...fused, features: { dims: [1, cells, channels], data } };
}
