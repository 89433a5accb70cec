/**
 * `differenceHash`: bits that say where an image gets brighter, of the image and of crops of it, so that resized, recompressed and slightly
 * cropped copies have nearly equal ones (dHash of Krawetz, "Kind of like that", 2013, in both directions).
 */
import type { Pixels } from "./pixels.ts";
import { resizePixels } from "./resize-pixels.ts";

/** Pixels a side to which the image is reduced first: more than enough for the cells of any crop. */
const SIDE = 160;
/** Comparisons a side. */
const CELLS = 8;
/** 32-bit words of one hash: 64 comparisons with the cell to the right, then 64 with the one below. */
const WORDS = 4;
/** The crops along a side, as start and length: all of it, then a twentieth and a tenth cut off at the end, at both ends or at the start. */
const SPANS = [[0, 1], ...[0.05, 0.1].flatMap((cut) => [0, cut / 2, cut].map((start) => [start, 1 - cut]))].map((span) =>
  span.map((fraction) => fraction * SIDE),
);

/** Words of a difference hash. */
export const HASH_WORDS = SPANS.length ** 2 * WORDS;

/** Returns the hashes of all crops, the whole image's first: [49, 4] words. */
export function differenceHash(image: Pixels): Uint32Array {
  const sums = cumulativeSums(image);
  const hashes = new Uint32Array(HASH_WORDS);
  let bit = 0;
  const compare = (before: number, after: number) => {
    if (before < after) hashes[bit >> 5] |= 1 << (bit & 31);
    bit++;
  };
  for (const [top, height] of SPANS) {
    for (const [left, width] of SPANS) {
      const across = cellSums(sums, top, left, height / CELLS, width / (CELLS + 1), CELLS, CELLS + 1);
      for (let i = 0; i < across.length; i++) if (i % (CELLS + 1) < CELLS) compare(across[i], across[i + 1]);
      const down = cellSums(sums, top, left, height / (CELLS + 1), width / CELLS, CELLS + 1, CELLS);
      for (let i = 0; i < CELLS * CELLS; i++) compare(down[i], down[i + CELLS]);
    }
  }
  return hashes;
}

/** Returns the number of bits, of 128, in which the whole images differ. */
export const wholeDifference = (a: Uint32Array, b: Uint32Array): number => difference(a, 0, b, 0);

/** Returns the number of bits, of 128, in which one image differs from the crop of the other that is most like it. */
export function leastDifference(a: Uint32Array, b: Uint32Array): number {
  let least = CELLS * CELLS * 2;
  for (let at = 0; at < a.length; at += WORDS) least = Math.min(least, difference(a, at, b, 0), difference(a, 0, b, at));
  return least;
}

function difference(a: Uint32Array, from: number, b: Uint32Array, to: number): number {
  let count = 0;
  for (let word = 0; word < WORDS; word++) {
    // Adds bits in pairs, fours and eights (Warren, Hacker's Delight, 5-1).
    let bits = a[from + word] ^ b[to + word];
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** Sums of the reduced image's luma (ITU-R BT.601) above and left of each corner of its pixels: [SIDE + 1, SIDE + 1]. */
function cumulativeSums(image: Pixels): Float64Array {
  const { data, channels } = resizePixels(image, [SIDE, SIDE], "box");
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  const sums = new Float64Array((SIDE + 1) ** 2);
  for (let y = 0, from = 0; y < SIDE; y++) {
    let row = 0;
    for (let x = 0; x < SIDE; x++, from += channels) {
      row += 0.299 * data[from] + 0.587 * data[from + green] + 0.114 * data[from + blue];
      const at = (y + 1) * (SIDE + 1) + x + 1;
      sums[at] = sums[at - SIDE - 1] + row;
    }
  }
  return sums;
}

/** Sums of the image in each cell of a grid, whose borders may lie within pixels. */
function cellSums(
  sums: Float64Array,
  top: number,
  left: number,
  height: number,
  width: number,
  rows: number,
  cols: number,
): Float64Array {
  const corners = new Float64Array((rows + 1) * (cols + 1));
  for (let row = 0, i = 0; row <= rows; row++)
    for (let col = 0; col <= cols; col++) corners[i++] = sumAt(sums, top + row * height, left + col * width);
  const cells = new Float64Array(rows * cols);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const at = row * (cols + 1) + col;
      cells[i++] = corners[at + cols + 2] - corners[at + cols + 1] - corners[at + 1] + corners[at];
    }
  }
  return cells;
}

/** The sum above and left of a point, which is linear in each direction within a pixel. */
function sumAt(sums: Float64Array, y: number, x: number): number {
  const [row, col] = [Math.min(SIDE - 1, Math.floor(y)), Math.min(SIDE - 1, Math.floor(x))];
  const at = row * (SIDE + 1) + col;
  const [down, across] = [y - row, x - col];
  const above = sums[at] * (1 - across) + sums[at + 1] * across;
  const below = sums[at + SIDE + 1] * (1 - across) + sums[at + SIDE + 2] * across;
  return above * (1 - down) + below * down;
}
