/** Header fields of valid images set to what decoders do not expect: sizes, counts, lengths, repeated scans and frames. */
import type { Random } from "./corpus.ts";
import { EDGES } from "./damage.ts";
import { editPng } from "./png.ts";

type Edit = (file: Buffer, random: Random) => Buffer;

/** The edit of a file, by its extension. */
export function editOf(name: string): Edit {
  const kind = name.split(".").at(-1)!;
  return { png: editPng, gif: editGif, tiff: editTiff, tif: editTiff, webp: editWebp, avif: editAvif }[kind] ?? editJpeg;
}

/** The new file that an edit returned, else the copy that it changed. */
const madeOf = (returned: unknown, changed: Buffer): Buffer => (Buffer.isBuffer(returned) ? returned : changed);

/** Positions of a JPEG's markers before its first scan, and of every scan after it. */
function markersOf(file: Buffer): { marker: number; at: number }[] {
  const found: { marker: number; at: number }[] = [];
  for (let at = 2; at + 4 <= file.length; at++) {
    if (file[at] !== 0xff || file[at + 1] < 0xc0 || (file[at + 1] >= 0xd0 && file[at + 1] < 0xd9)) continue;
    found.push({ marker: file[at + 1], at });
    if (file[at + 1] !== 0xd9) at += 1 + file.readUInt16BE(at + 2);
  }
  return found;
}

function editJpeg(file: Buffer, random: Random): Buffer {
  const out = Buffer.from(file);
  const markers = markersOf(out);
  const frame = markers.find(({ marker }) => marker === 0xc0 || marker === 0xc2);
  const scans = markers.filter(({ marker }) => marker === 0xda);
  const size = random.pick([0, 1, 8, 4000, 20_000, 65_500, 65_535]);
  const edits = [
    () => frame && out.writeUInt16BE(size, frame.at + random.pick([5, 7])),
    () => frame && out.writeUInt8(random.pick([0, 1, 2, 4, 255]), frame.at + random.pick([4, 9, 11, 12])),
    () => out.writeUInt16BE(random.below(65_536), random.pick(markers.slice(0, -1)).at + 2),
    () => {
      // Scans again and again: each costs the time of the whole picture.
      if (scans.length < 2) return out;
      const scan = out.subarray(scans[0].at, scans[1].at);
      return Buffer.concat([
        out.subarray(0, scans[0].at),
        ...Array<Buffer>(random.pick([2, 99, 5000])).fill(scan),
        out.subarray(scans[0].at),
      ]);
    },
  ];
  return madeOf(random.pick(edits)(), out);
}

function editGif(file: Buffer, random: Random): Buffer {
  const out = Buffer.from(file);
  const image = out.indexOf(Buffer.from([0x2c]), 13);
  const edits = [
    () => out.writeUInt16LE(random.pick([0, 1, 9000, 65_535]), random.pick([6, 8])),
    () => image > 0 && out.writeUInt16LE(random.pick([0, 1, 9000, 65_535]), image + random.pick([1, 3, 5, 7])),
    () => image > 0 && out.writeUInt8(random.below(256), image + random.pick([9, 10])),
    () => Buffer.concat([out.subarray(0, -1), ...Array<Buffer>(random.pick([2, 3000])).fill(out.subarray(image, -1))]),
  ];
  return madeOf(random.pick(edits)(), out);
}

function editTiff(file: Buffer, random: Random): Buffer {
  const out = Buffer.from(file);
  const at = out.readUInt32LE(4);
  if (at + 2 > out.length) return out;
  const count = out.readUInt16LE(at);
  const entry = at + 2 + 12 * random.below(count);
  const number = (value: number) => Math.min(value, 2 ** 32 - 1);
  const edits = [
    () => out.writeUInt32LE(number(random.pick([...EDGES, 5000, 20_000])), entry + 8),
    () => out.writeUInt32LE(random.pick(EDGES), entry + 4),
    () => out.writeUInt16LE(random.below(20), entry + 2),
    () =>
      out.writeUInt16LE(
        random.pick([256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 320, 322, 323, 325, 330, 338, 339]),
        entry,
      ),
    () => out.writeUInt32LE(random.pick([at, 8, out.length - 2, 2 ** 32 - 1]), at + 2 + 12 * count),
    () => out.writeUInt16LE(random.pick([0, 1, 65_535]), at),
  ];
  random.pick(edits)();
  return out;
}

function editWebp(file: Buffer, random: Random): Buffer {
  const out = Buffer.from(file);
  const edits = [
    () => out.writeUInt32LE(random.pick(EDGES), random.pick([4, 16])),
    () => out.writeUIntLE(random.pick([0, 1, 8999, 16_382, 2 ** 24 - 1]), random.pick([24, 27]), 3),
    () => out.writeUInt16LE(random.pick([0, 1, 9000, 16_383]), random.pick([26, 28])),
    () => out.writeUInt8(random.below(256), 20),
    () => out.write(random.pick(["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ICCP"]), 12, "latin1"),
  ];
  random.pick(edits)();
  return out;
}

function editAvif(file: Buffer, random: Random): Buffer {
  const out = Buffer.from(file);
  const box = random.pick(["ispe", "pixi", "av1C", "iloc", "iinf", "ipma", "meta", "mdat", "hdlr", "auxC", "colr", "ftyp"]);
  const at = out.indexOf(box, 0, "latin1");
  if (at < 4) return out;
  if (box === "ispe" && random.below(2)) out.writeUInt32BE(random.pick(EDGES), at + random.pick([8, 12]));
  else if (random.below(2)) out.writeUInt32BE(random.pick(EDGES), at - 4);
  else out[at + 4 + random.below(16)] = random.below(256);
  return out;
}
