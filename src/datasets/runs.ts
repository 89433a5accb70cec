/** Masks as run lengths down the columns, as COCO stores them and as pycocotools draws polygons (maskApi.c), pixel for pixel. */
import { S2Error } from "../core/index.ts";
import { showJson } from "../tensors/json.ts";

/** Lengths of alternating runs, zeros first, in column-major order: pixel (x, y) has the index x * height + y. */
export type Runs = ArrayLike<number>;

/**
 * Reads a list of counts, or the same counts packed into a string. They must cover the image exactly; pycocotools would shift the mask.
 * @throws S2Error "data-file" with a clause.
 */
export function readRuns(counts: string | readonly unknown[], pixels: number): Runs {
  const runs = typeof counts === "string" ? unpackRuns(counts) : counts;
  let sum = 0;
  for (const [i, run] of runs.entries()) {
    if (!(typeof run === "number" && Number.isInteger(run) && run >= 0))
      throw new S2Error("data-file", `run ${i} of its mask is ${showJson(run)}; expected a whole number from 0`);
    sum += run;
  }
  if (sum !== pixels)
    throw new S2Error("data-file", `the runs of its mask cover ${sum} pixels and the image has ${pixels}; they must be equal`);
  return runs as number[];
}

/**
 * Inverts `rleToString` of maskApi.c: five bits per character, the lowest first, bit 5 for "more", the last bit 4 for the sign; from the
 * fourth on a run is stored as its difference from the run before the last.
 */
function unpackRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let scale = 1;
    for (let more = true; more; scale *= 32, at++) {
      const code = text.charCodeAt(at) - 48; // NaN past the end
      if (!(code >= 0 && code < 64) || scale > 2 ** 30)
        throw new S2Error("data-file", `the run-length string of its mask is damaged at character ${at}`);
      value += (code & 31) * scale;
      more = (code & 32) !== 0;
      if (!more && (code & 16) !== 0) value -= 32 * scale;
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}

/** Steps per pixel of the grid on which outlines are drawn. */
const STEPS = 5;

/** Limit of the steps along all outlines of one image, against hostile files. */
export const MAX_STEPS = 2 ** 25;

/** Steps that remain for the polygons of one image. */
export interface Work {
  steps: number;
}

/** Checks the numbers of a polygon: x, y, x, y ... @throws S2Error "data-file" with a clause. */
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

/** Draws a polygon (`rleFrPoly`): the pixels above or at which their column crosses the outline an odd number of times. */
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

/** Visits the grid points of a line in its direction; rounding starts at the lower end of the longer axis, as in maskApi.c. */
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

/** Makes runs that change at sorted positions; two changes at one position cancel out. */
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
