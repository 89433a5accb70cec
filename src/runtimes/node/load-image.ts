/** Decodes an image file into upright 8-bit sRGB pixels with sharp; nothing is resized here. */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { S2Error } from "../../core/index.ts";
import { type ImageSource, isUndecodedImageName, loadSimd, type Photo } from "../../images/index.ts";
import { decodeError, imageFormat, START_BYTES } from "../image-format.ts";
import { checkBytes, checkImageOptions, type LoadImageOptions } from "../image-options.ts";
import { type DecodeOptions, type DecodeWork, decodeImage, needsConversion, type Rgb, readHeader } from "./decode-image.ts";
import { drawSvg } from "./draw-svg.ts";
import { readImage, readStart } from "./read-image.ts";

/** Below so many pixels converting samples takes a few milliseconds, less than a thread's start. */
const IN_PLACE = 2 ** 20;

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG, given as a path, an address, bytes or a Blob, into RGB pixels: turned upright by EXIF,
 * 16 bits rounded to 8, transparency laid over `background`, colors converted to sRGB, of an animation the first frame.
 * The pixels of a plain 8-bit picture are the decoder's own, untouched. The work is done on other threads; an SVG is drawn in a
 * process of its own, reads no other file, and has 3 seconds of a processor and 640 MiB of memory.
 * @throws S2Error "image-not-found", "image-broken", "image-format", "image-options" or "too-many-pixels"; the signal's own reason.
 */
export async function loadImage(image: ImageSource, options: LoadImageOptions = {}): Promise<Photo> {
  const { signal, ...rest } = options;
  checkImageOptions(rest);
  signal?.throwIfAborted();
  const source = await pathOrBytes(image, rest.maxBytes, signal);
  const [bytes] = await Promise.all([readImage(source, rest.maxBytes), loadSimd()]);
  signal?.throwIfAborted();
  const given = typeof image === "string" || image instanceof URL ? String(image) : ""; // bytes would become a list of their numbers
  const address = typeof source === "string" ? source : /^https?:/i.test(given) ? given : undefined;
  const name = address ? `"${address}"` : "The image";
  const rawFile = typeof source === "string" ? rawFileError(source, bytes.subarray(0, START_BYTES)) : undefined;
  if (rawFile) throw rawFile;
  const decoded = await unlessAborted(decodeBytes(bytes, name, rest, signal), signal);
  return { ...decoded, channels: 3, ...(address && { source: address }) };
}

/** Fetches an address, reads a Blob; a path stays one, for its file is read later. */
async function pathOrBytes(image: ImageSource, maxBytes?: number, signal?: AbortSignal): Promise<string | Uint8Array> {
  if (image instanceof Blob) {
    checkBytes("The image", image.size, "its file alone", maxBytes);
    return new Uint8Array(await image.arrayBuffer());
  }
  if (image instanceof ArrayBuffer) return new Uint8Array(image);
  if (image instanceof Uint8Array) return image;
  const address = String(image);
  if (/^file:/i.test(address)) return fileURLToPath(address);
  if (!/^(https?|data|blob):/i.test(address)) return image as string;
  const name = `"${address.slice(0, 80)}"`;
  try {
    const response = await fetch(address, { signal });
    if (!response.ok) throw new Error(String(response.status));
    checkBytes(name, Number(response.headers.get("content-length")), "its file alone", maxBytes);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof S2Error) throw cause;
    const why = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
    throw new S2Error("image-not-found", `${name} could not be fetched (${why}). Check the address and the network.`, { cause });
  }
}

async function decodeBytes(bytes: Uint8Array, name: string, options: DecodeOptions, signal?: AbortSignal): Promise<Rgb> {
  const start = bytes.subarray(0, START_BYTES);
  const format = imageFormat(start);
  // Only known formats reach a decoder; an AVIF may have another brand of HEIF first.
  if (!format && !String.fromCharCode(...start.subarray(4, 8)).startsWith("ftyp")) throw decodeError(name, start, WORDS);
  try {
    if (format === "SVG") return await drawSvg(bytes, name, options, signal);
    const metadata = await readHeader(bytes, name, options);
    signal?.throwIfAborted();
    const isLarge = needsConversion(metadata, options) && metadata.width * metadata.height > IN_PLACE;
    return await (isLarge ? decodeInThread({ bytes, metadata, options }) : decodeImage(bytes, metadata, options));
  } catch (error) {
    throw error instanceof S2Error || signal?.aborted ? error : decodeError(name, start, WORDS, error as Error);
  }
}

/** Decodes in a thread of its own, so that converting samples of 16 bits or with alpha does not hold up the caller's. */
function decodeInThread(work: DecodeWork): Promise<Rgb> {
  const worker = new Worker(new URL("./decode-worker.js", import.meta.url), { execArgv: [], workerData: work });
  return new Promise((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
    worker.on("exit", (status) => reject(new Error(`the decoding thread ended with status ${status}`)));
  });
}

/** Rejects with the signal's reason at once; libvips finishes its work, whose result is dropped. */
function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

const WORKS = "JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG work";
const WORDS = {
  works: WORKS,
  undecoded: `is not decoded here: ${WORKS}. Convert it to PNG.`,
  damaged: "It is cut short or damaged, and what is missing would be decoded as gray: copy or download it again.",
} as const;

/** Returns the error for a file that cannot be read or whose first bytes are of no decoded format; undefined for others. */
export async function imageRefusal(path: string): Promise<S2Error | undefined> {
  try {
    const start = await readStart(path, START_BYTES);
    return rawFileError(path, start) ?? (imageFormat(start) ? undefined : decodeError(`"${path}"`, start, WORDS));
  } catch (error) {
    return error as S2Error;
  }
}

/** Returns the error for a camera's raw file: most are TIFF files, of which only a small preview would be decoded. */
function rawFileError(path: string, start: Uint8Array): S2Error | undefined {
  if (imageFormat(start) !== "TIFF" || !isUndecodedImageName(path)) return undefined;
  return new S2Error(
    "image-format",
    `"${path}" is a camera's raw file, which is not decoded here: ${WORKS}. Develop it to JPEG or PNG.`,
  );
}
