/** Boxes of objects in pixels, checked against their image and cut at its edges. */
import type { Box } from "../core/index.ts";
import { type DataSetImage, type LabeledBox, sortedIds } from "./data-set.ts";
import type { Known } from "./listing.ts";

/** Sides of a box in pixels of the image. */
export interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Boxes up to one pixel outside are rounding of labeling tools; larger excess means another image or other units. */
const ROUNDING = 1;

/** Returns the part of a box inside the image, or the predicate of a sentence that says why the box is invalid. */
export function clipBox({ left, top, right, bottom }: Sides, [height, width]: DataSetImage["size"]): Box | string {
  if (![left, top, right, bottom].every(Number.isFinite)) return "has sides that are no finite numbers";
  if (!(right > left && bottom > top)) return "has no area";
  const outside = Math.max(-left, -top, right - width, bottom - height);
  if (outside > ROUNDING) return `reaches ${outside.toFixed(1)} pixels out of the image, which is ${width}x${height}`;
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  const cut = { left: x, top: y, width: Math.min(width, right) - x, height: Math.min(height, bottom) - y };
  return cut.width > 0 && cut.height > 0 ? cut : "lies outside of the image";
}

/**
 * Reads the boxes of one file. `read` returns an object's box, nothing for an object that does not count, or what is wrong with it.
 * All invalid objects are passed to `refuse` together, for a file without one of its objects would give wrong counts.
 */
export function readObjects<T>(
  labelPath: string,
  objects: Iterable<T>,
  read: (object: T, index: number) => LabeledBox | string | undefined,
  refuse: (invalid: readonly string[]) => void,
): Known<"counting"> {
  const found = Array.from(objects, read);
  const invalid = found.filter((each) => typeof each === "string");
  if (invalid.length > 0) refuse(invalid);
  const boxes = found.filter((each) => typeof each === "object");
  return { labelPath, boxes, classes: sortedIds(boxes.map(({ label }) => label)) };
}
