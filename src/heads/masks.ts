/** Targets of tokens from a mask: fractions of classes, or the classes at a grid of points. */
import { S2Error } from "../core/index.ts";

/** The class of every pixel. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  /** [height, width], row by row. */
  readonly data: Uint8Array;
}

/** The size of a grid of tokens. */
export interface Grid {
  readonly rows: number;
  readonly cols: number;
}

/** Calls `visit(pixel, token)` for every pixel, with the token in which the pixel's center lies. */
export function eachPixel(
  { width, height }: { readonly width: number; readonly height: number },
  { rows, cols }: Grid,
  visit: (pixel: number, token: number) => void,
): void {
  for (let y = 0, pixel = 0; y < height; y++) {
    const first = Math.floor(((y + 0.5) * rows) / height) * cols;
    for (let x = 0; x < width; x++, pixel++) visit(pixel, first + Math.floor(((x + 0.5) * cols) / width));
  }
}

/**
 * Returns the fraction of each class in the pixels under each token, [rows·cols, classes]; ignored pixels belong to no class.
 * @throws S2Error "labels" for a pixel that is neither a class nor ignored.
 */
export function classFractions(mask: Mask, grid: Grid, classes: number, ignore: number): Float32Array {
  checkMask(mask, classes, ignore);
  const fractions = new Float32Array(grid.rows * grid.cols * classes);
  const pixels = new Int32Array(grid.rows * grid.cols);
  eachPixel(mask, grid, (pixel, token) => {
    pixels[token]++;
    if (mask.data[pixel] !== ignore) fractions[token * classes + mask.data[pixel]]++;
  });
  for (let i = 0; i < fractions.length; i++) if (fractions[i] > 0) fractions[i] /= pixels[Math.floor(i / classes)];
  return fractions;
}

/** Returns the mask's values at the centers of a grid's cells, column by column: [cols, rows]. Ignored ones become -1. */
export function labelsAt(mask: Mask, { rows, cols }: Grid, classes: number, ignore: number): Int32Array {
  checkMask(mask, classes, ignore);
  return Int32Array.from({ length: rows * cols }, (_, i) => {
    const x = Math.floor(((Math.floor(i / rows) + 0.5) * mask.width) / cols);
    const y = Math.floor((((i % rows) + 0.5) * mask.height) / rows);
    const label = mask.data[y * mask.width + x];
    return label === ignore ? -1 : label;
  });
}

function checkMask({ width, height, data }: Mask, classes: number, ignore: number): void {
  if (data.length !== width * height)
    throw new S2Error("labels", `Got ${data.length} values for a mask of ${width}x${height}; expected one class for each pixel.`);
  for (let i = 0; i < data.length; i++) {
    if (data[i] < classes || data[i] === ignore) continue;
    throw new S2Error(
      "labels",
      `The mask has ${data[i]} at ${i % width}, ${Math.floor(i / width)}; expected classes 0 to ${classes - 1}, or ${ignore} to ignore.`,
    );
  }
}
