/** Adaptive S²: tiles of finer scales that show no more detail than the scale before are not run. */
import { badOption, type S2Plan, type ScalePlan } from "../core/index.ts";
import type { Pixels } from "../images/index.ts";

/** Which tiles are skipped; the first scale always runs. */
export interface SkipOptions {
  /**
   * Skips tiles of finer scales whose detail is below this: the mean absolute difference, in levels of 0 to 255, between the image at that scale
   * and the image at the scale before enlarged bilinearly. Their tokens are those of the scale before, enlarged bilinearly. Default: none.
   */
  minDetail?: number;
  /**
   * Runs at most this fraction of an image's tiles: those of coarse scales before those of finer ones, and within a scale those of most detail; 0.5
   * is half of them.
   */
  tileFraction?: number;
}

/** Pixels between two that are compared: a sixteenth of them is enough for a mean over a tile. */
const STEP = 4;

/**
 * Adds `detail` and `skipped` to the scales of a plan; `pixelsOf` gives the image at a scale.
 * @throws S2Error "option" for a value that is no detail or no fraction.
 */
export function skipTiles(
  plan: S2Plan,
  { minDetail = 0, tileFraction = 1 }: SkipOptions,
  pixelsOf: (index: number) => Pixels,
): S2Plan {
  if (!(minDetail >= 0)) throw badOption("option", "minDetail", minDetail, "a number of at least 0, in levels of 0 to 255");
  if (!(tileFraction > 0 && tileFraction <= 1))
    throw badOption("option", "tileFraction", tileFraction, "a fraction above 0 and at most 1");
  if (minDetail === 0 && tileFraction === 1) return plan;
  const all = plan.scales.reduce((sum, scale) => sum + scale.tiles.length, 0);
  let left = Math.floor(tileFraction * all);
  const scales = plan.scales.map((scale, i): ScalePlan => {
    const before = plan.scales[i - 1];
    const count = Math.min(left, scale.tiles.length);
    // A scale that is no finer than the one before has nothing to be compared with.
    const isFiner = before && before.size[0] < scale.size[0] && before.size[1] < scale.size[1];
    if (!isFiner || (minDetail === 0 && count === scale.tiles.length)) {
      left = Math.max(0, left - scale.tiles.length);
      return scale;
    }
    const tiles = [...scale.tiles.keys()];
    const detail = count > 0 ? tileDetail(scale, pixelsOf(i), pixelsOf(i - 1)) : undefined; // nothing is resized for a scale that does not run
    const most = detail ? tiles.sort((a, b) => detail[b] - detail[a]).filter((tile) => detail[tile] >= minDetail) : [];
    const run = new Set(most.slice(0, count));
    left -= run.size;
    const skipped = [...scale.tiles.keys()].filter((tile) => !run.has(tile));
    return { ...scale, ...(detail && { detail }), ...(skipped.length > 0 && { skipped }) };
  });
  const tiles = scales.reduce((sum, scale) => sum + scale.tiles.length - (scale.skipped?.length ?? 0), 0);
  const { multiplyAdds } = plan;
  return { ...plan, scales, tiles, ...(multiplyAdds !== undefined && { multiplyAdds: (multiplyAdds / all) * tiles }) };
}

/** The detail of each tile of a scale: mean absolute difference of `fine` and `coarse` enlarged bilinearly, over every fourth pixel each way. */
export function tileDetail({ rowStarts, colStarts, tile }: ScalePlan, fine: Pixels, coarse: Pixels): number[] {
  const across = positions(fine.width, coarse.width);
  const down = positions(fine.height, coarse.height);
  return rowStarts.flatMap((top) =>
    colStarts.map((left) => {
      const [bottom, right] = [Math.min(top + tile[0], fine.height), Math.min(left + tile[1], fine.width)];
      return Number(meanDifference(fine, coarse, across, down, top, bottom, left, right).toFixed(3));
    }),
  );
}

/** The mean over one tile. Not a closure: V8 drops the machine code of a closure with it, and would compile this loop again for every image. */
function meanDifference(
  fine: Pixels,
  coarse: Pixels,
  across: Positions,
  down: Positions,
  top: number,
  bottom: number,
  left: number,
  right: number,
): number {
  const { channels } = fine;
  const below = coarse.height > 1 ? coarse.width * channels : 0;
  const beside = coarse.width > 1 ? channels : 0;
  let sum = 0;
  let count = 0;
  for (let y = top + (STEP >> 1); y < bottom; y += STEP) {
    const row = down.first[y] * coarse.width;
    const v = down.weight[y];
    for (let x = left + (STEP >> 1); x < right; x += STEP) {
      const u = across.weight[x];
      const a = (row + across.first[x]) * channels;
      const at = (y * fine.width + x) * channels;
      for (let c = 0; c < channels; c++) {
        const upper = coarse.data[a + c] + u * (coarse.data[a + beside + c] - coarse.data[a + c]);
        const lower = coarse.data[a + below + c] + u * (coarse.data[a + below + beside + c] - coarse.data[a + below + c]);
        sum += Math.abs(fine.data[at + c] - (upper + v * (lower - upper)));
      }
      count += channels;
    }
  }
  return count === 0 ? 0 : sum / count;
}

interface Positions {
  readonly first: Int32Array;
  readonly weight: Float64Array;
}

/** For each position of the finer axis, the pixel before it on the coarser one and the part of the way to the next, centers aligned. */
function positions(fine: number, coarse: number): Positions {
  const first = new Int32Array(fine);
  const weight = new Float64Array(fine);
  for (let i = 0; i < fine; i++) {
    const at = Math.min(Math.max(((i + 0.5) * coarse) / fine - 0.5, 0), coarse - 1);
    first[i] = Math.min(Math.floor(at), Math.max(0, coarse - 2));
    weight[i] = at - first[i];
  }
  return { first, weight };
}
