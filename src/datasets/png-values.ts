/** The numbers that a PNG stores, exactly: palette indices or grey samples, never colours. Masks and depth are such numbers. */

import { S2Error } from "../core/index.ts";

/** A number a pixel, [height, width] row-major. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint16Array;
}

/** What kind of PNG it was. */
export interface PngValues extends Raster {
  readonly bits: 1 | 2 | 4 | 8 | 16;
  readonly palette: boolean;
}

/**
 * Samples of a palette or grey PNG of 1 to 16 bits, unscaled: a palette's index, a grey's value as stored.
 * Checksums are verified, so that a damaged file is an error and no wrong number.
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export async function decodePngValues(bytes: Uint8Array): Promise<PngValues> {
  refuseHeader(bytes);
  const { decode } = await import("fast-png");
  let png: ReturnType<typeof decode>;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    const { message } = error as Error;
    const reason = /outside the bounds|out of bounds/.test(message) ? "cut short" : message;
    throw new S2Error("data-file", `It is a damaged PNG (${reason}); copy or download it again.`, { cause: error });
  }
  const { width, height, channels, depth, palette, data } = png;
  if (channels !== 1)
    throw new S2Error(
      "data-file",
      `It is a PNG of ${channels} channels; expected one number a pixel: a palette PNG, or grey without alpha.`,
    );
  const values = depth < 8 ? unpack(data as Uint8Array, width, height, depth) : (data as Uint8Array | Uint16Array);
  return { width, height, data: values, bits: depth, palette: palette !== undefined };
}

/** W3C PNG, §11.2.1: the signature, then IHDR with width, height, bits (byte 24), colour type, ..., interlacing (byte 28). */
function refuseHeader(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new S2Error("data-file", "It is empty (0 bytes); copy or download it again.");
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (!signature.every((byte, i) => bytes[i] === byte))
    throw new S2Error("data-file", "It is not a PNG; expected one, since other formats change the numbers. Save it as PNG.");
  // fast-png 8.0.0 takes a byte a pixel in its Adam7 passes.
  if (bytes[28] === 1 && bytes[24] < 8)
    throw new S2Error(
      "data-file",
      `It is an interlaced PNG of ${bytes[24]} bits a pixel, which is not decoded here; save it without interlacing.`,
    );
}

/** 1, 2 or 4 bits a pixel, the first in the highest bits, rows starting at a byte (W3C PNG, §7.2). */
function unpack(packed: Uint8Array, width: number, height: number, bits: number): Uint8Array {
  const values = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * bits) / 8);
  const mask = (1 << bits) - 1;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      values[to++] = (packed[y * rowBytes + (bit >> 3)] >> (8 - bits - (bit & 7))) & mask;
    }
  }
  return values;
}
