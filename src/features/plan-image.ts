/** From an image's size, a model's traits and options to a plan: which part of the image is seen, at which sizes. */
import {
  type Box,
  badOption,
  checkNames,
  type DynamicS2Options,
  dynamicNames,
  oneOf,
  planDynamicS2,
  planS2,
  px,
  S2Error,
  type S2Options,
  type S2Plan,
  type SplitMode,
  s2OptionNames,
  type Traits,
} from "../core/index.ts";
import type { Photo } from "../images/index.ts";
import { PRESETS } from "./presets.ts";
import { scalePixels } from "./scale-pixels.ts";
import { type SkipOptions, skipTiles } from "./skip-tiles.ts";

type Size = readonly [height: number, width: number];

/** Names that `planImage` knows beside those of `planS2`. */
const ownNames = ["fit", "maxTilesPerImage", "minDetail", "tileFraction", "preset"];

/** S² on an image. Sizes count in the model's size, not the image's: scale 2 of a 224 model is 448. */
export interface ImagePlanOptions
  extends Omit<S2Options, "scales">,
    Partial<Pick<DynamicS2Options, "tile" | "maxTiles" | "gridChoice">>,
    SkipOptions {
  /**
   * "dense": the options that were measured best for masks, depth and places; "global": those for classes and search by whole images, at the tiles of
   * square images (docs/decisions/0019-whole-image-first.md). Other options override them.
   */
  preset?: keyof typeof PRESETS;
  /**
   * Multiples of the model's size; default [1, 2] unless `imgSizes` is given. With `maxTiles` (Dynamic S²) either these, beginning with 1,
   * or sides in pixels as `planDynamicS2` takes them.
   */
  scales?: readonly number[];
  /**
   * "whole" (default): the whole image squashed into one tile, and the sizes above in the image's own shape, their short side the size and their tiles
   * shifted inward so that they cover it without padding (`splitMode` "cover"). "within": the same with the long side the size, the short one at least
   * a tile: no image has more tiles than a square one.
   * "keep": the image's shape at every size; `splitMode` is "pad" unless given. "squash": all of the image in a square. "crop": the centered square.
   */
  fit?: (typeof FITS)[number];
  /** Refuses to plan more tiles for one image. Default 1024. */
  maxTilesPerImage?: number;
}

const FITS = ["whole", "within", "keep", "squash", "crop"] as const;

/** Fills in the preset and the defaults that decide what features are, for a fingerprint that outlives them. */
export function explicitOptions({ preset, ...options }: ImagePlanOptions): ImagePlanOptions {
  if (preset !== undefined) oneOf("option", "preset", preset, Object.keys(PRESETS));
  if (options.maxTiles !== undefined) {
    if (preset === undefined) return options; // Dynamic S² has sizes and a shape of its own
    const both = { option: ["preset", "maxTiles"] };
    throw new S2Error(
      "option",
      "Both preset and maxTiles (Dynamic S²) are given, and each has sizes of its own; give one of them.",
      both,
    );
  }
  const usual: ImagePlanOptions = { fit: "whole", fusion: "bilinear", scales: [1, 2], ...(preset && PRESETS[preset]) };
  if (options.imgSizes) delete usual.scales;
  if (options.resizeOutputToIdx !== undefined) delete usual.outputScale;
  return { ...usual, ...options };
}

/**
 * Plans S² for an image; sizes, prefix tokens, tile size and layout default to what the model's `traits` say.
 * Every scale is resized from the image's own pixels (antialiased), and scales above its resolution are said so in the warnings.
 * Tiles are skipped (`minDetail`, `tileFraction`) where the image has pixels; `pixelsOf` gives it at a scale.
 * @throws S2Error "fit", "model-size", "too-many-tiles" and those of `planS2`.
 */
export function planImage(
  image: { height: number; width: number } | Photo,
  options: ImagePlanOptions,
  traits: Traits = {},
  pixelsOf = "data" in image ? (plan: S2Plan, index: number) => scalePixels(image, plan, index, "bicubic") : undefined,
): S2Plan {
  const { minDetail, tileFraction, ...given } = explicitOptions(options);
  const plan = given.maxTiles === undefined ? planFitted(image, given, traits) : planDynamic(image, given, traits);
  return pixelsOf ? skipTiles(plan, { minDetail, tileFraction }, (index) => pixelsOf(plan, index)) : plan;
}

