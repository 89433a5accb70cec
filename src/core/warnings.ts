/** Warnings of a plan: where the reference silently does what few expect, with the consequence and the way out. */
import { nearestMultiple } from "./chessboard.ts";
import { px } from "./error.ts";
import { stitchedGrid, tileGrid } from "./layout.ts";
import type { PlanWarning, S2Plan, ScalePlan, Traits } from "./types.ts";

/** Adds a warning to a plan; `option` names the options that the message contains. */
export type Warn = (code: string, message: string, option?: string | readonly string[]) => void;
type Size = readonly [height: number, width: number];

const sameSize = (a: Size, b: Size): boolean => a[0] === b[0] && a[1] === b[1];

/** Creates an empty list of warnings and the function that adds to it. */
export function warningList(): { found: PlanWarning[]; warn: Warn } {
  const found: PlanWarning[] = [];
  return { found, warn: (code, message, option) => found.push({ code, message, ...(option && { option }) }) };
}

/** Lists the traps of docs/traps.md that a finished plan walks into; `maxSplitSize` is what the caller gave. */
export function warnings(plan: S2Plan, traits: Traits, maxSplitSize?: Size): PlanWarning[] {
  const { found, warn } = warningList();
  const { image, scales, splitMode, antialias } = plan;
  const { patchSize } = traits;
  const meant = traits.imageSize ?? (splitMode === "exact" ? maxSplitSize : undefined);
  if (!maxSplitSize && splitMode === "exact" && scales.length > 1 && scales.every(({ tiles }) => tiles.length === 1)) {
    warn(
      "never-split",
      `No scale is split: without maxSplitSize tiles may be as large as the image, and the model runs on ` +
        `${scales.map(({ tile }) => px(tile)).join(", ")} px, which S² is meant to avoid. Pass the model's size as maxSplitSize.`,
      "maxSplitSize",
    );
  }
  scales.forEach(({ size, canvas, tile }, i) => {
    if (meant && !sameSize(tile, meant)) {
      warn(
        "tile-size",
        `The scale of ${px(size)} px is cut into tiles of ${px(tile)} px, not ${px(meant)}: a model with a fixed size fails, ` +
          `another silently runs off the size it was trained on. The nearest size with full tiles is ` +
          `${px([nearestMultiple(size[0], meant[0]), nearestMultiple(size[1], meant[1])])}; or use splitMode "resize" or "pad".`,
        "splitMode",
      );
    }
    if (antialias === "never" && (size[0] < image[0] || size[1] < image[1])) {
      warn(
        "aliasing",
        `A scale shrinks ${px(image)} to ${px(size)} px without a filter, as in the reference: fine detail turns into false patterns. ` +
          `Pass antialias true unless you need parity with weights trained that way.`,
        "antialias",
      );
    }
    if (splitMode === "resize" && !sameSize(size, canvas)) {
      warn(
        "resized-twice",
        `A scale is resized to ${px(size)} and then stretched to ${px(canvas)} px to fill whole tiles, as in the reference: ` +
          `it is blurred twice and the features follow the stretched image. Sizes that are multiples of the tile avoid it.`,
      );
    }
    if (patchSize && !traits.tileGrid && (tile[0] % patchSize || tile[1] % patchSize)) {
      warn(
        "leftover-pixels",
        `Tiles of ${px(tile)} px are no multiple of the patch of ${patchSize} px: ${tile[0] % patchSize} rows and ` +
          `${tile[1] % patchSize} columns of pixels at each tile's end are not seen.`,
      );
    }
    const first = scales.findIndex((other) => sameSize(other.size, size));
    if (first < i) {
      warn(
        "duplicate-scale",
        `The scales at positions ${first} and ${i} are both ${px(size)} px: the same tiles run twice and add nothing.`,
      );
    }
  });
  if (splitMode === "pad" && plan.fusion === "reference") paddingWarnings(plan, traits, warn);
  return found;
}

/** Warns of what the reference does with padding and fusion "aligned" does not. */
function paddingWarnings({ scales, numPrefixToken, image }: S2Plan, traits: Traits, warn: Warn): void {
  const { patchSize } = traits;
  const emptiest = scales.flatMap(coverage).reduce((least, fraction) => Math.min(least, fraction)); // not spread: there may be very many
  if (numPrefixToken > 0 && emptiest < 1) {
    warn(
      "diluted-prefix",
      `Prefix tokens are averaged over tiles that are up to ${Math.round(100 * (1 - emptiest))} % padding, each counted like a full one, ` +
        `as in the reference. fusion "aligned" weights tiles by the part that is image.`,
      "fusion",
    );
  }
  if (!patchSize) return;
  const ends: number[][] = [[], []];
  for (const scale of scales) {
    const { size, canvas, grid, tile } = scale;
    const all = stitchedGrid(scale, tileGrid(tile, patchSize, traits));
    const [rows, cols] = [Math.ceil((size[0] * all.rows) / canvas[0]), Math.ceil((size[1] * all.cols) / canvas[1])];
    if (grid!.rows !== rows || grid!.cols !== cols) {
      warn(
        "padded-row",
        `In the scale of ${px(size)} px the reference's rounding keeps ${grid!.rows} rows and ${grid!.cols} columns of tokens where ${rows} and ${cols} touch the image; ` +
          `the rest is padding. fusion "aligned" keeps the exact number.`,
        "fusion",
      );
    }
    ends[0].push((grid!.rows * patchSize * image[0]) / size[0]);
    ends[1].push((grid!.cols * patchSize * image[1]) / size[1]);
  }
  const shift = Math.max(...ends.map((each) => Math.max(...each) - Math.min(...each)));
  if (shift < 1e-6 * Math.max(...image)) return;
  warn(
    "extents",
    `The scales' token grids end up to ${shift.toFixed(1)} px apart in the image, but the reference pools them as if they ended together: ` +
      `features drift to the right and the bottom. fusion "aligned" pools in image coordinates.`,
    "fusion",
  );
}

/** Computes the part of each tile that the image fills, row by row, 0 to 1. */
export function coverage({ rowStarts, colStarts, tile, canvas, padding }: ScalePlan): number[] {
  const covered = (axis: 0 | 1, start: number) => Math.min(1, Math.max(0, (canvas[axis] - padding[axis] - start) / tile[axis]));
  return rowStarts.flatMap((y) => colStarts.map((x) => covered(0, y) * covered(1, x)));
}
