/** An image's size from the first bytes of its file, for a browser, which tells it only when it has decoded the image. Platform-free. */

type Size = readonly [width: number, height: number];

/** Reads the stored size of a JPEG, PNG, GIF or WebP; undefined for other kinds and for a header that is not in these bytes. */
export function headerSize(start: Uint8Array, kind: string | undefined): Size | undefined {
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  try {
    if (kind === "PNG") return [view.getUint32(16), view.getUint32(20)];
    if (kind === "GIF") return [view.getUint16(6, true), view.getUint16(8, true)];
    if (kind === "WebP") return webpSize(view);
    return kind === "JPEG" ? jpegSize(view) : undefined;
  } catch {
    return undefined; // beyond the bytes
  }
}

/** Its first chunk: extended, lossless or lossy (RFC 9649). */
function webpSize(view: DataView): Size | undefined {
  const chunk = String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)));
  const three = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  if (chunk === "VP8X") return [1 + three(24), 1 + three(27)];
  if (chunk === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  const bits = view.getUint32(21, true);
  return chunk === "VP8L" ? [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)] : undefined;
}

/** The frame header, which is the only segment of C0 to CF but for tables (C4, C8, CC). */
function jpegSize(view: DataView): Size | undefined {
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker === 0xc0 || (marker > 0xc0 && marker <= 0xcf && marker % 4 !== 0);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return undefined;
}
