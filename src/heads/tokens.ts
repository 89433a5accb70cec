/** Tokens of one image as input of heads that predict at every location. */
import { S2Error } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";

/**
 * Returns the tokens of the grid, [rows·cols, channels], without the prefix tokens.
 * @throws S2Error "rows" when the scales are not those that the head was fitted to, or when the grid does not cover the image.
 */
export function gridFeatures(
  { data, channels, prefix, grid, channelsPerScale, gridGeometry }: ImageTokens,
  expected: readonly number[],
): Float32Array {
  if (String(channelsPerScale) !== String(expected))
    throw new S2Error(
      "rows",
      `Got tokens with scales of [${channelsPerScale.join(", ")}] channels, and the head is of [${expected.join(", ")}]; extract with the model and the scales that the head was fitted with.`,
    );
  if (gridGeometry)
    throw new S2Error(
      "rows",
      'The tokens are of an image that was cropped or padded, and the head predicts at every pixel of an image; extract with fit "squash" or "keep".',
    );
  const features = data.subarray(prefix * channels);
  if (features.length !== grid.rows * grid.cols * channels)
    throw new S2Error(
      "rows",
      `Got ${features.length / channels} tokens for a grid of ${grid.rows} rows and ${grid.cols} columns; say how many prefix tokens there are.`,
    );
  return features;
}

/** A point in an image and its class. */
export interface LabeledPoint {
  /** Pixels from the left edge of the image. */
  readonly x: number;
  /** Pixels from the top edge of the image. */
  readonly y: number;
  /** The class, a whole number from 0. */
  readonly label: number;
}

/**
 * Returns the index of the token in which a point lies, row by row.
 * @throws S2Error "outside" for a point outside the image; "labels" for a label that is no class.
 */
export function tokenOf({ grid, size: [height, width] }: ImageTokens, { x, y, label }: LabeledPoint, classes: number): number {
  if (!Number.isInteger(label) || label < 0 || label >= classes)
    throw new S2Error("labels", `The point ${x}, ${y} has the class ${label}; expected 0 to ${classes - 1}.`);
  if (!(x >= 0 && x <= width && y >= 0 && y <= height))
    throw new S2Error("outside", `The point ${x}, ${y} is outside its image of ${width}x${height}; give pixels of the image.`);
  const row = Math.min(grid.rows - 1, Math.floor((y * grid.rows) / height));
  const col = Math.min(grid.cols - 1, Math.floor((x * grid.cols) / width));
  return row * grid.cols + col;
}
