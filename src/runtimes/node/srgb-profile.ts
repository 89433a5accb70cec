/** Recognizes sRGB among embedded ICC profiles by its numbers, under any name (ICC.1:2022, sections 8 to 10). */

/** sRGB's red, green and blue as XYZ under D50; every vendor's profile has them up to rounding. */
const PRIMARIES = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
} as const;

/** Returns true if the profile is a matrix profile with sRGB's primaries (within 0.002) and sRGB's curve (within 0.001 of linear light). */
export function isSrgbProfile(icc: Uint8Array): boolean {
  const bytes = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  try {
    if (word(bytes, 16) !== "RGB " || word(bytes, 20) !== "XYZ ") return false;
    const tags = readTags(bytes);
    if (tags.has("A2B0")) return false; // a table: sRGB's perceptual rendering, which changes colors
    const primaries = Object.entries(PRIMARIES).every(([name, xyz]) =>
      xyz.every((want, i) => Math.abs(fixed(bytes, tags.get(name)! + 8 + 4 * i) - want) < 0.002),
    );
    return primaries && ["rTRC", "gTRC", "bTRC"].every((name) => isSrgbCurve(bytes, tags.get(name)!));
  } catch {
    return false; // cut short or without a tag: libvips decides whether it can use the profile
  }
}

function readTags(bytes: DataView): Map<string, number> {
  const tags = new Map<string, number>();
  const count = bytes.getUint32(128);
  for (let i = 0; i < count; i++) tags.set(word(bytes, 132 + 12 * i), bytes.getUint32(136 + 12 * i));
  return tags;
}

function isSrgbCurve(bytes: DataView, at: number): boolean {
  for (let x = 1 / 64; x < 1; x += 1 / 64) {
    const want = x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    if (!(Math.abs(curve(bytes, at, x) - want) < 0.001)) return false;
  }
  return true;
}

/** Evaluates a tone curve: "curv" is a table of 16-bit values (a single one is a gamma), "para" a formula. NaN for anything else. */
function curve(bytes: DataView, at: number, x: number): number {
  const type = word(bytes, at);
  if (type === "para" && bytes.getUint16(at + 8) === 3) {
    const [g, a, b, c, d] = [0, 1, 2, 3, 4].map((i) => fixed(bytes, at + 12 + 4 * i));
    return x >= d ? (a * x + b) ** g : c * x;
  }
  const count = type === "curv" ? bytes.getUint32(at + 8) : 0;
  if (count < 2) return Number.NaN;
  const below = Math.floor(x * (count - 1));
  const [low, high] = [below, below + 1].map((i) => bytes.getUint16(at + 12 + 2 * i) / 65535);
  return low + (high - low) * (x * (count - 1) - below);
}

function word(bytes: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => bytes.getUint8(at + i)));
}

/** Reads an s15Fixed16Number. */
function fixed(bytes: DataView, at: number): number {
  return bytes.getInt32(at) / 65536;
}
