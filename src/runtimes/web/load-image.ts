/** Decodes an image into upright 8-bit sRGB pixels with the browser; nothing is resized here. */
import { S2Error } from "../../core/index.ts";
import type { ImageSource, Photo } from "../../images/index.ts";
import { headerSize } from "../header-size.ts";
import { foreignKind, imageKind } from "../image-kinds.ts";
import { checkImageOptions, type LoadImageOptions, refuseBytes, refusePixels, WHITE } from "../image-options.ts";
import { rgbFrom8 } from "../to-rgb.ts";

/** Sides of what is drawn and read at a time: far below every browser's largest canvas, beyond which all pixels come as zeros in silence. */
const BLOCK = [256, 4096] as const;

/** First bytes in which a JPEG has its frame header, behind EXIF and profile. */
const HEADER = 2 ** 18;

/** Bytes per pixel: the browser's picture and the RGB that is read from it. */
const BYTES_PER_PIXEL = 4 + 3;

/**
 * Decodes an image, given as an address, bytes or a Blob, into RGB pixels: turned upright by EXIF, transparency laid over
 * `background`, colors converted to sRGB, of an animation the first frame. The pixels of a plain 8-bit JPEG, PNG or WebP are those that
 * Node's `loadImage` gives; which formats there are, the browser says.
 * @throws S2Error "image-not-found", "image-broken", "image-format", "image-options" or "too-many-pixels"; the signal's own reason.
 */
export async function loadImage(source: ImageSource, options: LoadImageOptions = {}): Promise<Photo> {
  checkImageOptions(options);
  const where = typeof source === "string" || source instanceof URL ? { source: String(source) } : {};
  const { signal } = options;
  signal?.throwIfAborted();
  const blob = await blobOf(source, signal);
  const name = where.source ? `"${where.source}"` : "The image";
  const start = new Uint8Array(await blob.slice(0, HEADER).arrayBuffer());
  const size = headerSize(start, imageKind(start));
  if (size) refuseSize(name, blob, size, options); // before decoding, where the header says it
  const bitmap = await decode(blob, options).catch((cause) => {
    throw refuseUndecodable(name, start, cause);
  });
  try {
    signal?.throwIfAborted();
    const { width, height } = bitmap;
    refuseSize(name, blob, [width, height], options);
    const data = readPixels(bitmap, options.background ?? WHITE, imageKind(start) === "JPEG");
    return { width, height, channels: 3, data, ...where };
  } finally {
    bitmap.close();
  }
}

function refuseSize(name: string, blob: Blob, [width, height]: readonly [number, number], options: LoadImageOptions): void {
  refusePixels(name, width, height, options.maxPixels);
  refuseBytes(name, blob.size + width * height * BYTES_PER_PIXEL, `${width} x ${height} pixels`, options.maxBytes);
}

function decode(blob: Blob, { icc }: LoadImageOptions): Promise<ImageBitmap> {
  const colorSpaceConversion = icc === "ignore" ? "none" : "default";
  return createImageBitmap(blob, { imageOrientation: "from-image", premultiplyAlpha: "default", colorSpaceConversion });
}

/** Block by block through a small canvas, which is then freed: browsers keep large ones for long. */
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
      if (opaque && data[data.length - 1] !== 255) throw notRead(width, height);
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

const WORKS = "JPEG, PNG, WebP, AVIF and GIF work in every browser";

function refuseUndecodable(name: string, start: Uint8Array, cause: Error): S2Error {
  const foreign = foreignKind(start);
  const kind = imageKind(start);
  if (foreign || kind === "TIFF")
    return new S2Error("image-format", `${name} is a ${foreign ?? kind} file, which this browser does not decode; ${WORKS}.`, {
      cause,
    });
  if (!kind) {
    const shown = JSON.stringify(String.fromCharCode(...start.subarray(0, 12)));
    return new S2Error("image-format", `${name} is not an image (it starts with ${shown}); ${WORKS}. Give an image file.`, {
      cause,
    });
  }
  const advice = "It is cut short or damaged, or larger than the browser has memory for: download it again, or make it smaller.";
  return new S2Error(
    "image-broken",
    `${name} is a ${kind} file that cannot be decoded to its end (${cause.message}). ${advice}`,
    { cause },
  );
}

function notRead(width: number, height: number): S2Error {
  return new S2Error(
    "image-broken",
    `The browser decoded the image and did not draw it (${width} x ${height}); make it smaller.`,
  );
}
