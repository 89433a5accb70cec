/** Annotations in pixels, checked against the size of their image: boxes are cut at its edges. */
import type { Box } from "../core/index.ts";
import { type DataSetImage, type LabeledBox, sortedIds } from "./data-set.ts";
import { invalidFile } from "./files.ts";
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
 * Checks the size that a file of annotations gives its image; 0 or nothing is a size that the labeling tool did not know.
 * @throws an `invalidFile` error whose sentence begins with `says` and goes on with `image`.
 */
export function checkStatedSize(
  path: string,
  [says, image]: readonly [says: string, image: string],
  { width: w, height: h }: { readonly width?: number | null; readonly height?: number | null },
  [height, width]: DataSetImage["size"],
): void {
  if (!w || !h || (w === width && h === height)) return;
  const isTurned = w === height && h === width;
  const turned = isTurned ? " The image's EXIF turns it: save it upright, or annotate the upright image." : "";
  throw invalidFile(path, `${says} ${w}x${h} pixels and ${image} is ${width}x${height}; they must be equal.${turned}`);
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
