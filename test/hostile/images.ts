/** Hostile images: valid ones of each format damaged, edited, mixed; SVGs; foreign files under image names; bombs. */
import { deflateSync } from "node:zlib";
import { loadImage } from "s2-vision/node";
import { type Corpus, type HostileFile, type Random, randomOf } from "./corpus.ts";
import { damages } from "./damage.ts";
import { editOf } from "./image-edits.ts";
import { chunkPng, zeroPng } from "./png.ts";
import { hostileSvg } from "./svgs.ts";
import { type Valid, validImages } from "./valid-images.ts";

let valid: Promise<readonly Valid[]> | undefined;

export const images: Corpus = {
  name: "images",
  load: (path) => loadImage(path),
  async make(seed, i) {
    valid ??= validImages();
    const random = randomOf(seed, i);
    const all = await valid;
    if (i % 100 === 0) return bomb(random);
    if (i % 12 === 0) return { name: "drawing.svg", bytes: Buffer.from(hostileSvg(random)), kind: "svg" };
    if (i % 25 === 1) return foreign(random, all);
    return damaged(random, all);
  },
};

function damaged(random: Random, all: readonly Valid[]): HostileFile {
  const [name, bytes] = random.pick(all);
  if (random.below(3) === 0) return { name, bytes: editOf(name)(bytes, random), kind: "header field" };
  const kind = random.pick(Object.keys(damages));
  const [, other] = random.pick(all);
  let file = damages[kind](bytes, random, other);
  if (random.below(4) === 0 && file.length > 0) file = damages.flips(file, random, other);
  return { name, bytes: file, kind };
}

/** Files of other kinds under the names of images. */
function foreign(random: Random, all: readonly Valid[]): HostileFile {
  const name = `image.${random.pick(["jpg", "png", "webp", "avif", "gif", "tiff", "svg", "heic", "dng"])}`;
  const bytes = random.pick([
    () => Buffer.alloc(0),
    () => Buffer.from([random.below(256)]),
    () => Buffer.from("<!doctype html><title>404</title><p>Not found"),
    () => Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"),
    () => Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"),
    () => Buffer.from(`BM${"\0".repeat(60)}`, "latin1"),
    () => Buffer.from("%PDF-1.7\n%\xe2\xe3\n", "latin1"),
    () => Buffer.from("\x7fELF\x02\x01\x01\0", "latin1"),
    () => Buffer.from("PK\x03\x04\x14\0\0\0", "latin1"),
    () => Buffer.from("P6\n1000000 1000000\n255\n"),
    () => Buffer.concat([Buffer.from("\x1f\x8b\x08\0\0\0\0\0\0\x03", "latin1"), deflateSync(Buffer.alloc(1e6))]),
    () => Buffer.from(Array.from({ length: random.below(4000) }, () => random.below(256))),
    () => Buffer.alloc(random.below(5000)),
    () => random.pick(all)[1], // another format's extension
  ])();
  return { name, bytes, kind: "foreign" };
}

const STRIPS: readonly (readonly [width: number, height: number])[] = [
  [60_000, 1],
  [1, 1_000_000],
];

/** Small files that decode to gigabytes, or take minutes. */
async function bomb(random: Random): Promise<HostileFile> {
  const side = random.pick([6000, 9000, 12_000, 16_383]);
  const type = random.pick([0, 2, 4, 6]);
  const png = async () => zeroPng(side, side, random.pick([8, 16]), type, random.below(3) === 0);
  const text = () =>
    chunkPng(random.pick(["zTXt", "iCCP"]), Buffer.concat([Buffer.from("k\0\0"), deflateSync(Buffer.alloc(1e8))]), 1);
  const texts = () => chunkPng("tEXt", Buffer.from("k\0v"), 100_000);
  const kind = random.pick(["png", "png", "png", "text", "texts", "strip", "tiff pages", "gif frames"]);
  if (kind === "tiff pages") return { name: "bomb.tiff", bytes: manyPages(20_000), kind: `bomb: ${kind}` };
  if (kind === "gif frames")
    return { name: "bomb.gif", bytes: manyFrames(random.pick([16, 9000, 65_535])), kind: `bomb: ${kind}` };
  if (kind === "strip") {
    const strip = await zeroPng(...random.pick(STRIPS), 8, type, false);
    return { name: "bomb.png", bytes: strip, kind: "bomb: strip" };
  }
  return {
    name: "bomb.png",
    bytes: await (kind === "text" ? text() : kind === "texts" ? texts() : png()),
    kind: `bomb: ${kind}`,
  };
}

function manyPages(pages: number): Buffer {
  const fields = [
    [256, 2],
    [257, 2],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 0],
    [277, 1],
    [278, 2],
    [279, 4],
  ];
  const size = 2 + fields.length * 12 + 4;
  const out = Buffer.alloc(8 + pages * size + 4);
  out.write("II*\0\x08", 0, "latin1");
  for (let page = 0, at = 8; page < pages; page++, at += size) {
    out.writeUInt16LE(fields.length, at);
    fields.forEach(([tag, value], i) => {
      out.writeUInt16LE(tag, at + 2 + 12 * i);
      out.writeUInt16LE(tag === 273 || tag === 279 ? 4 : 3, at + 4 + 12 * i);
      out.writeUInt32LE(1, at + 6 + 12 * i);
      out.writeUInt32LE(tag === 273 ? out.length - 4 : value, at + 10 + 12 * i);
    });
    if (page < pages - 1) out.writeUInt32LE(at + size, at + size - 4);
  }
  return out;
}

function manyFrames(side: number): Buffer {
  const head = Buffer.from("GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff", "latin1");
  head.writeUInt16LE(side, 6);
  head.writeUInt16LE(side, 8);
  const frame = Buffer.from("\x2c\0\0\0\0\x02\0\x02\0\0\x02\x03\x44\x02\x05\0", "latin1");
  return Buffer.concat([head, ...Array<Buffer>(50_000).fill(frame), Buffer.from(";")]);
}
