/** Metrics of objects in boxes: errors of counts, recall by the area of the box. */
import type { Box } from "../core/index.ts";
import { S2Error } from "../core/index.ts";
import type { Metric } from "./accumulate.ts";

/** COCO's words, by the area in pixels of the photo: below 32², below 96², and the rest. COCO measures the mask where it has one, here it is the box. */
export const AREAS = ["small", "medium", "large"] as const;

export type Area = (typeof AREAS)[number];

/** How COCO would call a box. */
export function areaOf({ width, height }: Pick<Box, "width" | "height">): Area {
  const area = width * height;
  return area < 32 ** 2 ? "small" : area < 96 ** 2 ? "medium" : "large";
}

/** Cells of a tally for `recallOf`. */
export const AREA_CELLS = 2 * AREAS.length;

/** A photo's sums for `recallOf`: of each area the boxes that were found (not 0) and all. */
export function foundByArea(boxes: readonly Box[], found: ArrayLike<number | boolean>): Float64Array {
  if (boxes.length !== found.length)
    throw new S2Error("metric", `Got ${found.length} answers for ${boxes.length} boxes; expected one each.`);
  const sums = new Float64Array(AREA_CELLS);
  for (const [i, box] of boxes.entries()) {
    const at = 2 * AREAS.indexOf(areaOf(box));
    if (found[i]) sums[at]++;
    sums[at + 1]++;
  }
  return sums;
}

/** The part of boxes of one area that was found, or of "all". */
export const recallOf = (area: Area | "all"): Metric => {
  if (area === "all") return (sums) => (sums[0] + sums[2] + sums[4]) / (sums[1] + sums[3] + sums[5]);
  const at = 2 * AREAS.indexOf(area);
  return (sums) => sums[at] / sums[at + 1];
};

/** A photo's sums for the mean absolute error of counts (`mean`): of the classes' errors, and how many. */
export function countErrors(predicted: ArrayLike<number>, truth: ArrayLike<number>): [errors: number, counts: number] {
  if (predicted.length !== truth.length)
    throw new S2Error("metric", `Got counts of ${predicted.length} classes for ${truth.length}; expected as many.`);
  let errors = 0;
  for (let id = 0; id < truth.length; id++) errors += Math.abs(predicted[id] - truth[id]);
  return [errors, truth.length];
}
