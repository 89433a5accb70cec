/** Pictures as data: 8-bit pixels, rows from the top, channels interleaved. */
import { S2Error } from "../core/index.ts";

/** An 8-bit picture, [height, width, channels] row-major: gray (1), RGB (3) or RGBA (4, alpha not premultiplied). */
export interface Pixels {
  /** Pixels across. */
  readonly width: number;
  /** Pixels down. */
  readonly height: number;
  /** Values of a pixel. */
  readonly channels: 1 | 3 | 4;
  /** Values, 0 to 255. */
  readonly data: Uint8Array;
}

/** Resampling filters by Pillow's names; all of them average over the covered area when shrinking. */
export type Filter = "bicubic" | "bilinear" | "lanczos" | "box";

/** A decoded image: upright sRGB pixels, and where they came from (path or address) if that is known. */
export interface Photo extends Pixels {
  /** Red, green, blue. */
  readonly channels: 3;
  /** Path or address of the file. */
  readonly source?: string;
}

/** An encoded image: a path (in Node), an address, a file's bytes, or a Blob (a File is one). */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | Blob;

/** Returns true if the image is decoded already. */
export const isPhoto = (image: ImageSource | Photo): image is Photo => "width" in Object(image);

/**
 * Checks that pixels have a size, channels and the data for them.
 * @throws S2Error "pixels".
 */
export function checkPixels(pixels: Pixels): void {
  const { width, height, channels, data } = pixels ?? {};
  if (!isSide(width) || !isSide(height)) {
    throw new S2Error(
      "pixels",
      `Got pixels of width ${width} and height ${height}; expected whole numbers of at least 1. Give the decoded picture's size.`,
    );
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new S2Error(
      "pixels",
      `Got pixels with ${channels} channels; expected 1, 3 or 4. Convert the picture to gray, RGB or RGBA.`,
    );
  }
  // By tag and not instanceof: a Uint8Array of another realm (iframe, vm) is as good. Node's Buffer is one too.
  const kind = (data as { [Symbol.toStringTag]?: string } | undefined)?.[Symbol.toStringTag] ?? typeof data;
  if (kind !== "Uint8Array") {
    throw new S2Error(
      "pixels",
      `Got pixel data of type ${kind}; expected a Uint8Array. Wrap canvas data: new Uint8Array(data.buffer).`,
    );
  }
  if (data.length !== width * height * channels) {
    throw new S2Error(
      "pixels",
      `Got ${data.length} bytes for ${width} x ${height} pixels of ${channels} channels; expected ${width * height * channels}. ` +
        "Give width, height and channels of this very data.",
    );
  }
}

/** Returns true for a whole number of pixels, at least one. */
export function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
