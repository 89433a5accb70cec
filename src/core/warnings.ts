/** Where the reference silently does what few expect, the plan says so, with the consequence and the way out. */
import { nearestMultiple } from "./chessboard.ts";
import { px } from "./error.ts";
import { stitchedGrid, tileGrid } from "./layout.ts";
import type { S2Plan, ScalePlan, Traits } from "./types.ts";

export type Warn = (code: string, message: string) => void;
type Size = readonly [height: number, width: number];

/** The traps of shared paper notes §2 that a finished plan walks into; `maxSplitSize` is what the caller gave. */
export function warnings(plan: S2Plan, traits: Traits, maxSplitSize?: Size): { code: string; message: string }[] {
  const found: { code: string; message: string }[] = [];
  const warn: Warn = (code, message) => found.push({ code, message });
  neverSplit(plan, maxSplitSize, warn);
  plan.scales.forEach((scale, i) => {
    tileSize(plan, scale, traits, maxSplitSize, warn);
    aliasing(plan, scale, warn);
    resizedTwice(plan, scale, warn);
    leftoverPixels(scale, traits, warn);
    paddedRow(plan, scale, traits, warn);
    duplicate(plan, scale, i, warn);
  });
  dilutedPrefix(plan, warn);
  extents(plan, traits, warn);
  return found;
}

function neverSplit({ scales, splitMode }: S2Plan, maxSplitSize: Size | undefined, warn: Warn): void {
  if (maxSplitSize || splitMode !== "exact" || scales.length < 2 || scales.some(({ tiles }) => tiles.length > 1)) return;
  warn(
    "never-split",
    `No scale is split: maxSplitSize is not given, so tiles may be as large as the image, and the model runs whole at ` +
      `${scales.map(({ tile }) => px(tile)).join(", ")} px, which is what S² avoids. Pass maxSplitSize: the model's size.`,
  );
}

function tileSize(
  { splitMode }: S2Plan,
  { tile, size }: ScalePlan,
  { imageSize }: Traits,
  maxSplitSize: Size | undefined,
  warn: Warn,
): void {
  const meant = imageSize ?? (splitMode === "exact" ? maxSplitSize : undefined);
  if (!meant || (tile[0] === meant[0] && tile[1] === meant[1])) return;
  const near = [nearestMultiple(size[0], meant[0]), nearestMultiple(size[1], meant[1])];
  warn(
    "tile-size",
    `The scale of ${px(size)} px is cut into tiles of ${px(tile)} px, not ${px(meant)}: a model with a fixed size fails, ` +
      `another silently runs off the size it was trained on. The nearest size with full tiles is ${px(near)}; or use splitMode "resize" or "pad".`,
  );
}

function aliasing({ image, antialias }: S2Plan, { size }: ScalePlan, warn: Warn): void {
  if (antialias !== "never" || (size[0] >= image[0] && size[1] >= image[1])) return;
  warn(
    "aliasing",
    `A scale shrinks ${px(image)} to ${px(size)} px without filtering, as the reference does: fine detail turns into false patterns ` +
      `(at one third it keeps every third pixel). Pass antialias: true unless you need parity with weights trained that way.`,
  );
}

function resizedTwice({ splitMode }: S2Plan, { size, canvas }: ScalePlan, warn: Warn): void {
  if (splitMode !== "resize" || (size[0] === canvas[0] && size[1] === canvas[1])) return;
  warn(
    "resized-twice",
    `A scale is resized to ${px(size)} and then stretched to ${px(canvas)} px to fill whole tiles, as the reference does: ` +
      `detail is blurred twice and the features follow the stretched image. Sizes that are multiples of the tile avoid it.`,
  );
}

function leftoverPixels({ tile }: ScalePlan, { patchSize, tileGrid: own }: Traits, warn: Warn): void {
  if (!patchSize || own || (tile[0] % patchSize === 0 && tile[1] % patchSize === 0)) return;
  warn(
    "leftover-pixels",
    `Tiles of ${px(tile)} px are no multiple of the patch of ${patchSize} px, so ${tile[0] % patchSize} rows and ` +
      `${tile[1] % patchSize} columns of pixels at each tile's end are not seen.`,
  );
}

function paddedRow({ splitMode, fusion }: S2Plan, scale: ScalePlan, traits: Traits, warn: Warn): void {
  const { patchSize } = traits;
  if (splitMode !== "pad" || fusion === "aligned" || !patchSize || !scale.grid) return;
  const all = stitchedGrid(scale, tileGrid(scale.tile, patchSize, traits));
  const exact = [
    Math.ceil((scale.size[0] * all.rows) / scale.canvas[0]),
    Math.ceil((scale.size[1] * all.cols) / scale.canvas[1]),
  ];
  if (scale.grid.rows === exact[0] && scale.grid.cols === exact[1]) return;
  warn(
    "padded-row",
    `In the scale of ${px(scale.size)} px the reference's rounding keeps ${scale.grid.rows} rows and ${scale.grid.cols} columns of tokens where ${exact[0]} and ${exact[1]} touch the image; ` +
      `the rest is padding. fusion: "aligned" keeps the exact number.`,
  );
}

function duplicate({ scales }: S2Plan, { size }: ScalePlan, i: number, warn: Warn): void {
  const first = scales.findIndex((other) => other.size[0] === size[0] && other.size[1] === size[1]);
  if (first < i)
    warn(
      "duplicate-scale",
      `Two scales, at positions ${first} and ${i}, are ${px(size)} px: the same tiles run twice and add nothing.`,
    );
}

function dilutedPrefix({ scales, splitMode, numPrefixToken, fusion }: S2Plan, warn: Warn): void {
  if (splitMode !== "pad" || numPrefixToken === 0 || fusion === "aligned") return;
  const emptiest = scales.flatMap((s) => coverage(s)).reduce((least, part) => Math.min(least, part), 1);
  if (emptiest === 1) return;
  warn(
    "diluted-prefix",
    `Prefix tokens are averaged over tiles that are padding for up to ${Math.round(100 * (1 - emptiest))} %, each counting like a full one, ` +
      `as in the reference. fusion: "aligned" weights them by the part that is image.`,
  );
}

/** The part of each tile that the image fills, row by row, 0 to 1. */
export function coverage({ rowStarts, colStarts, tile, canvas, padding }: ScalePlan): number[] {
  const part = (start: number, side: number, end: number) => Math.min(1, Math.max(0, (end - start) / side));
  const end = [canvas[0] - padding[0], canvas[1] - padding[1]];
  return rowStarts.flatMap((y) => colStarts.map((x) => part(y, tile[0], end[0]) * part(x, tile[1], end[1])));
}

function extents({ scales, splitMode, fusion, image }: S2Plan, { patchSize }: Traits, warn: Warn): void {
  if (splitMode !== "pad" || fusion === "aligned" || !patchSize) return;
  const reach = (axis: 0 | 1) =>
    scales.map(({ grid, size }) => ((axis === 0 ? grid!.rows : grid!.cols) * patchSize * image[axis]) / size[axis]);
  const shift = Math.max(...([0, 1] as const).map((axis) => Math.max(...reach(axis)) - Math.min(...reach(axis))));
  if (shift < 1e-6 * Math.max(...image)) return;
  warn(
    "extents",
    `The scales' token grids end up to ${shift.toFixed(1)} px of the image apart, yet the reference pools them onto each other as if they covered the same: ` +
      `features drift towards the right and the bottom. fusion: "aligned" pools in image coordinates.`,
  );
}
