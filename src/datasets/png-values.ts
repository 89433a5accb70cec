/** The numbers that a PNG stores: palette indices or gray samples, never colors. Masks and depth are such numbers. */
import { S2Error } from "../core/index.ts";
import type { Raster } from "./data-set.ts";

/** The values of a PNG and their format. */
export interface PngValues extends Raster {
  readonly bits: 1 | 2 | 4 | 8 | 16;
  readonly palette: boolean;
}

/**
 * Decodes a palette or gray PNG of 1 to 16 bits into its samples, unscaled: a palette's index, a gray's value as stored.
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export async function decodePngValues(bytes: Uint8Array): Promise<PngValues> {
  const { width, height, channels, depth, palette, data } = await decodePng(bytes);
  if (channels !== 1)
    throw new S2Error(
      "data-file",
      `It is a PNG of ${channels} channels; expected one number per pixel: a palette PNG, or gray without alpha. ` +
        "If its colors are classes, write the class id of each color into a gray PNG.",
    );
  const values = depth < 8 ? unpack(data as Uint8Array, width, height, depth) : (data as Uint8Array | Uint16Array);
  return { width, height, data: values, bits: depth, palette: palette !== undefined };
}

/** Decodes a PNG and verifies its checksums, so that a damaged file gives an error and no wrong numbers. @throws S2Error "data-file". */
export async function decodePng(bytes: Uint8Array) {
  readPngSize(bytes);
  const { decode } = await import("fast-png");
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    const { message } = error as Error;
    const reason = /outside the bounds|out of bounds/.test(message) ? "cut short" : message;
    throw new S2Error("data-file", `It is a damaged PNG (${reason}); copy or download it again.`, { cause: error });
  }
}

/** Reads a PNG's size from its header (W3C PNG, §11.2.1). @throws S2Error "data-file" for a file that cannot be decoded. */
export function readPngSize(bytes: Uint8Array): { width: number; height: number } {
  if (bytes.length === 0) throw new S2Error("data-file", "It is empty (0 bytes); copy or download it again.");
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (!signature.every((byte, i) => bytes[i] === byte))
    throw new S2Error("data-file", "It is not a PNG; expected one, since other formats change the numbers. Save it as PNG.");
  if (bytes.length < 33) throw new S2Error("data-file", "It is a damaged PNG (cut short); copy or download it again.");
  // fast-png 8.0.0 takes one byte per pixel in its Adam7 passes.
  if (bytes[28] === 1 && bytes[24] < 8)
    throw new S2Error(
      "data-file",
      `It is an interlaced PNG of ${bytes[24]} bits per pixel, which is not supported; save it without interlacing.`,
    );
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: header.getUint32(16), height: header.getUint32(20) };
}

/** Unpacks 1, 2 or 4 bits per pixel, the first in the highest bits, with rows that start at a byte (W3C PNG, §7.2). */
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
