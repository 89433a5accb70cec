/** Tokens of one photo as heads take them that tell something of every place. */
import { S2Error } from "../core/index.ts";
import type { Features } from "../features/index.ts";

/** [prefix + rows·cols, channels], channels scale by scale; the grid covers the photo. Stored features (`TokenMap` of "s2-vision/eval") are such. */
export interface PhotoTokens {
  readonly data: Float32Array;
  readonly channels: number;
  /** Tokens before the grid. */
  readonly prefix: number;
  readonly grid: { readonly rows: number; readonly cols: number };
  /** Channels of each scale. */
  readonly widths: readonly number[];
  /** The photo's size in pixels, which masks and depths get. */
  readonly size: readonly [height: number, width: number];
}

/** What `extract` gave. Of a cropped photo (`fit: "crop"`) only the part that the model saw is told of. */
export function photoTokens({ data, dims, grid, plan }: Features): PhotoTokens {
  const scales = plan.merge === "concat" ? plan.scales.length : 1;
  const widths = Array.from({ length: scales }, () => dims[2] / scales);
  const { height, width } = plan.region ?? { height: plan.image[0], width: plan.image[1] };
  return { data, channels: dims[2], prefix: plan.numPrefixToken, grid, widths, size: [Math.round(height), Math.round(width)] };
}

/**
 * The grid's tokens, [rows·cols, channels], without those before it.
 * @throws S2Error "rows" when the scales are not those that the head was made for.
 */
export function gridRows({ data, channels, prefix, grid, widths }: PhotoTokens, wanted: readonly number[]): Float32Array {
  if (String(widths) !== String(wanted))
    throw new S2Error(
      "rows",
      `Got tokens with scales of [${widths.join(", ")}] channels, and the head is of [${wanted.join(", ")}]; look at the photo with the model and the scales that the head was fitted with.`,
    );
  const rows = data.subarray(prefix * channels);
  if (rows.length !== grid.rows * grid.cols * channels)
    throw new S2Error(
      "rows",
      `Got ${rows.length / channels} tokens for a grid of ${grid.rows} rows and ${grid.cols} columns; say how many prefix tokens there are.`,
    );
  return rows;
}
