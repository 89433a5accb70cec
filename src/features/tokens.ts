/** Features of one photo as heads, stores and indexes take them. */
import type { Features, Place } from "./features.ts";

/**
 * A photo's tokens, [prefix + rows·cols, channels], channels scale by scale: what `photoTokens` makes of `Features` and what the evaluation
 * keeps of a photo.
 */
export interface PhotoTokens {
  readonly data: Float32Array;
  readonly channels: number;
  /** Tokens before the grid. */
  readonly prefix: number;
  readonly grid: { readonly rows: number; readonly cols: number };
  /** Channels of each scale; one number where scales are added. */
  readonly widths: readonly number[];
  /** The photo's own size in pixels, which masks and depths get. */
  readonly size: readonly [height: number, width: number];
  /** Where the grid lies, unless it covers the whole photo evenly (cropped or padded photos). */
  readonly place?: Place;
}

/** What heads and retrieval need of `extract`'s features. */
export function photoTokens({ data, dims, grid, plan, place }: Features): PhotoTokens {
  const scales = plan.merge === "concat" ? plan.scales.length : 1;
  const widths = Array.from({ length: scales }, () => dims[2] / scales);
  const [height, width] = plan.image;
  const { region, token } = place;
  const whole = region.width === width && region.height === height;
  const even = Math.abs(token[0] * grid.rows - height) < 1e-6 && Math.abs(token[1] * grid.cols - width) < 1e-6;
  const size = plan.image;
  return { data, channels: dims[2], prefix: plan.numPrefixToken, grid, widths, size, ...(!(whole && even) && { place }) };
}
