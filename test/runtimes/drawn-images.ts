/** Pictures for tests, drawn here: noise and gradients through sharp, color profiles, a floating-point TIFF. */
import { deflateSync } from "node:zlib";
import sharp, { type CreateRaw } from "sharp";

export const WIDTH = 64;
export const HEIGHT = 48;
export const PIXELS = WIDTH * HEIGHT;

/** Bytes without a pattern, the same in every run. */
export function noise(length: number): Uint8Array {
  let state = 7;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 15);
}

export function noise16(length: number): Uint16Array {
  const bytes = noise(length * 2);
  return Uint16Array.from({ length }, (_, i) => 256 * bytes[2 * i] + bytes[2 * i + 1]);
}

/** [h, w, 3]: a gradient that JPEG and print keep. */
export function smooth(): Uint8Array {
  return Uint8Array.from({ length: PIXELS * 3 }, (_, i) => 70 + Math.floor(i / 3 / WIDTH) * 2 + (i % 3) * 10);
}

export function drawn(pixels: Uint8Array, channels: 1 | 3 | 4) {
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

export function drawn16(pixels: Uint16Array, channels: 1 | 3 | 4) {
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels, depth: "ushort" } as CreateRaw });
}

export function plain(data: Buffer): Uint8Array {
  return new Uint8Array(data);
}

export function tripled(gray: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: gray.length * 3 }, (_, i) => gray[Math.floor(i / 3)]);
}

export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
}

/** Display P3 to sRGB in floating point: same curve, linear light through the primaries' matrix, clipped. */
export function p3ToSrgb(pixels: Uint8Array): Uint8Array {
  const matrix = [1.22494, -0.22494, 0, -0.042057, 1.042057, 0, -0.019638, -0.078636, 1.098274];
  const linear = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const encoded = (v: number) => (v <= 0.0031308 ? Math.max(0, v) * 12.92 : 1.055 * Math.min(1, v) ** (1 / 2.4) - 0.055);
  return pixels.map((_, i) => {
    const light = [0, 1, 2].map((k) => linear(pixels[i - (i % 3) + k] / 255) * matrix[3 * (i % 3) + k]);
    return Math.round(255 * encoded(light[0] + light[1] + light[2]));
  });
}

export async function profileOf(name: string): Promise<Buffer> {
  const tagged = await drawn(noise(PIXELS * 3), 3)
    .withIccProfile(name)
    .png()
    .toBuffer();
  return (await sharp(tagged).metadata()).icc!;
}

/** The profile with its three curves as one table of 1024 values, the way of HP's sRGB of 1998. */
export function withCurveTable(profile: Buffer): Buffer {
  const table = Buffer.alloc(12 + 2 * 1024);
  table.write("curv", "latin1");
  table.writeUInt32BE(1024, 8);
  for (let i = 0; i < 1024; i++) {
    const x = i / 1023;
    table.writeUInt16BE(Math.round(65535 * (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)), 12 + 2 * i);
  }
  const out = Buffer.concat([profile, table]);
  for (let i = 0; i < out.readUInt32BE(128); i++) {
    if (!out.toString("latin1", 132 + 12 * i, 136 + 12 * i).endsWith("TRC")) continue;
    out.writeUInt32BE(profile.length, 136 + 12 * i);
    out.writeUInt32BE(table.length, 140 + 12 * i);
  }
  out.writeUInt32BE(out.length, 0);
  return out;
}

/** One gray pixel of 32-bit float: eight tags of (number, type, count, value), TIFF 6.0 section 2. */
export function floatTiff(): Buffer {
  const tags = [
    [256, 1],
    [257, 1],
    [258, 32],
    [259, 1],
    [262, 1],
    [273, 8],
    [279, 4],
    [339, 3],
  ];
  const out = Buffer.alloc(12 + 2 + 12 * tags.length + 4);
  out.write("II*\0", "latin1");
  out.writeUInt32LE(12, 4);
  out.writeFloatLE(0.5, 8);
  out.writeUInt16LE(tags.length, 12);
  for (const [i, [tag, value]] of tags.entries()) {
    out.writeUInt16LE(tag, 14 + 12 * i);
    out.writeUInt16LE(4, 16 + 12 * i);
    out.writeUInt32LE(1, 18 + 12 * i);
    out.writeUInt32LE(value, 22 + 12 * i);
  }
  return out;
}

/** PNG's checksum (zlib.crc32 came with Node 20.15). */
function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The PNG with the profile in an iCCP chunk after its header; sharp's own way would also convert the pixels. */
export function withProfile(png: Buffer, profile: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from("iCCPx\0\0", "latin1"), deflateSync(profile)]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}
