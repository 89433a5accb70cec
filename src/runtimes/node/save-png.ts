/** Writes pixels as a PNG file, with a tag by which PNGs of this package are recognized. */
import { checkPixels, type Pixels } from "../../images/index.ts";
import { writeWhole } from "./write-whole.ts";

/** Writes gray, RGB or RGBA pixels as a PNG. @throws S2Error "pixels" or "write". */
export async function savePng(pixels: Pixels, path: string): Promise<void> {
  await writeWhole(path, await encodePng(pixels));
}

/** Encodes pixels as the bytes of a PNG file with the tag of this package. @throws S2Error "pixels". */
export async function encodePng(pixels: Pixels): Promise<Uint8Array> {
  checkPixels(pixels);
  const { width, height, channels, data } = pixels;
  const { default: sharp } = await import("sharp");
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const colors = image.toColourspace(channels === 1 ? "b-w" : "srgb");
  return tagPng(await colors.toFormat("png").toBuffer());
}

/** Bytes of signature and IHDR, which comes first (PNG specification, 5.6). */
const HEAD = 33;
const KEYWORD = "tEXtSoftware\0s2-vision"; // 11.3.3.2 of the specification
/** Length, type, text and CRC-32 of the chunk. */
const TAG = Uint8Array.of(0, 0, 0, KEYWORD.length - 4, ...new TextEncoder().encode(KEYWORD), 0xb8, 0x33, 0x5f, 0x40);

/** Puts the tag into a PNG, as its first chunk after the header. */
export function tagPng(png: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, HEAD), TAG, png.subarray(HEAD)]);
}

/** Returns true if `start`, the first bytes of a file, has the tag. */
export function isTaggedPng(start: Uint8Array): boolean {
  return TAG.every((byte, i) => start[HEAD + i] === byte);
}
