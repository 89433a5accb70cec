/** Tokens of one photo as heads take them that tell something of every place. */
import { S2Error } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";

/**
 * The grid's tokens, [rows·cols, channels], without those before it.
 * @throws S2Error "rows" when the scales are not those that the head was made for, or when the grid is not the photo's.
 */
export function gridRows({ data, channels, prefix, grid, widths, place }: PhotoTokens, wanted: readonly number[]): Float32Array {
  if (String(widths) !== String(wanted))
    throw new S2Error(
      "rows",
      `Got tokens with scales of [${widths.join(", ")}] channels, and the head is of [${wanted.join(", ")}]; look at the photo with the model and the scales that the head was fitted with.`,
    );
  if (place)
    throw new S2Error(
      "rows",
      'The tokens are of a photo that was cropped or padded, and the head tells of every place of a photo; extract with fit: "squash" or "keep".',
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
export type { PhotoTokens };
