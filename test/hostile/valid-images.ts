/** Small valid images of each format and variant: what hostile ones are made from. */
import sharp, { type Sharp } from "sharp";

const [WIDTH, HEIGHT] = [45, 31];

/** Name with the extension, and bytes. */
export type Valid = readonly [name: string, bytes: Buffer];

function drawing(channels: 1 | 2 | 3 | 4): Sharp {
  const data = Uint8Array.from(
    { length: WIDTH * HEIGHT * channels },
    (_, i) => (Math.imul(i, 2654435761) >>> 26) + ((i * 3) & 127),
  );
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

/** SVGs are written in `svgs.ts`. */
export async function validImages(): Promise<readonly Valid[]> {
  const [gray, grayAlpha, rgb, rgba] = ([1, 2, 3, 4] as const).map((channels) => () => drawing(channels));
  const frames = async () =>
    sharp(await Promise.all([rgb(), rgba()].map((image) => image.png().toBuffer())), { join: { animated: true } });
  const made: Record<string, Sharp> = {
    "rgb.png": rgb().png(),
    "rgba.png": rgba().png(),
    "rgb16.png": rgb().toColourspace("rgb16").png(),
    "rgba16.png": rgba().toColourspace("rgb16").png(),
    "gray.png": gray().toColourspace("b-w").png(),
    "grey16.png": gray().toColourspace("grey16").png(),
    "gray-alpha.png": grayAlpha().toColourspace("b-w").png(),
    "palette.png": rgba().png({ palette: true, colors: 16 }),
    "palette-1.png": rgb().png({ palette: true, colors: 2 }),
    "interlaced.png": rgba().png({ progressive: true }),
    "interlaced16.png": rgba().toColourspace("rgb16").png({ progressive: true }),
    "profile.png": rgb().withIccProfile("p3").png(),
    "baseline.jpg": rgb().jpeg(),
    "turned.jpg": rgb().withMetadata({ orientation: 6 }).jpeg(),
    "progressive.jpg": rgb().jpeg({ progressive: true }),
    "progressive-444.jpeg": rgb().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
    "gray.jfif": gray().toColourspace("b-w").jpeg(),
    "cmyk.jpg": rgb().toColourspace("cmyk").jpeg(),
    "profile.jpg": rgb().withIccProfile("p3").jpeg(),
    "lossy.webp": rgb().webp(),
    "alpha.webp": rgba().webp(),
    "lossless.webp": rgba().webp({ lossless: true }),
    "animated.webp": (await frames()).webp(),
    "still.gif": rgba().gif(),
    "animated.gif": (await frames()).gif(),
    "plain.tiff": rgb().tiff({ compression: "none" }),
    "lzw.tif": rgba().tiff({ compression: "lzw", predictor: "horizontal" }),
    "deflate.tiff": rgb().toColourspace("rgb16").tiff({ compression: "deflate" }),
    "tiled.tiff": rgb().tiff({ tile: true, tileWidth: 16, tileHeight: 16 }),
    "jpeg.tiff": rgb().tiff({ compression: "jpeg" }),
    "bits.tiff": gray().toColourspace("b-w").tiff({ bitdepth: 1, compression: "ccittfax4" }),
    "cmyk.tiff": rgb().toColourspace("cmyk").tiff(),
    "float.tiff": rgb().toColourspace("scrgb").tiff({ compression: "none" }),
    "pages.tiff": (await frames()).tiff(),
    "lossy.avif": rgb().avif({ effort: 0 }),
    "alpha.avif": rgba().avif({ effort: 0 }),
    "lossless.avif": rgb().avif({ effort: 0, lossless: true }),
  };
  return Promise.all(Object.entries(made).map(async ([name, image]) => [name, await image.toBuffer()] as const));
}
