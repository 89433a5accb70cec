/** Dynamic S² (NVILA): square grids for every scale but the last, whose grid of tiles follows the image's shape. */
import { badOption, isCount, oneOf, S2Error } from "./error.ts";
import { layOut, withTraits } from "./layout.ts";
import { checkNames, dynamicNames, readOutputScale, readSettings } from "./options.ts";
import { imageSize } from "./plan.ts";
import { checkTraits } from "./traits.ts";
import type { DynamicS2Options, S2Plan, Traits } from "./types.ts";
import { type Warn, warningList, warnings } from "./warnings.ts";

type Grid = { readonly rows: number; readonly cols: number };

/**
 * Plans Dynamic S² for one image: scale k of all but the last is resized to k tiles square, ignoring its shape; the last scale to
 * the grid of `(last / first)²` to `maxTiles` tiles nearest to the image's shape. Blocks for NVILA's projector are
 * `splitChessboard(map, rows, cols)` of the output scale. Resizing is Pillow's (antialiased), as NVILA's.
 * @throws S2Error "scales", "max-tiles", "no-grid" and those of `planS2`.
 */
export function planDynamicS2(image: { height: number; width: number }, options: DynamicS2Options, traits: Traits = {}): S2Plan {
  checkNames(options, dynamicNames);
  const size = imageSize(image);
  const { scales, maxTiles, gridChoice = "log-ratio", tile = scales?.[0] } = options;
  const { found, warn } = warningList();
  const multiples = readMultiples(scales, gridChoice, warn);
  wholeTiles("tile", tile);
  wholeTiles("maxTiles", maxTiles);
  const settings = readSettings(options, warn);
  const last = multiples.at(-1)!;
  const lastGrid = chooseGrid(image, { min: last * last, max: maxTiles, tile, gridChoice });
  if (!lastGrid) noGrid(scales, last * last, maxTiles, gridChoice, warn);
  const grids = multiples.map(
    (k, i): Grid => (i < multiples.length - 1 ? { rows: k, cols: k } : (lastGrid ?? { rows: 1, cols: 1 })),
  );
  const laidOut = grids.map(({ rows, cols }) => {
    const canvas = [rows * tile, cols * tile] as const;
    return layOut(size, canvas, canvas, [tile, tile], settings.overlap, traits.patchSize);
  });
  const outputScale = readOutputScale(
    options,
    laidOut.map(({ size: each }) => each),
  );
  const tiles = laidOut.reduce((sum, scale) => sum + scale.tiles.length, 0);
  const base: S2Plan = {
    image: size,
    scales: laidOut,
    tiles,
    outputScale,
    ...settings,
    antialias: "always",
    warnings: found,
  };
  const plan = withTraits(base, traits);
  checkTraits(plan, traits);
  found.push(...warnings(plan, traits, [tile, tile]));
  return plan;
}

function wholeTiles(name: string, value: number): void {
  if (!isCount(value)) throw badOption(name === "tile" ? "bad-size" : "max-tiles", name, value, "a whole number of at least 1");
}

// NVILA floors scale / first (384, 512 -> 1, 1) and takes scales in any order; only its own grid choice may.
function readMultiples(scales: readonly number[], gridChoice: string, warn: Warn): number[] {
  oneOf("grid-choice", "gridChoice", gridChoice, ["log-ratio", "nvila"]);
  if (!Array.isArray(scales) || scales.length === 0 || scales.some((s) => !(Number.isFinite(s) && s > 0))) {
    throw badOption("scales", "scales", scales, "sides in pixels such as [448, 896, 1344]");
  }
  const multiples = scales.map((scale) => scale / scales[0]);
  if (multiples.slice(0, -1).some((k) => k < 1)) {
    throw badOption("scales", "scales", scales, "every scale but the last to be at least the first, which is one tile");
  }
  const sound = multiples.every((k, i) => Number.isInteger(k) && (i === 0 || k > multiples[i - 1]));
  if (sound) return multiples;
  if (gridChoice !== "nvila")
    throw badOption("scales", "scales", scales, "rising multiples of the first, such as [448, 896, 1344]");
  warn(
    "floored-scale",
    `scales is [${scales.join(", ")}], not rising multiples of the first: NVILA cuts the ratios down to [${multiples.map(Math.floor).join(", ")}], so scales may repeat or vanish.`,
    "scales",
  );
  return multiples.map(Math.floor);
}

