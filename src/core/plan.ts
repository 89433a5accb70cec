/** From an image's size and options to a plan: the first half of `s2wrapper.forward`, both of its branches. */
import { nearestMultiple } from "./chessboard.ts";
import { badOption, isCount, px, S2Error } from "./error.ts";
import { layOut, withTraits } from "./layout.ts";
import { checkNames, readOutputScale, readSettings, type Settings } from "./options.ts";
import { checkTraits } from "./traits.ts";
import type { S2Options, S2Plan, ScalePlan, Traits } from "./types.ts";
import { type Warn, warningList, warnings } from "./warnings.ts";

type Size = readonly [height: number, width: number];

/**
 * Plans S² for one image: sizes, tiles, grids, cost, warnings; nothing is run (paper §3.1, reference `forward`).
 * With the model's `traits` the plan is checked against them and knows token grids, channels and multiply-adds.
 * @throws S2Error for options that contradict each other, the image or the traits; docs/errors.md lists the codes.
 */
export function planS2(image: { height: number; width: number }, options: S2Options, traits: Traits = {}): S2Plan {
  checkNames(options);
  const size = imageSize(image);
  const { found, warn } = warningList();
  const settings = readSettings(options, warn);
  const sizes = readSizes(size, options, settings, warn);
  const outputScale = readOutputScale(options, sizes);
  const largestTile = readMaxSplitSize(size, options, settings, warn);
  const scales = sizes.map((s) => planScale(size, s, largestTile, settings, traits));
  const tiles = scales.reduce((sum, scale) => sum + scale.tiles.length, 0);
  const plan = withTraits({ image: size, scales, tiles, outputScale, ...settings, warnings: found }, traits);
  checkTraits(plan, traits);
  found.push(...warnings(plan, traits, options.maxSplitSize ? largestTile : undefined));
  return plan;
}

export function imageSize(image: { height: number; width: number }): Size {
  const { height, width } = image;
  if (isCount(height, width)) return [height, width];
  throw new S2Error("image", `The image is ${width} px wide and ${height} px high; expected two whole numbers of at least 1.`);
}

function readSizes(image: Size, options: S2Options, { splitMode }: Settings, warn: Warn): Size[] {
  let { scales, imgSizes } = options;
  if (scales && imgSizes?.length === 0 && splitMode === "exact") {
    warn("empty-img-sizes", "imgSizes is empty, so scales is used, as in the reference. Leave imgSizes out.", [
      "imgSizes",
      "scales",
    ]);
    imgSizes = undefined;
  }
  const option = ["scales", "imgSizes"];
  if (!scales === !imgSizes) {
    throw new S2Error(
      "no-scales",
      `${scales ? "Both" : "Neither"} scales (multiples of the image's size) ${scales ? "and" : "nor"} imgSizes (pixels) are given; give one of them.`,
      { option },
    );
  }
  if ((scales ?? imgSizes)!.length === 0) {
    throw new S2Error("no-scales", `${scales ? "scales" : "imgSizes"} is empty; at least one is needed.`, { option });
  }
  return scales ? scales.map((scale) => scaled(image, scale, warn)) : imgSizes!.map((size) => sizeOf("imgSizes", size));
}

// int(side · scale), as the reference: the product is cut to a whole number.
function scaled(image: Size, scale: number, warn: Warn): Size {
  if (!Number.isFinite(scale) || scale <= 0) {
    throw badOption("bad-size", "scales", scale, "positive numbers, multiples of the image's size");
  }
  const size = [Math.trunc(image[0] * scale), Math.trunc(image[1] * scale)] as const;
  const [rows, cols] = [Math.round(image[0] * scale), Math.round(image[1] * scale)];
  if (size[0] < 1 || size[1] < 1) {
    throw new S2Error("bad-size", `Scale ${scale} of ${px(image)} px truncates to ${px(size)}; sizes must be at least 1.`, {
      option: "scales",
    });
  }
  if (size[0] !== rows || size[1] !== cols) {
    warn(
      "scale-truncated",
      `Scale ${scale} of ${px(image)} px is cut down to ${px(size)}, as in the reference; rounding gives ${cols}x${rows}. ` +
        `If you mean that, pass imgSizes [[${rows}, ${cols}]].`,
      "imgSizes",
    );
  }
  return size;
}

function sizeOf(option: string, size: number | Size): Size {
  const [height, width] = typeof size === "number" ? [size, size] : (size ?? []);
  if (isCount(height, width)) return [height, width];
  throw new S2Error(
    "bad-size",
    `${option} has ${JSON.stringify(size)}; sizes must be whole numbers of at least 1: a side or [height, width].`,
    { option, received: size },
  );
}

function readMaxSplitSize(image: Size, { maxSplitSize }: S2Options, { splitMode }: Settings, warn: Warn): Size {
  if (maxSplitSize === 0) {
    warn(
      "max-split-zero",
      "maxSplitSize is 0, which counts as not given, as in the reference. Leave it out, or give the model's size.",
      "maxSplitSize",
    );
  }
  if (maxSplitSize) return sizeOf("maxSplitSize", maxSplitSize);
  if (splitMode !== "exact" && image[0] !== image[1]) {
    throw new S2Error(
      "no-max-split",
      `maxSplitSize must be given for non-square images with splitMode "${splitMode}" (the image is ${px(image)}): it is the model's size, such as 224.`,
      { option: ["maxSplitSize", "splitMode"] },
    );
  }
  return image;
}

// Main branch: tiles are size / ceil(size / max). Any-shape branch: tiles are max, the canvas is a whole number of them. "cover": tiles are max, the canvas is the image.
function planScale(image: Size, size: Size, max: Size, settings: Settings, traits: Traits): ScalePlan {
  const rows = Math.ceil(size[0] / max[0]);
  const cols = Math.ceil(size[1] / max[1]);
  const exact = settings.splitMode === "exact";
  if (exact && (size[0] % rows !== 0 || size[1] % cols !== 0)) {
    const near = [nearestMultiple(size[0], max[0]), nearestMultiple(size[1], max[1])];
    throw new S2Error(
      "not-divisible",
      `A scale is ${px(size)} px, which does not divide evenly into ${rows}x${cols} tiles of at most ${px(max)}. ` +
        `The nearest size that does is ${px(near)}; or use splitMode "resize" or "pad".`,
      { option: "splitMode" },
    );
  }
  const cover = settings.splitMode === "cover";
  const wholeTiles = [rows * max[0], cols * max[1]] as const;
  const covered = [Math.max(size[0], max[0]), Math.max(size[1], max[1])] as const; // a smaller image is padded to one tile
  const canvas = exact ? size : cover ? covered : wholeTiles;
  const tile = exact ? ([size[0] / rows, size[1] / cols] as const) : max;
  const filled = cover || settings.splitMode === "pad" ? size : canvas;
  const scale = layOut(image, filled, canvas, tile, settings.overlap, traits.patchSize);
  return { ...scale, size };
}
