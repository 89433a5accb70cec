/** Pictures for pages: images of a limited size, as JPEGs. */
import type { Photo, Pixels } from "../../images/index.ts";

/** Shrinks an image to at most `side` pixels on its longer side, without enlarging it. */
export async function shrunken({ width, height, data }: Photo, side: number): Promise<Pixels> {
  const { default: sharp } = await import("sharp");
  const image = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  const small = image.resize(side, side, { fit: "inside", withoutEnlargement: true });
  const { data: pixels, info } = await small.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data: new Uint8Array(pixels) };
}

/** Encodes RGB pixels as a JPEG. */
export async function encodeJpeg({ width, height, data }: Pixels, quality = 75): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}