function planFitted(image: { height: number; width: number }, options: ImagePlanOptions, traits: Traits): S2Plan {
  checkNames(options, [...s2OptionNames, ...ownNames]);
  const { fit = "whole", maxTilesPerImage, scales, ...given } = options;
  if (scales && given.imgSizes) {
    const both = { option: ["scales", "imgSizes"] };
    throw new S2Error("no-scales", "Both scales and imgSizes (pixels) are given; give one of them.", both);
  }
  oneOf("fit", "fit", fit, FITS);
  const tile = modelSize(given, traits);
  const region = fit === "crop" ? centered(image, tile) : { left: 0, top: 0, width: image.width, height: image.height };
  const { sizes, splitMode } = sizesOf(image, { ...given, scales, fit }, tile, traits.patchSize);
  limitTiles(image, sizes ? countTiles(sizes, tile) : 0, maxTilesPerImage); // before all of them are laid out
  const plan = planS2(
    { height: Math.ceil(region.height), width: Math.ceil(region.width) },
    { ...withModelsTokens(given, traits), imgSizes: sizes, maxSplitSize: tile, splitMode, antialias: true },
    traits,
  );
  limitTiles(image, plan.tiles, maxTilesPerImage); // tiles that overlap are more
  return forImage(plan, image, region, given.numPrefixToken !== undefined);
}

/** The size of each scale, and how it is cut. Tiles with common tokens need a patch size and tiles of whole tokens; without them sizes are whole tiles. */
function sizesOf(
  image: { height: number; width: number },
  { fit, scales, imgSizes, splitMode: asked }: ImagePlanOptions,
  tile: Size,
  patchSize?: number,
): { sizes: readonly (number | Size)[] | undefined; splitMode: SplitMode } {
  const patch = patchSize ?? 1;
  const isWholeTokens = (size: Size) => patchSize !== undefined && size[0] % patch === 0 && size[1] % patch === 0;
  const pairs = (imgSizes ?? []).filter((size): size is Size => typeof size !== "number");
  const isWhole = fit === "whole" || fit === "within";
  const wholeMode = pairs.length > 0 && !pairs.every(isWholeTokens) ? "pad" : isWholeTokens(tile) ? "cover" : "exact";
  const splitMode = asked ?? (isWhole ? wholeMode : fit === "keep" ? "pad" : "exact");
  const rounded = (length: number, unit: number) => Math.max(1, Math.round(length / unit)) * unit;
  const unit: Size = isWhole && (splitMode === "exact" || splitMode === "resize") ? tile : [patch, patch];
  /** The short side is the size, with fit "within" the one that fills it; the other is whole tokens or whole tiles. */
  const inShape = ([height, width]: Size): Size => {
    const wide: Size = [height, rounded((height * image.width) / image.height, unit[1])];
    const high: Size = [rounded((width * image.height) / image.width, unit[0]), width];
    if (fit !== "within") return image.height <= image.width ? wide : high;
    return image.height * width <= image.width * height
      ? [Math.max(high[0], tile[0]), width]
      : [height, Math.max(wide[1], tile[1])];
  };
  const fitted = (size: Size): Size => {
    const isShaped = fit === "keep" || (isWhole && (size[0] > tile[0] || size[1] > tile[1]));
    return isShaped ? inShape(isWhole ? [rounded(size[0], unit[0]), rounded(size[1], unit[1])] : size) : size;
  };
  if (!scales) return { sizes: imgSizes?.map((size) => (typeof size === "number" ? fitted([size, size]) : size)), splitMode };
  if (fit !== "keep" || splitMode === "cover")
    return { sizes: scales.map((scale) => fitted([Math.round(tile[0] * scale), Math.round(tile[1] * scale)])), splitMode };
  const base = inShape(tile); // its multiples, so that token grids of all scales end together
  return { sizes: scales.map((scale): Size => [Math.round(base[0] * scale), Math.round(base[1] * scale)]), splitMode };
}

/** Plans Dynamic S² with tiles of the model's size. */
function planDynamic(image: { height: number; width: number }, options: ImagePlanOptions, traits: Traits): S2Plan {
  checkNames(options, [...dynamicNames, "maxTilesPerImage"]);
  const { maxTilesPerImage, maxSplitSize, scales = [1, 2], maxTiles, ...given } = options;
  limitTiles(image, maxTiles!, maxTilesPerImage); // before all grids of so many tiles are tried
  const [tile, width] = maxSplitSize || scales[0] === 1 ? modelSize(options, traits) : [scales[0], scales[0]];
  if (tile !== width) throw badOption("option", "maxSplitSize", [tile, width], "one side, because Dynamic S² has square tiles");
  const settings = withModelsTokens(given, traits);
  const plan = planDynamicS2(image, { ...settings, scales, tile: given.tile ?? tile, maxTiles: maxTiles! }, traits);
  limitTiles(image, plan.tiles, maxTilesPerImage);
  return plan;
}

