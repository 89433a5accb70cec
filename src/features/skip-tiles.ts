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
  /** Runs at most this share of an image's tiles, those of most detail: 0.5 is half of them. */
  tileShare?: number;
}

/** Pixels between two that are compared: a sixteenth of them is enough for a mean over a tile. */
const STEP = 4;

/**
 * Adds `detail` and `skipped` to the scales of a plan; `pixelsOf` gives the image at a scale.
 * @throws S2Error "option" for a value that is no detail or no share.
 */
export function skipTiles(
  plan: S2Plan,
  { minDetail = 0, tileShare = 1 }: SkipOptions,
  pixelsOf: (index: number) => Pixels,
): S2Plan {
  if (!(minDetail >= 0)) throw badOption("option", "minDetail", minDetail, "a number of at least 0, in levels of 0 to 255");
  if (!(tileShare > 0 && tileShare <= 1)) throw badOption("option", "tileShare", tileShare, "a share above 0 and at most 1");
  if (minDetail === 0 && tileShare === 1) return plan;
  const details = plan.scales.map((scale, i) => {
    const before = plan.scales[i - 1];
    // A scale that is no finer than the one before has nothing to be compared with.
    if (!before || before.size[0] >= scale.size[0] || before.size[1] >= scale.size[1]) return undefined;
    return tileDetail(scale, pixelsOf(i), pixelsOf(i - 1));
  });
  const all = plan.scales.reduce((sum, scale) => sum + scale.tiles.length, 0);
  const rising = details.flatMap((each) => each ?? []).sort((a, b) => a - b);
  const spare = all - Math.max(all - rising.length, Math.floor(tileShare * all));
  const least = Math.max(minDetail, rising[spare] ?? Number.POSITIVE_INFINITY);
  const scales = plan.scales.map((scale, i): ScalePlan => {
    const detail = details[i];
    if (!detail) return scale;
    const skipped = [...detail.keys()].filter((tile) => detail[tile] < least);
    return { ...scale, detail, ...(skipped.length > 0 && { skipped }) };
  });
  const tiles = scales.reduce((sum, scale) => sum + scale.tiles.length - (scale.skipped?.length ?? 0), 0);
  const { multiplyAdds } = plan;
  return { ...plan, scales, tiles, ...(multiplyAdds !== undefined && { multiplyAdds: (multiplyAdds / all) * tiles }) };
}

/** The detail of each tile of a scale: mean absolute difference of `fine` and `coarse` enlarged bilinearly, over every fourth pixel each way. */
export function tileDetail({ rowStarts, colStarts, tile }: ScalePlan, fine: Pixels, coarse: Pixels): number[] {
  const { channels } = fine;
  const across = positions(fine.width, coarse.width);
  const down = positions(fine.height, coarse.height);
  return rowStarts.flatMap((top) =>
    colStarts.map((left) => {
      const [bottom, right] = [Math.min(top + tile[0], fine.height), Math.min(left + tile[1], fine.width)];
      let sum = 0;
      let count = 0;
      for (let y = top + (STEP >> 1); y < bottom; y += STEP) {
        const above = down.first[y] * coarse.width;
        const below = above + (coarse.height > 1 ? coarse.width : 0);
        const v = down.part[y];
        for (let x = left + (STEP >> 1); x < right; x += STEP) {
          const u = across.part[x];
          const [a, b] = [(above + across.first[x]) * channels, (below + across.first[x]) * channels];
          const beside = coarse.width > 1 ? channels : 0;
          const at = (y * fine.width + x) * channels;
          for (let c = 0; c < channels; c++) {
            const upper = coarse.data[a + c] + u * (coarse.data[a + beside + c] - coarse.data[a + c]);
            const lower = coarse.data[b + c] + u * (coarse.data[b + beside + c] - coarse.data[b + c]);
            sum += Math.abs(fine.data[at + c] - (upper + v * (lower - upper)));
          }
          count += channels;
        }
      }
      return count === 0 ? 0 : Number((sum / count).toFixed(3));
    }),
  );
}

/** For each position of the finer axis, the pixel before it on the coarser one and the part of the way to the next, centers aligned. */
function positions(fine: number, coarse: number): { first: Int32Array; part: Float64Array } {
  const first = new Int32Array(fine);
  const part = new Float64Array(fine);
  for (let i = 0; i < fine; i++) {
    const at = Math.min(Math.max(((i + 0.5) * coarse) / fine - 0.5, 0), coarse - 1);
    first[i] = Math.min(Math.floor(at), Math.max(0, coarse - 2));
    part[i] = at - first[i];
  }
  return { first, part };
}
