/** A photo file into upright 8-bit sRGB pixels: sharp decodes, nothing is ever resized here. */
import type { Metadata, Sharp } from "sharp";
import { S2Error } from "../../core/index.ts";
import type { Photo } from "../../images/index.ts";
import { checkPhotoOptions, type LoadImageOptions, refusePixels, WHITE } from "../photo-options.ts";
import { rgbFrom8, rgbFrom16 } from "../to-rgb.ts";
import { refuseSource, refuseUndecodable } from "./photo-refusals.ts";
import { isSrgbProfile } from "./srgb-profile.ts";

/** The two complaints of libjpeg that phones and editors cause daily and that leave every pixel right. */
const HARMLESS = /extraneous bytes before marker|Invalid SOS parameters for sequential JPEG/;

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG, given as a path or as the file's bytes, into RGB pixels: turned upright by EXIF,
 * 16 bits rounded to 8, transparency laid over `background`, colours converted to sRGB, of an animation the first frame.
 * The pixels of a plain 8-bit picture are the decoder's own, untouched.
 */
export async function loadImage(source: string | Uint8Array, options: LoadImageOptions = {}): Promise<Photo> {
  checkPhotoOptions(options);
  await refuseSource(source);
  const sharp = await loadSharp();
  const where = typeof source === "string" ? { source } : {};
  let metadata: Metadata;
  let raw: Raw;
  try {
    // failOn "none": this reads the header alone; what is wrong further on is found by the decoding.
    metadata = await sharp(source, { limitInputPixels: false, failOn: "none" }).metadata();
    refuseHeader(source, metadata, options.maxPixels);
    raw = await decode((failOn) => sharp(source, { ...inputOptions(metadata, options), failOn }), metadata, options);
  } catch (error) {
    throw error instanceof S2Error ? error : await refuseUndecodable(source, error);
  }
  return { width: raw.width, height: raw.height, channels: 3, data: toRgb(raw, options.background ?? WHITE), ...where };
}

interface Raw {
  width: number;
  height: number;
  channels: number;
  deep: boolean;
  data: Buffer;
}

/**
 * sharp, with its cache of operations off. Measured with 60 to 80 JPEGs of 12 to 24 megapixels in a row, half of them turned (2 cores):
 * libvips holds at most 118 MB with the cache and 77 MB without it, at the same time per photo, as no photo is decoded twice; the
 * process's peak is reached by the 20th photo and stays. `sharp.concurrency` stays as sharp chose it (1 on glibc, against fragmented
 * memory): a second thread saved 6 to 15 % of the time, which belongs to the model.
 */
async function loadSharp() {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  return sharp;
}

function inputOptions(metadata: Metadata, options: LoadImageOptions) {
  return { autoOrient: true, limitInputPixels: false, ignoreIcc: !convertsColours(metadata, options) } as const;
}

/** An sRGB profile is skipped, not applied: converting sRGB to sRGB through 8-bit tables would only move pixels by a level or so. */
function convertsColours(metadata: Metadata, options: LoadImageOptions): boolean {
  return options.icc !== "ignore" && metadata.icc !== undefined && !isSrgbProfile(metadata.icc);
}

/**
 * A photo that is cut short is refused, as its missing part would be grey and the features silently wrong; so is a JPEG whose data
 * are corrupt in the middle. sharp has one switch for both and for libjpeg's harmless complaints, hence the second, laxer try.
 */
async function decode(
  open: (failOn: "warning" | "truncated") => Sharp,
  metadata: Metadata,
  options: LoadImageOptions,
): Promise<Raw> {
  try {
    return await decodeStrictly(open("warning"), metadata, options);
  } catch (error) {
    if (!HARMLESS.test((error as Error).message)) throw error;
    return decodeStrictly(open("truncated"), metadata, options);
  }
}

async function decodeStrictly(image: Sharp, metadata: Metadata, options: LoadImageOptions): Promise<Raw> {
  const sixteen = metadata.depth === "ushort" && (metadata.space === "rgb16" || metadata.space === "grey16");
  const deep = sixteen && !(convertsColours(metadata, options) && metadata.space === "rgb16");
  if (deep) image.toColourspace("rgb16").raw({ depth: "ushort" });
  // sharp converts 16-bit colours with a profile to Display P3 and leaves them there (its pipeline.cc, processingProfile: Photoshop's
  // 16-bit sRGB would be off by up to 100 of 255), so these go down to 8 bits first and then the way of the 8-bit photos.
  else (sixteen ? image.pipelineColourspace("srgb") : image).raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, deep, data };
}

function toRgb({ width, height, channels, deep, data }: Raw, background: readonly [number, number, number]): Uint8Array {
  if (deep)
    return rgbFrom16(new Uint16Array(data.buffer, data.byteOffset, data.length / 2), width * height, channels, background);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return channels === 3 ? bytes : rgbFrom8(bytes, width * height, channels, background);
}

function refuseHeader(source: string | Uint8Array, metadata: Metadata, maxPixels?: number): void {
  const { width, height, depth, channels, format } = metadata;
  const name = typeof source === "string" ? `"${source}"` : "The photo";
  refusePixels(name, width, height, maxPixels);
  const bands = metadata.space === "cmyk" ? 5 : 4; // with alpha
  if ((depth !== "uchar" && depth !== "ushort") || channels > bands) {
    throw new S2Error(
      "photo-format",
      `${name} is a ${format} with ${channels} channels of type ${depth}; expected grey, RGB or CMYK of 8 or 16 bits, with or without ` +
        "alpha. Save it as an 8-bit or 16-bit RGB picture.",
    );
  }
}
