/** Metrics of objects in boxes: errors of counts, recall by area. */
import { type Box, S2Error } from "../core/index.ts";
import type { Metric } from "./sums.ts";

/** COCO's names of areas in pixels of the image: below 32², below 96², and larger. COCO measures masks, this the box. */
export const AREAS = ["small", "medium", "large"] as const;

/** Name of an area. */
export type Area = (typeof AREAS)[number];

/** Returns the area of a box. */
export function areaOf({ width, height }: Pick<Box, "width" | "height">): Area {
  const area = width * height;
  return area < 32 ** 2 ? "small" : area < 96 ** 2 ? "medium" : "large";
}

/** Cells of sums for `areaRecall`. */
export const AREA_CELLS = 2 * AREAS.length;

/** Makes an image's sums for `areaRecall`: of each area the found boxes (not 0) and all boxes. */
export function countRecalled(boxes: readonly Box[], found: ArrayLike<number | boolean>): Float64Array {
  if (boxes.length !== found.length)
    throw new S2Error("metric", `Got ${found.length} results for ${boxes.length} boxes; expected one each.`);
  const sums = new Float64Array(AREA_CELLS);
  for (const [i, box] of boxes.entries()) {
    const at = 2 * AREAS.indexOf(areaOf(box));
    if (found[i]) sums[at]++;
    sums[at + 1]++;
  }
  return sums;
}

/** Returns the metric: the fraction of boxes of one area, or of "all", that was found. */
export const areaRecall = (area: Area | "all"): Metric => {
  if (area === "all") return (sums) => (sums[0] + sums[2] + sums[4]) / (sums[1] + sums[3] + sums[5]);
  const at = 2 * AREAS.indexOf(area);
  return (sums) => sums[at] / sums[at + 1];
};

/** Makes an image's sums for the mean absolute error of counts (`mean`): the absolute errors of all classes, and the number of classes. */
export function countErrors(predicted: ArrayLike<number>, truth: ArrayLike<number>): [errors: number, counts: number] {
  if (predicted.length !== truth.length)
    throw new S2Error("metric", `Got counts of ${predicted.length} classes for ${truth.length}; expected equal numbers.`);
  let errors = 0;
  for (let id = 0; id < truth.length; id++) errors += Math.abs(predicted[id] - truth[id]);
  return [errors, truth.length];
}
