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
  s2OptionNames,
  type Traits,
} from "../core/index.ts";

type Size = readonly [height: number, width: number];

/** S² on an image. Sizes count in the model's size, not the image's: scale 2 of a 224 model is 448. */
export interface ImagePlanOptions
  extends Omit<S2Options, "scales">,
    Partial<Pick<DynamicS2Options, "tile" | "maxTiles" | "gridChoice">> {
  /**
   * Multiples of the model's size; default [1, 2] unless `imgSizes` is given. With `maxTiles` (Dynamic S²) either these, beginning with 1,
   * or sides in pixels as `planDynamicS2` takes them.
   */
  scales?: readonly number[];
  /**
   * "keep" (default): the image's shape is kept, its short side is the size; `splitMode` is "pad" unless given, the long side whole tokens.
   * "squash": all of the image in a square. "crop": the centered square.
   */
  fit?: "keep" | "squash" | "crop";
  /** Refuses to plan more tiles for one image. Default 1024. */
  maxTilesPerImage?: number;
}

/**
 * Plans S² for an image; sizes, prefix tokens, tile size and layout default to what the model's `traits` say.
 * Every scale is resized from the image's own pixels (antialiased), and scales above its resolution are said so in the warnings.
 * @throws S2Error "fit", "model-size", "too-many-tiles" and those of `planS2`.
 */
export function planImage(image: { height: number; width: number }, options: ImagePlanOptions, traits: Traits = {}): S2Plan {
  if (options.maxTiles !== undefined) return planDynamic(image, options, traits);
  checkNames(options, [...s2OptionNames, "fit", "maxTilesPerImage"]);
  const { fit = "keep", maxTilesPerImage, ...given } = options;
  oneOf("fit", "fit", fit, ["keep", "squash", "crop"]);
  const tile = modelSize(given, traits);
  const region = fit === "crop" ? centered(image, tile) : { left: 0, top: 0, width: image.width, height: image.height };
  const wholeTokens = (length: number) => {
    const patch = traits.patchSize ?? 1;
    return Math.max(1, Math.round(length / patch)) * patch;
  };
  const fitted = ([height, width]: Size): Size => {
    if (fit !== "keep") return [height, width];
    const [imageHeight, imageWidth] = [image.height, image.width];
    return imageHeight <= imageWidth
      ? [height, wholeTokens((height * imageWidth) / imageHeight)]
      : [wholeTokens((width * imageHeight) / imageWidth), width];
  };
  const { scales = given.imgSizes ? undefined : [1, 2], ...rest } = given;
  const base = fitted(tile);
  const imgSizes = scales
    ? scales.map((scale): Size => [Math.round(base[0] * scale), Math.round(base[1] * scale)])
    : given.imgSizes?.map((size) => (typeof size === "number" ? fitted([size, size]) : size));
  limitTiles(image, imgSizes ? countTiles(imgSizes, tile) : 0, maxTilesPerImage); // before all of them are laid out
  const plan = planS2(
    { height: Math.ceil(region.height), width: Math.ceil(region.width) },
    {
      ...withModelsTokens(rest, traits),
      imgSizes,
      maxSplitSize: tile,
      splitMode: given.splitMode ?? (fit === "keep" ? "pad" : "exact"),
      antialias: true,
    },
    traits,
  );
  limitTiles(image, plan.tiles, maxTilesPerImage); // tiles that overlap are more
  return forImage(plan, image, region, given.numPrefixToken !== undefined);
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
