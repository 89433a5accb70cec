/** PNG files by hand: any header, any chunks, checksums right. */
import { createDeflate, deflateSync } from "node:zlib";
import type { Random } from "./corpus.ts";
import { EDGES } from "./damage.ts";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  out.set(data, 8);
  out.writeUInt32BE(crc(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

function chunksOf(file: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    chunks.push({ type: file.toString("latin1", at + 4, at + 8), data: Buffer.from(file.subarray(at + 8, at + 8 + length)) });
    at += 12 + length;
  }
  return chunks;
}

const join = (chunks: readonly { type: string; data: Uint8Array }[]): Buffer =>
  Buffer.concat([SIGNATURE, ...chunks.map(({ type, data }) => chunk(type, data))]);

/** A valid PNG with one field or chunk changed, its checksums mended. */
export function editPng(file: Buffer, random: Random): Buffer {
  const chunks = chunksOf(file);
  const at = random.below(chunks.length);
  const header = chunks[0].data;
  const edits = [
    () => header.writeUInt32BE(random.pick(EDGES), random.pick([0, 4])),
    () => header.writeUInt8(random.pick([0, 1, 2, 3, 4, 8, 16, 32, 255]), 8),
    () => header.writeUInt8(random.pick([0, 1, 2, 3, 4, 5, 6, 7]), 9),
    () => header.writeUInt8(random.pick([0, 1, 2]), random.pick([10, 11, 12])),
    () => chunks.splice(at, 1),
    () => chunks.splice(at, 0, chunks[at]),
    () =>
      chunks.splice(1, 0, { type: random.pick(["PLTE", "tRNS", "gAMA", "cICP", "acTL", "eXIf", "sBIT"]), data: noise(random) }),
    () => chunks[at].data.length > 0 && (chunks[at].data[random.below(chunks[at].data.length)] ^= 1 << random.below(8)),
    () => chunks.splice(1, 0, { type: "iCCP", data: Buffer.concat([Buffer.from("k\0\0"), deflateSync(noise(random))]) }),
  ];
  random.pick(edits)();
  return join(chunks);
}

const noise = (random: Random): Buffer => Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));

/** Channels by color type. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** All pixels zero: some kilobytes that decode to as much as the sizes say. */
export async function zeroPng(width: number, height: number, depth: number, type: number, interlaced: boolean): Promise<Buffer> {
  const row = (pixels: number) => 1 + Math.ceil((pixels * CHANNELS[type] * depth) / 8);
  const adam7 = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  const passes = interlaced
    ? adam7.map(([x, y, dx, dy]) => Math.ceil((height - y) / dy) * row(Math.ceil((width - x) / dx)))
    : [height * row(width)];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, Number(interlaced)], 8);
  const data = await deflateZeros(passes.reduce((sum, size) => sum + size, 0));
  return join([
    { type: "IHDR", data: header },
    { type: "IDAT", data },
    { type: "IEND", data: Buffer.alloc(0) },
  ]);
}

/** A small PNG with `count` chunks of `type` before its pixels. */
export async function chunkPng(type: string, data: Uint8Array, count: number): Promise<Buffer> {
  const [header, ...rest] = chunksOf(await zeroPng(8, 8, 8, 2, false));
  return join([header, ...Array.from({ length: count }, () => ({ type, data })), ...rest]);
}

export function deflateZeros(size: number): Promise<Buffer> {
  const block = Buffer.alloc(2 ** 20);
  const deflate = createDeflate({ level: 1 });
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    deflate.on("data", (part) => parts.push(part));
    deflate.on("end", () => resolve(Buffer.concat(parts)));
    deflate.on("error", reject);
    const feed = (left: number): void => {
      if (left <= 0) deflate.end();
      else deflate.write(block.subarray(0, Math.min(left, block.length)), () => feed(left - block.length));
    };
    feed(size);
  });
}
