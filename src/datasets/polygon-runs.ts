/** Polygons as the masks that pycocotools draws of them (`rleFrPoly` of its maskApi.c), pixel for pixel. */
import { S2Error } from "../core/index.ts";
import { showJson } from "../tensors/json.ts";
import type { Runs } from "./run-lengths.ts";

/** Points of the outline lie on a grid of this many steps a pixel. */
const STEPS = 5;

/** Steps along all outlines of one photo; more is no drawing of objects but a way to keep this computer busy. */
export const MAX_STEPS = 2 ** 25;

/** Work that one photo may still cost, shared by all its polygons. */
export interface Work {
  steps: number;
}

/**
 * Numbers of a polygon, x before y, checked.
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export function readPolygon(numbers: readonly unknown[], [height, width]: readonly [number, number]): number[] {
  const { length } = numbers;
  if (length < 6 || length % 2 !== 0)
    throw new S2Error("data-file", `its polygon has ${length} numbers; expected x and y of at least 3 points`);
  for (const [i, value] of numbers.entries()) {
    const side = i % 2 === 0 ? width : height;
    if (typeof value === "number" && value >= -side && value <= 2 * side) continue;
    throw new S2Error(
      "data-file",
      `number ${i} of its polygon is ${showJson(value)}; expected a coordinate in an image ${width}x${height}`,
    );
  }
  return numbers as number[];
}

/** The mask of a polygon: the pixels where a column crosses its outline an odd number of times above or at them. */
export function polygonRuns(points: readonly number[], [height, width]: readonly [number, number], work: Work): Runs {
  const grid = points.map((value) => Math.trunc(STEPS * value + 0.5));
  const crossings: number[] = [];
  let lastX = Number.NaN;
  let lastY = 0;
  const visit = (x: number, y: number) => {
    if (x !== lastX && !Number.isNaN(lastX)) {
      const column = ((x < lastX ? x : x - 1) + 0.5) / STEPS - 0.5;
      if (Number.isInteger(column) && column >= 0 && column <= width - 1) {
        const row = ((y < lastY ? y : lastY) + 0.5) / STEPS - 0.5;
        crossings.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)));
      }
    }
    lastX = x;
    lastY = y;
  };
  for (let i = 0; i < grid.length; i += 2) {
    const next = (i + 2) % grid.length;
    const steps = Math.max(Math.abs(grid[i] - grid[next]), Math.abs(grid[i + 1] - grid[next + 1])) + 1;
    if ((work.steps -= steps) < 0)
      throw new S2Error("data-file", `the outlines of its polygons are longer than ${Math.floor(MAX_STEPS / STEPS)} pixels`);
    walk(grid[i], grid[i + 1], grid[next], grid[next + 1], visit);
  }
  return runsBetween(Uint32Array.from(crossings).sort(), height * width);
}

/** Visits the grid points of a line from the first end to the last; rounding starts at the lower end of the longer axis, as in C. */
function walk(x0: number, y0: number, x1: number, y1: number, visit: (x: number, y: number) => void): void {
  const dx = Math.abs(x1 - x0);
  const dy = Math.abs(y1 - y0);
  const wide = dx >= dy;
  const steps = wide ? dx : dy;
  const turned = wide ? x0 > x1 : y0 > y1;
  const [fromX, fromY, toX, toY] = turned ? [x1, y1, x0, y0] : [x0, y0, x1, y1];
  const slope = steps === 0 ? 0 : wide ? (toY - fromY) / dx : (toX - fromX) / dy;
  for (let i = 0; i <= steps; i++) {
    const t = turned ? steps - i : i;
    if (wide) visit(t + fromX, Math.trunc(fromY + slope * t + 0.5));
    else visit(Math.trunc(fromX + slope * t + 0.5), t + fromY);
  }
}

/** Runs that change at sorted positions; two changes at one position are none. */
function runsBetween(positions: Uint32Array, pixels: number): Runs {
  const runs: number[] = [];
  let from = 0;
  for (let i = 0; i < positions.length; i++) {
    if (positions[i] === positions[i + 1]) i++;
    else {
      runs.push(positions[i] - from);
      from = positions[i];
    }
  }
  runs.push(pixels - from);
  return runs;
}
