/** The format of an image file and its size from the first bytes, and the errors for files that are not decoded. Platform-free. */
import { S2Error } from "../core/index.ts";

/** First bytes of a format: offset, bytes as latin-1, name. */
type Signature = readonly [offset: number, bytes: string, name: string];

/** Formats that sharp decodes; browsers decode most of them. */
const DECODED: readonly Signature[] = [
  [0, "\xff\xd8\xff", "JPEG"],
  [0, "\x89PNG", "PNG"],
  [0, "GIF8", "GIF"],
  [0, "II*\0", "TIFF"],
  [0, "MM\0*", "TIFF"],
  [0, "II+\0", "TIFF"],
  [0, "MM\0+", "TIFF"],
  [8, "WEBP", "WebP"],
  [4, "ftypavif", "AVIF"],
  [4, "ftypavis", "AVIF"],
];
const UNDECODED: readonly Signature[] = [
  [4, "ftyphei", "HEIC"],
  [4, "ftyphevc", "HEIC"],
  [4, "ftypmif1", "HEIF"],
  [4, "ftypmsf1", "HEIF"],
  [4, "ftypcrx", "Canon raw"],
  [0, "BM", "BMP"],
  [0, "8BPS", "Photoshop"],
  [0, "\xff\x0a", "JPEG XL"],
  [4, "JXL ", "JPEG XL"],
  [4, "jP  ", "JPEG 2000"],
  [0, "\0\0\x01\0", "icon"],
  [0, "%PDF", "PDF"],
  [0, "FUJIFILM", "Fujifilm raw"],
  [0, "\x1f\x8b", "gzip (SVGZ)"],
];

/** Number of first bytes that identify every format: libvips, too, seeks "<svg" in these. */
export const START_BYTES = 1000;

/** Returns the format that runtimes decode, from the first 12 bytes at least; `START_BYTES` for an SVG. */
export const imageFormat = (start: Uint8Array): string | undefined =>
  signatureOf(start, DECODED) ?? (isAvif(start) ? "AVIF" : isSvg(start) ? "SVG" : undefined);

/** An AVIF may have another brand of HEIF first; the list of brands says that it is one. */
const isAvif = (start: Uint8Array): boolean => {
  const text = String.fromCharCode(...start.subarray(4, 64));
  return text.startsWith("ftyp") && start[0] + start[1] + start[2] === 0 && /avi[fs]/.test(text.slice(4, start[3] - 4));
};

function signatureOf(start: Uint8Array, signatures: readonly Signature[]): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, 16));
  return signatures.find(([offset, bytes]) => text.startsWith(bytes, offset))?.[2];
}

function isSvg(start: Uint8Array): boolean {
  const text = new TextDecoder().decode(start.subarray(0, START_BYTES)).trimStart();
  return text.startsWith("<") && /<svg/i.test(text);
}

/** Sentences of a runtime about images that it does not decode. */
export interface DecoderWords {
  /** Formats that work, such as "JPEG and PNG work". */
  readonly works: string;
  /** Ends "a HEIC file, which ..."; a full stop at its end. */
  readonly undecoded: string;
  /** Advice for a damaged file. */
  readonly damaged: string;
  /** A format of `imageFormat` that this runtime does not decode. */
  readonly missing?: string;
}

/** Returns the error for bytes that were not decoded: another format, a damaged file, or no image. `name` begins the sentence. */
export function decodeError(name: string, start: Uint8Array, words: DecoderWords, cause?: Error): S2Error {
  const format = imageFormat(start);
  const undecoded = signatureOf(start, UNDECODED) ?? (format === words.missing ? format : undefined);
  if (undecoded) return new S2Error("image-format", `${name} is ${named(undecoded)} file, which ${words.undecoded}`, { cause });
  const reason = (cause?.message ?? "unsupported image format")
    .split("\n")[0]
    .replace(/^(Input (buffer|file) )?has corrupt header: /, "");
  if (!format && /unsupported image format/.test(reason)) {
    const shown = JSON.stringify(String.fromCharCode(...start.subarray(0, 12)));
    return new S2Error("image-format", `${name} is not an image (it starts with ${shown}); ${words.works}. Give an image file.`, {
      cause,
    });
  }
  const advice = format === "SVG" ? "Save it as PNG in the program that made it." : words.damaged;
  const message = `${name} is ${named(format ?? "image")} file that cannot be decoded to its end (${reason}). ${advice}`;
  return new S2Error("image-broken", message, { cause });
}

/** Puts the article before a format. */
const named = (format: string): string => `${/^(AVIF|SVG|i)/.test(format) ? "an" : "a"} ${format}`;

type Size = readonly [width: number, height: number];

/** Reads the stored size of a JPEG, PNG, GIF or WebP; undefined for other formats and for a header that is not in these bytes. */
export function headerSize(start: Uint8Array, format: string | undefined): Size | undefined {
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  try {
    if (format === "PNG") return [view.getUint32(16), view.getUint32(20)];
    if (format === "GIF") return [view.getUint16(6, true), view.getUint16(8, true)];
    if (format === "WebP") return webpSize(view);
    return format === "JPEG" ? jpegSize(view) : undefined;
  } catch {
    return undefined; // beyond the bytes
  }
}

/** Reads the first chunk: extended, lossy or lossless (RFC 9649). */
function webpSize(view: DataView): Size | undefined {
  const chunk = String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)));
  const three = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  if (chunk === "VP8X") return [1 + three(24), 1 + three(27)];
  if (chunk === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  const bits = view.getUint32(21, true);
  return chunk === "VP8L" ? [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)] : undefined;
}

/** Reads the frame header, which is the only segment of C0 to CF except tables (C4, C8, CC). */
function jpegSize(view: DataView): Size | undefined {
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker === 0xc0 || (marker > 0xc0 && marker <= 0xcf && marker % 4 !== 0);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return undefined;
}
