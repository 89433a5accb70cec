/** Decodes an image into upright 8-bit sRGB pixels with the browser; nothing is resized here. */
import { S2Error } from "../../core/index.ts";
import { type ImageSource, loadSimd, type Photo } from "../../images/index.ts";
import { decodeError, headerSize, imageFormat } from "../image-format.ts";
import { checkBytes, checkImageOptions, checkPixelCount, type LoadImageOptions, WHITE } from "../image-options.ts";
import { rgbFrom8 } from "../to-rgb.ts";

/** Rows and columns that are drawn and read at a time: far below every browser's largest canvas, beyond which all pixels are silently zero. */
const BLOCK = [256, 4096] as const;

/** Number of first bytes in which a JPEG has its frame header, behind EXIF and profile. */
const HEADER = 2 ** 18;

/** Bytes per pixel of the browser's bitmap and of the RGB that is read from it. */
const BYTES_PER_PIXEL = 4 + 3;

/**
 * Decodes an image, given as an address, bytes or a Blob, into RGB pixels: turned upright by EXIF, transparency laid over
 * `background`, colors converted to sRGB, of an animation the first frame. The pixels of a plain 8-bit JPEG, PNG or WebP are those that
 * Node's `loadImage` gives; the browser decides which formats work.
 * @throws S2Error "image-not-found", "image-broken", "image-format", "image-options" or "too-many-pixels"; the signal's own reason.
 */
export async function loadImage(source: ImageSource, options: LoadImageOptions = {}): Promise<Photo> {
  checkImageOptions(options);
  const address = typeof source === "string" || source instanceof URL ? String(source) : undefined;
  const { signal } = options;
  signal?.throwIfAborted();
  const [blob] = await Promise.all([blobOf(source, signal), loadSimd()]);
  const name = address ? `"${address}"` : "The image";
  const start = new Uint8Array(await blob.slice(0, HEADER).arrayBuffer());
  const format = imageFormat(start);
  const size = headerSize(start, format);
  if (size) checkSize(name, blob, size, options); // before decoding, where the header has it
  const bitmap = await decode(blob, options).catch((cause) => {
    throw decodeError(name, start, WORDS, format && cause);
  });
  try {
    signal?.throwIfAborted();
    const { width, height } = bitmap;
    checkSize(name, blob, [width, height], options);
    const data = readPixels(bitmap, options.background ?? WHITE, format === "JPEG");
    return { width, height, channels: 3, data, ...(address && { source: address }) };
  } finally {
    bitmap.close();
  }
}

const WORKS = "JPEG, PNG, WebP, AVIF and GIF work in every browser";
const WORDS = {
  works: WORKS,
  undecoded: `this browser does not decode; ${WORKS}.`,
  damaged: "It is cut short or damaged, or larger than the browser has memory for: download it again, or make it smaller.",
  missing: "TIFF",
} as const;

function checkSize(name: string, blob: Blob, [width, height]: readonly [number, number], options: LoadImageOptions): void {
  checkPixelCount(name, width, height, options.maxPixels);
  checkBytes(name, blob.size + width * height * BYTES_PER_PIXEL, `${width} x ${height} pixels`, options.maxBytes);
}

function decode(blob: Blob, { icc }: LoadImageOptions): Promise<ImageBitmap> {
  const colorSpaceConversion = icc === "ignore" ? "none" : "default";
  return createImageBitmap(blob, { imageOrientation: "from-image", premultiplyAlpha: "default", colorSpaceConversion });
}

/** Reads block by block through a small canvas, which is then freed: browsers keep large ones for long. */
function readPixels(bitmap: ImageBitmap, background: readonly [number, number, number], opaque: boolean): Uint8Array {
  const { width, height } = bitmap;
  const pixels = new Uint8Array(width * height * 3);
  const [rows, cols] = [Math.min(BLOCK[0], height), Math.min(BLOCK[1], width)];
  const canvas = new OffscreenCanvas(cols, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" })!;
  context.globalCompositeOperation = "copy";
  for (let top = 0; top < height; top += rows) {
    for (let left = 0; left < width; left += cols) {
      const [h, w] = [Math.min(rows, height - top), Math.min(cols, width - left)];
      context.drawImage(bitmap, left, top, w, h, 0, 0, w, h);
      const { data } = context.getImageData(0, 0, w, h);
      if (opaque && data[data.length - 1] !== 255)
        throw new S2Error(
          "image-broken",
          `The browser decoded the image and did not draw it (${width} x ${height}); make it smaller.`,
        );
      const block = rgbFrom8(new Uint8Array(data.buffer), w * h, 4, background);
      for (let y = 0; y < h; y++) pixels.set(block.subarray(3 * w * y, 3 * w * (y + 1)), 3 * ((top + y) * width + left));
    }
  }
  canvas.width = canvas.height = 0;
  return pixels;
}

async function blobOf(source: ImageSource, signal?: AbortSignal): Promise<Blob> {
  if (source instanceof Blob) return refuseEmpty(source);
  if (source instanceof Uint8Array || source instanceof ArrayBuffer)
    return refuseEmpty(new Blob([source as Uint8Array<ArrayBuffer>]));
  if (typeof source !== "string" && !(source instanceof URL)) {
    throw new S2Error("image-not-found", `Got an image of type ${typeof source}; expected an address, a file's bytes or a Blob.`);
  }
  const advice = "Check the address; a server of another origin must allow this page by CORS";
  const response = await fetch(source, { signal }).catch((cause) => {
    signal?.throwIfAborted();
    throw new S2Error("image-not-found", `"${source}" could not be fetched (${cause.message}). ${advice}.`, { cause });
  });
  if (!response.ok) throw new S2Error("image-not-found", `"${source}" could not be fetched (${response.status}). ${advice}.`);
  return refuseEmpty(await response.blob());
}

function refuseEmpty(blob: Blob): Blob {
  if (blob.size > 0) return blob;
  throw new S2Error("image-broken", "The image has 0 bytes; expected an image file. Fetch or read it again.");
}
