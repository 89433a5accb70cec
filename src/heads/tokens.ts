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

/** A place in a photo, in its pixels, and the class that is there. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly label: number;
}

/**
 * The token of the grid, counted from 0 row by row, in which a point lies.
 * @throws S2Error "outside" for a point outside the photo; "labels" for a class that there is not.
 */
export function tokenOf({ grid, size: [height, width] }: PhotoTokens, { x, y, label }: LabelledPoint, classes: number): number {
  if (!Number.isInteger(label) || label < 0 || label >= classes)
    throw new S2Error("labels", `The point ${x}, ${y} has the class ${label}; expected 0 to ${classes - 1}.`);
  if (!(x >= 0 && x <= width && y >= 0 && y <= height))
    throw new S2Error("outside", `The point ${x}, ${y} is outside its photo of ${width}x${height}; give pixels of the photo.`);
  const row = Math.min(grid.rows - 1, Math.floor((y * grid.rows) / height));
  const col = Math.min(grid.cols - 1, Math.floor((x * grid.cols) / width));
  return row * grid.cols + col;
}
