/** Writes pixels as a PNG file, with a tag by which PNGs of this package are recognized. */
import { checkPixels, type Pixels } from "../../images/index.ts";
import { tagPng } from "../../tensors/index.ts";
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
