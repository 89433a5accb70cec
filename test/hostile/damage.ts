/** Damage that any file may take: cut, flipped bytes, parts that are missing, doubled or another file's. */
import type { Random } from "./corpus.ts";

/** Numbers at which sizes and lengths go wrong. */
export const EDGES = [
  0,
  1,
  2,
  3,
  7,
  8,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
] as const;

type Damage = (file: Buffer, random: Random, other: Buffer) => Buffer;

export const damages: Readonly<Record<string, Damage>> = {
  cut: (file, random) => file.subarray(0, random.below(file.length)),
  flips(file, random) {
    const out = Buffer.from(file);
    for (let n = 1 + random.below(12); n > 0; n--) out[random.below(out.length)] = random.below(256);
    return out;
  },
  "flips in the header"(file, random) {
    const out = Buffer.from(file);
    for (let n = 1 + random.below(4); n > 0; n--) out[random.below(Math.min(96, out.length))] = random.below(256);
    return out;
  },
  "a number of 4 bytes"(file, random) {
    const out = Buffer.from(file);
    if (out.length < 12) return out;
    const at = random.below(Math.min(out.length - 4, 400));
    const value = random.pick(EDGES);
    if (random.below(2)) out.writeUInt32BE(value, at);
    else out.writeUInt32LE(value, at);
    return out;
  },
  zeros(file, random) {
    const out = Buffer.from(file);
    const at = random.below(out.length);
    return out.fill(0, at, Math.min(out.length, at + 1 + random.below(64)));
  },
  missing(file, random) {
    const at = random.below(file.length);
    return Buffer.concat([file.subarray(0, at), file.subarray(at + 1 + random.below(32))]);
  },
  doubled(file, random) {
    const [from, to] = [random.below(file.length), random.below(file.length)].sort((a, b) => a - b);
    return Buffer.concat([file.subarray(0, to), file.subarray(from)]);
  },
  splice: (file, random, other) =>
    Buffer.concat([file.subarray(0, random.below(file.length)), other.subarray(random.below(other.length))]),
};
