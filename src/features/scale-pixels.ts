/** The image at one scale of its plan. */
import type { S2Plan } from "../core/index.ts";
import { type Filter, type Photo, type Pixels, resizePixels } from "../images/index.ts";

/** Resizes the image to what the tiles of scale `index` are cut from, before any zero padding. */
export function scalePixels(image: Photo, { region, splitMode, scales }: S2Plan, index: number, filter: Filter): Pixels {
  const { size, canvas } = scales[index];
  const box = region && ([region.left, region.top, region.left + region.width, region.top + region.height] as const);
  return resizePixels(image, splitMode === "resize" ? canvas : size, filter, box);
}