function noGrid(scales: readonly number[], min: number, maxTiles: number, gridChoice: string, warn: Warn): void {
  const shortage = `maxTiles is ${maxTiles}, but the last scale of [${scales.join(", ")}] needs at least ${min} tiles`;
  if (gridChoice !== "nvila")
    throw new S2Error("no-grid", `${shortage}; pass maxTiles ${min} or more, or leave the last scale out.`, {
      option: ["maxTiles", "scales"],
    });
  warn(
    "silent-1x1",
    `${shortage}: NVILA then runs it as a single tile without a word, so its detail is lost. Pass maxTiles ${min} or more.`,
    ["maxTiles", "scales"],
  );
}

/**
 * The grid of `min` to `max` tiles whose shape is nearest to the image's, or undefined when there is none.
 * "log-ratio" compares |log(w/h) - log(cols/rows)|, so that an image and the turned image get each other's grid; of equals, the one with
 * more tiles when the image has the pixels for it. "nvila" is NVILA's and InternVL's |w/h - cols/rows|, tie rule included.
 */
export function chooseGrid(
  image: { height: number; width: number },
  { min, max, tile, gridChoice }: { min: number; max: number; tile: number; gridChoice: "log-ratio" | "nvila" },
): Grid | undefined {
  const nvila = gridChoice === "nvila";
  const area = ({ rows, cols }: Grid) => rows * cols;
  const distance = ({ rows, cols }: Grid) =>
    nvila ? Math.abs(image.width / image.height - cols / rows) : Math.abs(Math.log((image.width * rows) / (image.height * cols)));
  const enoughPixels = (grid: Grid) => image.width * image.height > 0.5 * tile * tile * area(grid);
  const squarer = (a: Grid, b: Grid) => Math.abs(Math.log(a.cols / a.rows)) < Math.abs(Math.log(b.cols / b.rows)) - 1e-9;
  const winsTie = (grid: Grid, best: Grid) => (nvila || area(grid) > area(best) ? enoughPixels(grid) : squarer(grid, best));
  const slack = nvila ? 0 : 1e-9; // logarithms of equal ratios differ in the last digits
  let best: Grid | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const grid of candidates(min, max)) {
    const d = distance(grid);
    if (d < bestDistance - slack || (d <= bestDistance + slack && best && winsTie(grid, best))) [best, bestDistance] = [grid, d];
  }
  return best;
}

/** All grids of `min` to `max` tiles by growing area. */
function candidates(min: number, max: number): Grid[] {
  const known = setOrders[`${min}..${max}`];
  if (known) return known.map(([cols, rows]) => ({ rows, cols }));
  const grids: Grid[] = [];
  for (let area = Math.max(1, min); area <= max; area++) {
    for (let cols = 1; cols <= area; cols++) if (area % cols === 0) grids.push({ rows: area / cols, cols });
  }
  return grids;
}

// NVILA keeps its candidates in a Python set, so grids of one area follow CPython's hash order. That decides only where two of
// them are neighbors in ratio, which happens for these ranges (fixture dynamic-s2, `candidate_orders`): [cols, rows].
// biome-ignore format: a table reads as rows
const setOrders: Record<string, readonly (readonly [cols: number, rows: number])[]> = {
  "4..4": [[4, 1], [1, 4], [2, 2]],
  "4..5": [[1, 4], [2, 2], [4, 1], [1, 5], [5, 1]],
  "9..9": [[9, 1], [3, 3], [1, 9]],
  "16..16": [[4, 4], [16, 1], [1, 16], [8, 2], [2, 8]],
  "16..17": [[4, 4], [16, 1], [1, 16], [8, 2], [2, 8], [17, 1], [1, 17]],
  "25..25": [[25, 1], [5, 5], [1, 25]],
};
