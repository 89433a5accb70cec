/** Options of `loadImage` in every runtime, and the limits on decoded images. Platform-free. */
import { badOption, S2Error } from "../core/index.ts";

/** Options of `loadImage`. */
export interface LoadImageOptions {
  /** Color behind transparent pixels, 0 to 255 each. Default white. */
  background?: readonly [red: number, green: number, blue: number];
  /** "srgb" (default) converts by the embedded color profile; "ignore" takes the numbers as they are. */
  icc?: "srgb" | "ignore";
  /**
   * Refuses larger images before decoding them. Default 268402689 (16383 x 16383), as sharp; 67108864 (8192 x 8192) where colors are
   * converted by a profile or from CMYK, 16777216 (4096 x 4096) for SVG: these take far longer per pixel.
   */
  maxPixels?: number;
  /** Refuses images that need more memory to decode, as estimated from their header. Default 805306368 (768 MiB). */
  maxBytes?: number;
  /** Aborts loading. */
  signal?: AbortSignal;
}

export const WHITE = [255, 255, 255] as const;

/** Limits by the speed of decoding: plain images, images with converted colors, drawings. */
const MAX_PIXELS = { plain: 16383 ** 2, converted: 8192 ** 2, svg: 4096 ** 2 } as const;

/** Together with the rest of the process this stays below 1 GB. */
const MAX_BYTES = 768 * 2 ** 20;

/** @throws S2Error "too-many-pixels"; `name` begins the sentence. */
export function checkPixelCount(
  name: string,
  width: number,
  height: number,
  maxPixels?: number,
  speed: keyof typeof MAX_PIXELS = "plain",
): void {
  const limit = maxPixels ?? MAX_PIXELS[speed];
  if (width * height <= limit) return;
  const detail =
    maxPixels === undefined ? { plain: "", converted: " where colors are converted", svg: " for an SVG" }[speed] : "";
  throw new S2Error(
    "too-many-pixels",
    `${name} has ${width} x ${height} = ${width * height} pixels; the limit is ${limit}${detail}. ` +
      `Make the image smaller, or raise the option maxPixels to at least ${width * height}.`,
  );
}

/** @throws S2Error "too-many-pixels"; `storage` describes the samples, such as "4 x 16 bits, interlaced". */
export function checkBytes(name: string, bytes: number, storage: string, maxBytes = MAX_BYTES): void {
  if (bytes <= maxBytes) return;
  const mega = (count: number) => Math.ceil(count / 1e6);
  throw new S2Error(
    "too-many-pixels",
    `${name} (${storage}) needs about ${mega(bytes)} MB to decode; the limit is ${mega(maxBytes)} MB. ` +
      `Make the image smaller, or raise the option maxBytes to at least ${Math.ceil(bytes)}.`,
  );
}

/** @throws S2Error "image-options". */
export function checkImageOptions({ background, icc, ...limits }: LoadImageOptions): void {
  const refuse = (name: string, received: unknown, expected: string) => badOption("image-options", name, received, expected);
  if (background && !(background.length === 3 && background.every((v) => Number.isInteger(v) && v >= 0 && v <= 255)))
    throw refuse("background", background, "three whole numbers from 0 to 255: red, green, blue");
  if (icc !== undefined && icc !== "srgb" && icc !== "ignore")
    throw refuse("icc", icc, '"srgb" (convert) or "ignore" (leave the numbers as they are)');
  for (const [name, usual] of [["maxPixels", MAX_PIXELS.plain] as const, ["maxBytes", MAX_BYTES] as const]) {
    if (limits[name] === undefined || limits[name] >= 1) continue;
    throw refuse(name, limits[name], `a number of at least 1. Leave it out for ${usual}`);
  }
}
