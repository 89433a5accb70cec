/** Features of one image as heads, stores and indexes take them. */
import type { Features, GridGeometry } from "./features.ts";

/**
 * An image's tokens, [prefix + rows·cols, channels], channels scale by scale: what `imageTokens` makes of `Features` and what the evaluation
 * keeps of an image.
 */
export interface ImageTokens {
  readonly data: Float32Array;
  readonly channels: number;
  /** Tokens before the grid. */
  readonly prefix: number;
  readonly grid: { readonly rows: number; readonly cols: number };
  /** Channels of each scale; one number where scales are added. */
  readonly channelsPerScale: readonly number[];
  /** The image's own size in pixels, which masks and depths get. */
  readonly size: readonly [height: number, width: number];
  /** Geometry of the grid, unless it covers the whole image evenly (cropped or padded images). */
  readonly gridGeometry?: GridGeometry;
}

/** Converts the features of `extract` to those that heads and retrieval take. */
export function imageTokens({ data, dims, grid, plan, gridGeometry }: Features): ImageTokens {
  const scales = plan.merge === "concat" ? plan.scales.length : 1;
  const channelsPerScale = Array.from({ length: scales }, () => dims[2] / scales);
  const [height, width] = plan.image;
  const { region, token } = gridGeometry;
  const isUncropped = region.width === width && region.height === height;
  const even = Math.abs(token[0] * grid.rows - height) < 1e-6 && Math.abs(token[1] * grid.cols - width) < 1e-6;
  const size = plan.image;
  return {
    data,
    channels: dims[2],
    prefix: plan.numPrefixToken,
    grid,
    channelsPerScale,
    size,
    ...(!(isUncropped && even) && { gridGeometry }),
  };
}
