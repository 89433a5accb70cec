/** What a mask says of each token: fractions of classes, or the classes of a few places in it. */
import { S2Error } from "../core/index.ts";

/** A class of every pixel, row by row. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

type Grid = { readonly rows: number; readonly cols: number };

/** The row or column of a grid in which each pixel's middle lies. */
export function cells(pixels: number, count: number): Int32Array {
  return Int32Array.from({ length: pixels }, (_, at) => Math.floor(((at + 0.5) * count) / pixels));
}

/**
 * The share of each class in the pixels under each token, [rows·cols, classes]; what is ignored belongs to no class.
 * @throws S2Error "labels" for a pixel that is neither a class nor ignored.
 */
export function classFractions(mask: Mask, { rows, cols }: Grid, classes: number, ignore: number): Float32Array {
  checkMask(mask, classes, ignore);
  const fractions = new Float32Array(rows * cols * classes);
  const pixels = new Int32Array(rows * cols);
  const [rowOf, colOf] = [cells(mask.height, rows), cells(mask.width, cols)];
  for (let y = 0, at = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, at++) {
      const token = rowOf[y] * cols + colOf[x];
      pixels[token]++;
      if (mask.data[at] !== ignore) fractions[token * classes + mask.data[at]]++;
    }
  }
  for (let i = 0; i < fractions.length; i++) if (fractions[i] > 0) fractions[i] /= pixels[Math.floor(i / classes)];
  return fractions;
}

/** The mask's values at the middles of a grid of places, column by column: [cols, rows]. Ignored ones become -1. */
export function labelsAt(mask: Mask, { rows, cols }: Grid, classes: number, ignore: number): Int32Array {
  checkMask(mask, classes, ignore);
  const labels = new Int32Array(rows * cols);
  for (let col = 0, to = 0; col < cols; col++) {
    const x = Math.floor(((col + 0.5) * mask.width) / cols);
    for (let row = 0; row < rows; row++, to++) {
      const y = Math.floor(((row + 0.5) * mask.height) / rows);
      const label = mask.data[y * mask.width + x];
      labels[to] = label === ignore ? -1 : label;
    }
  }
  return labels;
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