/** Fills in what the model says of its tokens; a run takes few tiles, so that it needs little memory. */
function withModelsTokens<T extends Partial<S2Options>>(options: T, traits: Traits) {
  return {
    ...options,
    numPrefixToken: options.numPrefixToken ?? traits.prefixTokens ?? 0,
    outputShape: options.outputShape ?? traits.layout ?? ("bnc" as const),
    splitForward: options.splitForward ?? 4,
  };
}

/** Tiles of all sizes when they do not overlap. */
function countTiles(sizes: readonly (number | Size)[], [height, width]: Size): number {
  return sizes
    .map((size) => (typeof size === "number" ? ([size, size] as const) : size))
    .reduce((sum, [h, w]) => sum + Math.ceil(h / height) * Math.ceil(w / width), 0);
}

function modelSize({ maxSplitSize }: S2Options, { imageSize }: Traits): Size {
  if (maxSplitSize) return typeof maxSplitSize === "number" ? [maxSplitSize, maxSplitSize] : maxSplitSize;
  if (imageSize) return imageSize;
  throw new S2Error("model-size", "The model does not say which image size it was made for; pass maxSplitSize, such as 224.", {
    option: "maxSplitSize",
  });
}

/** The largest centered part of the image with the tile's shape. */
function centered({ height, width }: { height: number; width: number }, tile: Size): Box {
  const scale = Math.min(height / tile[0], width / tile[1]);
  const [h, w] = [Math.round(tile[0] * scale), Math.round(tile[1] * scale)];
  return { left: (width - w) / 2, top: (height - h) / 2, width: w, height: h };
}

// `asked`: the caller counts prefix tokens; a caller who leaves them to the model gets no warning of how they are averaged. The plan speaks of the region; its boxes are moved into the image. One resize makes each scale here, so nothing is resized twice.
function forImage(plan: S2Plan, image: { height: number; width: number }, region: Box, asked: boolean): S2Plan {
  const moved = (box: Box): Box => ({ ...box, left: box.left + region.left, top: box.top + region.top });
  const scales = plan.scales.map((scale) => ({ ...scale, tiles: scale.tiles.map(moved) }));
  const warnings = plan.warnings.filter(({ code }) => code !== "resized-twice" && (asked || code !== "diluted-prefix"));
  plan.scales.forEach(({ size }) => {
    const times = Math.max(size[0] / region.height, size[1] / region.width);
    if (times > 1) {
      warnings.push({
        code: "above-image",
        message:
          `The scale of ${px(size)} px is ${times.toFixed(1)} times larger than what the image has (${region.width}x${region.height}): ` +
          "its tiles see enlarged pixels, no new detail.",
      });
    }
  });
  return { ...plan, image: [image.height, image.width], region, scales, antialias: "always", warnings };
}

/** Default of `maxTilesPerImage`; a square image reaches it with scales of 1 to 14. */
const MAX_TILES_PER_IMAGE = 1024;

/** Refuses an image that becomes too many tiles: a strip of 60000x1 pixels would be planned as 300,000 of them. */
function limitTiles(
  { height, width }: { height: number; width: number },
  tiles: number,
  maxTilesPerImage = MAX_TILES_PER_IMAGE,
): void {
  if (!(maxTilesPerImage >= 1)) throw badOption("option", "maxTilesPerImage", maxTilesPerImage, "a number of at least 1");
  if (!(tiles > maxTilesPerImage) || height * width === 0) return; // the plan refuses an empty image
  throw new S2Error(
    "too-many-tiles",
    `An image of ${px([height, width])} px would be cut into ${tiles} tiles at these sizes; the limit is ${maxTilesPerImage}. ` +
      `Crop the image, take smaller scales or fit "crop", or raise maxTilesPerImage to ${tiles}.`,
    { option: ["scales", "fit", "maxTilesPerImage"], received: tiles, expected: `at most ${maxTilesPerImage} tiles` },
  );
}
