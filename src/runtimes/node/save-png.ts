/** Pixels into a PNG file that is there whole or not at all, and the mark by which a PNG of this package is known again. */
import { S2Error } from "../../core/index.ts";
import type { Pixels } from "../../images/index.ts";
import { writeWhole } from "./write-whole.ts";

/** Writes gray, RGB or RGBA pixels as a PNG. @throws S2Error "pixels" or "write". */
export async function savePng(pixels: Pixels, path: string): Promise<void> {
  await writeWhole(path, await encodePng(pixels));
}

/** The bytes of a PNG file with the mark of this package. */
export async function encodePng({ width, height, channels, data }: Pixels): Promise<Uint8Array> {
  if (data.length !== width * height * channels) {
    throw new S2Error(
      "pixels",
      `Got ${data.length} bytes for ${width} x ${height} pixels of ${channels} channels; expected ${width * height * channels}. ` +
        "Give width, height and channels of this very data.",
    );
  }
  const { default: sharp } = await import("sharp");
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  return markPng(
    await image
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .toFormat("png")
      .toBuffer(),
  );
}

/** Signature and IHDR, which comes first (PNG specification, 5.6). */
const headBytes = 33;
const keyword = "tEXtSoftware\0s2-vision"; // 11.3.3.2 of the specification
/** Length, type, text and CRC-32 of the chunk. */
const mark = Uint8Array.of(0, 0, 0, keyword.length - 4, ...new TextEncoder().encode(keyword), 0xb8, 0x33, 0x5f, 0x40);

/** Puts the mark into a PNG, as its first chunk after the header. */
export function markPng(png: Uint8Array): Uint8Array {
  const marked = new Uint8Array(png.length + mark.length);
  marked.set(png.subarray(0, headBytes));
  marked.set(mark, headBytes);
  marked.set(png.subarray(headBytes), headBytes + mark.length);
  return marked;
}

/** Returns true if `start`, the first bytes of a file, has the mark. */
export function isMarkedPng(start: Uint8Array): boolean {
  return mark.every((byte, i) => start[headBytes + i] === byte);
}
