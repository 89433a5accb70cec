/** Which kind of file an image is, by its first bytes. Platform-free. */

/** What the first bytes say: [offset, bytes as latin-1, name]. */
type Signature = readonly [offset: number, bytes: string, name: string];

/** Kinds that sharp decodes; browsers do most of them. */
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
const FOREIGN: readonly Signature[] = [
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

/** Count of first bytes that identify every kind: libvips, too, seeks "<svg" in these. */
export const START_BYTES = 1000;

/** A kind that runtimes decode, by the first 12 bytes at least; `START_BYTES` for an SVG. */
export const imageKind = (start: Uint8Array): string | undefined =>
  kindOf(start, DECODED) ?? (isAvif(start) ? "AVIF" : isSvg(start) ? "SVG" : undefined);

/** A kind that they do not. */
export const foreignKind = (start: Uint8Array): string | undefined => kindOf(start, FOREIGN);

/** An AVIF may bear another brand of HEIF first; the list of brands says that it is one. */
const isAvif = (start: Uint8Array): boolean => {
  const text = String.fromCharCode(...start.subarray(4, 64));
  return text.startsWith("ftyp") && start[0] + start[1] + start[2] === 0 && /avi[fs]/.test(text.slice(4, start[3] - 4));
};

function kindOf(start: Uint8Array, signatures: readonly Signature[]): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, 16));
  return signatures.find(([offset, bytes]) => text.startsWith(bytes, offset))?.[2];
}

function isSvg(start: Uint8Array): boolean {
  const text = new TextDecoder().decode(start.subarray(0, START_BYTES)).trimStart();
  return text.startsWith("<") && /<svg/i.test(text);
}
