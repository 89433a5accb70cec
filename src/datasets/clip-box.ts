/** Boxes in pixels, checked against their photo and cut at its edges. */
import type { Box } from "../core/index.ts";

/** Sides of a box in pixels of the photo: x of the left and right one, y of the top and bottom one. */
export interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Up to one pixel outside is the rounding of labelling tools; more is a box of another photo or in other units. */
const ROUNDING = 1;

/** The box inside of the photo, or the rest of the sentence that says what is wrong with it. */
export function cutBox({ left, top, right, bottom }: Sides, [height, width]: readonly [number, number]): Box | string {
  if (![left, top, right, bottom].every(Number.isFinite)) return "has sides that are no finite numbers";
  if (!(right > left && bottom > top)) return "has no area";
  const outside = Math.max(-left, -top, right - width, bottom - height);
  if (outside > ROUNDING) return `reaches ${outside.toFixed(1)} pixels out of the photo, which is ${width}x${height}`;
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  const cut = { left: x, top: y, width: Math.min(width, right) - x, height: Math.min(height, bottom) - y };
  return cut.width > 0 && cut.height > 0 ? cut : "lies outside of the photo";
}
