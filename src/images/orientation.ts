/** Quarter turns that an image's file asks for, read from the bytes of a JPEG, PNG, WebP, TIFF or AVIF as decoders do. */

/** Tag of the orientation in a TIFF's first directory (TIFF 6.0, section 8). */
const ORIENTATION = 274;

/** Returns true if the upright image's width is the stored height; false too where the file is damaged or says nothing. */
export function swapsSides(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (latin1(bytes, 4, 4) === "ftyp") return isTurnedAvif(bytes, view);
    const start = exifStart(bytes, view);
    return start !== undefined && orientationAt(view, start) >= 5; // 5 to 8 are the quarter turns, with and without a mirror
  } catch (error) {
    if (error instanceof RangeError) return false; // cut short
    throw error;
  }
}

/** Offset of the TIFF structure that holds the EXIF. */
function exifStart(bytes: Uint8Array, view: DataView): number | undefined {
  if (bytes.length < 12) return undefined;
  const signature = latin1(bytes, 0, 4);
  if (signature === "II*\0" || signature === "MM\0*") return 0;
  if (signature === "\x89PNG") return inPng(bytes, view);
  if (signature === "RIFF" && latin1(bytes, 8, 4) === "WEBP") return inWebp(bytes, view);
  return view.getUint16(0) === 0xffd8 ? inJpeg(bytes, view) : undefined;
}

/** The APP1 segment before the pixels (Exif 2.32, 4.5.4). */
function inJpeg(bytes: Uint8Array, view: DataView): number | undefined {
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === 0xff)
      at++; // fill bytes
    else if (marker === 0xda || marker === 0xd9) return undefined;
    else if (marker === 0xe1 && latin1(bytes, at + 4, 6) === "Exif\0\0") return at + 10;
    else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** The eXIf chunk (PNG 3rd edition, 11.3.4.5); one behind the pixels is not seen by the decoder either. */
function inPng(bytes: Uint8Array, view: DataView): number | undefined {
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = latin1(bytes, at + 4, 4);
    if (type === "eXIf") return at + 8;
    if (type === "IDAT") return undefined;
  }
  return undefined;
}

/** The EXIF chunk of the extended format (RFC 9649, 2.7.1.5); some writers put JPEG's "Exif\0\0" before it. */
function inWebp(bytes: Uint8Array, view: DataView): number | undefined {
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (latin1(bytes, at, 4) === "EXIF") return latin1(bytes, at + 8, 6) === "Exif\0\0" ? at + 14 : at + 8;
    at += 8 + size + (size % 2);
  }
  return undefined;
}

/** AVIF is turned by its "irot" property, in quarters, and never by its EXIF (HEIF, ISO/IEC 23008-12, 6.5.10). */
function isTurnedAvif(bytes: Uint8Array, view: DataView): boolean {
  let [start, end] = [0, bytes.length];
  for (const [type, header] of [
    ["meta", 12],
    ["iprp", 8],
    ["ipco", 8],
    ["irot", 8],
  ] as const) {
    const box = findBox(bytes, view, type, start, end);
    if (box === undefined) return false;
    start = box + header;
    end = box + view.getUint32(box);
  }
  return view.getUint8(start) % 2 === 1;
}

function findBox(bytes: Uint8Array, view: DataView, type: string, start: number, end: number): number | undefined {
  for (let at = start; at + 8 <= end; at += Math.max(8, view.getUint32(at))) if (latin1(bytes, at + 4, 4) === type) return at;
  return undefined;
}

function orientationAt(view: DataView, start: number): number {
  const little = view.getUint16(start) === 0x4949;
  if ((!little && view.getUint16(start) !== 0x4d4d) || view.getUint16(start + 2, little) !== 42) return 1;
  const directory = start + view.getUint32(start + 4, little);
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (view.getUint16(entry, little) !== ORIENTATION) continue;
    const value = view.getUint16(entry + 8, little);
    return value <= 8 ? value : 1;
  }
  return 1;
}

const latin1 = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + length));
