/** Decodes an image's file to RGB by sharp, in the calling thread. */
import type { Metadata, Sharp } from "sharp";
import { S2Error } from "../../core/index.ts";
import { checkBytes, checkPixelCount, type LoadImageOptions, WHITE } from "../image-options.ts";
import { rgbFrom8, rgbFrom16 } from "../to-rgb.ts";
import { isSrgbProfile } from "./srgb-profile.ts";

/** Two warnings of libjpeg about files that phones and editors often write, whose pixels are all right. */
const HARMLESS = /extraneous bytes before marker|Invalid SOS parameters for sequential JPEG/;

export type DecodeOptions = Omit<LoadImageOptions, "signal">;

/** The message to the thread that decodes a large image. */
export interface DecodeWork {
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  readonly options: DecodeOptions;
}

export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Loads sharp and turns its cache of operations off. Measured with 60 to 80 JPEGs of 12 to 24 megapixels in a row, half of them turned (2 cores):
 * libvips holds at most 118 MB with the cache and 77 MB without it, at the same time per image, as no image is decoded twice; the
 * process's peak is reached by the 20th image and stays. `sharp.concurrency` stays as sharp chose it (1 on glibc, against fragmented
 * memory): a second thread saved 6 to 15 % of the time, which belongs to the model.
 */
async function loadSharp() {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  return sharp;
}

/** Reads the header of an image within the limits; nothing is decoded. @throws S2Error "too-many-pixels" or "image-format". */
export async function readHeader(bytes: Uint8Array, name: string, options: DecodeOptions): Promise<Metadata> {
  const sharp = await loadSharp();
  // failOn "none": this reads the header alone; decoding finds later damage.
  const metadata = await sharp(bytes, { limitInputPixels: false, failOn: "none" }).metadata();
  const { width, height, depth, channels, space, format } = metadata;
  const slow = space === "cmyk" || convertsColors(metadata, options) ? "converted" : "plain";
  checkPixelCount(name, width, height, options.maxPixels, format === "svg" ? "svg" : slow);
  const bands = space === "cmyk" ? 5 : 4; // with alpha
  if ((depth !== "uchar" && depth !== "ushort") || channels > bands) {
    throw new S2Error(
      "image-format",
      `${name} is a ${format} with ${channels} channels of type ${depth}; expected gray, RGB or CMYK of 8 or 16 bits, with or without ` +
        "alpha. Save it as an 8-bit or 16-bit RGB picture.",
    );
  }
  const turned = (metadata.orientation ?? 1) > 1 ? ", turned by EXIF" : "";
  const how = `${width} x ${height} pixels of ${channels} x ${depth === "ushort" ? 16 : 8} bits${metadata.isProgressive ? ", interlaced" : ""}${turned}`;
  checkBytes(name, bytes.length + width * height * bytesPerPixel(metadata), how, options.maxBytes);
  return metadata;
}

/** Bytes per pixel that decoders hold beside sharp's output, where that is more than some rows; peaks measured at 16 megapixels. */
const HELD: Record<string, number> = { gif: 5, webp: 9, heif: 17 };

function bytesPerPixel(metadata: Metadata): number {
  const { format, depth, hasAlpha, channels, isProgressive, orientation = 1 } = metadata;
  const width = depth === "ushort" ? 2 : 1;
  const samples = (hasAlpha ? 4 : 3) * width;
  const held =
    (HELD[format] ?? 0) * (format === "heif" && width === 2 ? 1.5 : 1) +
    (format === "jpeg" && isProgressive ? 2 * channels : 0) + // its coefficients, of 16 bits
    (format === "png" && isProgressive ? samples : 0) +
    (format === "tiff" ? samples : 0); // a strip may be all of it
  const turned = orientation > 1 ? samples : 0;
  return samples + held + turned + (width === 2 || hasAlpha ? 3 : 0);
}

/** Returns true if sharp gives samples that are not yet 8-bit RGB. */
export const needsConversion = (metadata: Metadata, options: DecodeOptions): boolean =>
  metadata.hasAlpha || isDeep(metadata, options);

const isSixteen = ({ depth, space }: Metadata): boolean => depth === "ushort" && (space === "rgb16" || space === "grey16");

const isDeep = (metadata: Metadata, options: DecodeOptions): boolean =>
  isSixteen(metadata) && !(convertsColors(metadata, options) && metadata.space === "rgb16");

/**
 * Decodes an image whose header was read. Refuses one that is cut short, whose missing pixels would be gray and the features silently wrong,
 * and a JPEG with corrupt data in the middle. sharp has one switch for both and for libjpeg's harmless warnings, hence the second, laxer try.
 */
export async function decodeImage(bytes: Uint8Array, metadata: Metadata, options: DecodeOptions): Promise<Rgb> {
  const sharp = await loadSharp();
  const input = { autoOrient: true, limitInputPixels: false, ignoreIcc: !convertsColors(metadata, options) } as const;
  try {
    return await readRgb(sharp(bytes, { ...input, failOn: "warning" }), metadata, options);
  } catch (error) {
    if (!HARMLESS.test((error as Error).message)) throw error;
    return readRgb(sharp(bytes, { ...input, failOn: "truncated" }), metadata, options);
  }
}

/** Skips an sRGB profile: converting sRGB to sRGB through 8-bit tables would only change pixels by a level or so. */
function convertsColors(metadata: Metadata, options: DecodeOptions): boolean {
  return options.icc !== "ignore" && metadata.icc !== undefined && !isSrgbProfile(metadata.icc);
}

async function readRgb(image: Sharp, metadata: Metadata, options: DecodeOptions): Promise<Rgb> {
  const deep = isDeep(metadata, options);
  if (deep) image.toColourspace("rgb16").raw({ depth: "ushort" });
  // sharp converts 16-bit colors with a profile to Display P3 and leaves them there (its pipeline.cc, processingProfile: Photoshop's
  // 16-bit sRGB would be off by up to 100 of 255), so these become 8-bit first and are then handled like 8-bit images.
  else (isSixteen(metadata) ? image.pipelineColourspace("srgb") : image).raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const { buffer, byteOffset, length } = data;
  const background = options.background ?? WHITE;
  if (deep) {
    const samples = new Uint16Array(buffer, byteOffset, length / 2);
    return { width, height, data: rgbFrom16(samples, width * height, channels, background) };
  }
  const samples = new Uint8Array(buffer, byteOffset, length);
  return { width, height, data: channels === 3 ? samples : rgbFrom8(samples, width * height, channels, background) };
}
