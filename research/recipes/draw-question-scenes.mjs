/**
 * Draws the scenes of the experiment "language": small colored objects, rings to count and a sign to read, on images, seeded. For each split a
 * folder of JPEGs and a list of what lies where: OUT/scenes/{train,test,wide-train,wide-test}, and for the square ones a copy that is moved by
 * half a token of a 14x14 grid. Images behind the scenes of the test parts are behind no other. What is drawn stays out of the repository.
 */
import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeRandom, shuffled } from "s2-vision/train";
import sharp from "sharp";

const { values: flags } = parseArgs({
  options: {
    images: { type: "string", default: fileURLToPath(new URL("../../../shared/data/photos", import.meta.url)) },
    out: { type: "string", default: "training" },
    train: { type: "string", default: "3000" },
    test: { type: "string", default: "400" },
    "wide-train": { type: "string", default: "1000" },
    "wide-test": { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});

const side = 672;
const sizes = [12, 16, 24, 32, 48, 64, 96];
const colors = {
  ...{ red: "#d81e1e", green: "#1f9a34", blue: "#1f4fd8", yellow: "#f5dc1e" },
  ...{ purple: "#8a2bc2", orange: "#f58a1e", black: "#0a0a0a", white: "#fafafa" },
};
/** Outlines in a square of 100. */
const shapes = {
  circle: '<circle cx="50" cy="50" r="50"/>',
  square: '<rect width="100" height="100"/>',
  triangle: '<path d="M50 0 L100 100 L0 100 Z"/>',
  star: '<path d="M50 0 L63 36 L100 38 L71 62 L81 100 L50 78 L19 100 L29 62 L0 38 L37 36 Z"/>',
  cross: '<path d="M36 0 H64 V36 H100 V64 H64 V100 H36 V64 H0 V36 H36 Z"/>',
  heart: '<path d="M50 100 C10 65 0 50 0 28 C0 5 38 -5 50 22 C62 -5 100 5 100 28 C100 50 90 65 50 100 Z"/>',
};
const words = ["stop", "open", "exit", "taxi", "bank", "cafe", "park", "shop"];
/** Letters of 5x7, a row each, so that no machine's fonts matter. */
const letters = {
  ...{ a: "01110 10001 10001 11111 10001 10001 10001", b: "11110 10001 10001 11110 10001 10001 11110" },
  ...{ c: "01111 10000 10000 10000 10000 10000 01111", e: "11111 10000 10000 11110 10000 10000 11111" },
  ...{ f: "11111 10000 10000 11110 10000 10000 10000", h: "10001 10001 10001 11111 10001 10001 10001" },
  ...{ i: "01110 00100 00100 00100 00100 00100 01110", k: "10001 10010 10100 11000 10100 10010 10001" },
  ...{ n: "10001 11001 10101 10101 10011 10001 10001", o: "01110 10001 10001 10001 10001 10001 01110" },
  ...{ p: "11110 10001 10001 11110 10000 10000 10000", r: "11110 10001 10001 11110 10100 10010 10001" },
  ...{ s: "01111 10000 10000 01110 00001 00001 11110", t: "11111 00100 00100 00100 00100 00100 00100" },
  ...{ x: "10001 10001 01010 00100 01010 10001 10001" },
};

const images = readdirSync(flags.images, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
  .sort();
const order = shuffled(images.length, makeRandom(Number(flags.seed)));
const held = Math.ceil(images.length / 8);
const behind = { train: order.slice(held), test: order.slice(0, held) };

for (const [split, [width, source]] of Object.entries({
  ...{ train: [side, "train"], test: [side, "test"] },
  ...{ "wide-train": [2 * side, "train"], "wide-test": [2 * side, "test"] },
})) {
  const seed = Number(flags.seed) * 100 + split.length;
  await drawSplit(split, Number(flags[split]), width, behind[source], seed);
}

async function drawSplit(split, count, width, backgrounds, seed) {
  const folder = join(flags.out, "scenes", split);
  const moved = width === side ? join(flags.out, "scenes", `${split}-moved`) : undefined;
  for (const each of [folder, moved]) if (each) mkdirSync(each, { recursive: true });
  const random = makeRandom(seed);
  const scenes = [];
  for (let i = 0; i < count; i++) {
    const background = join(flags.images, images[backgrounds[Math.floor(random() * backgrounds.length)]]);
    const name = `${String(i).padStart(5, "0")}.jpg`;
    const scene = drawScene(width, random);
    const pixels = await sharp(background)
      .resize(width, side, { fit: "cover" })
      .composite([{ input: Buffer.from(picture(width, scene)) }])
      .removeAlpha()
      .raw()
      .toBuffer();
    const image = () => sharp(pixels, { raw: { width, height: side, channels: 3 } });
    await write(image(), join(folder, name));
    // What is seen is 24 px further right and down: the crop begins outside, where the edge goes on.
    if (moved) {
      const crop = image().extract({ left: 0, top: 0, width: width - 24, height: side - 24 });
      await write(crop.extend({ left: 24, top: 24, extendWith: "copy" }), join(moved, name));
    }
    scenes.push({ name, ...scene });
    if ((i + 1) % 500 === 0) process.stderr.write(`${split}: ${i + 1} of ${count}\n`);
  }
  const list = join(folder, "scenes.json");
  writeFileSync(`${list}.part`, `${JSON.stringify({ width, height: side, scenes })}\n`);
  renameSync(`${list}.part`, list);
}

/** Four objects of different shapes and colors, zero to four rings of one size, and a sign; nothing lies on anything. */
function drawScene(width, random) {
  const draw = (of) => of[Math.floor(random() * of.length)];
  const taken = [];
  const at = (w, h) => {
    for (;;) {
      const [left, top] = [Math.floor(random() * (width - w - 8)) + 4, Math.floor(random() * (side - h - 8)) + 4];
      if (taken.some((box) => left < box[2] + 8 && top < box[3] + 8 && box[0] < left + w + 8 && box[1] < top + h + 8)) continue;
      taken.push([left, top, left + w, top + h]);
      return { left, top, width: w, height: h };
    }
  };
  const pick = (names, count) =>
    shuffled(names.length, random)
      .slice(0, count)
      .map((i) => names[i]);
  const tints = pick(Object.keys(colors), 4);
  const objects = pick(Object.keys(shapes), 4).map((shape, i) => {
    const size = draw(sizes);
    return { shape, color: tints[i], size, box: at(size, size) };
  });
  const size = draw(sizes.slice(1));
  const height = draw(sizes.slice(0, 6));
  const rings = Array.from({ length: Math.floor(random() * 5) }, () => at(size, size));
  const word = draw(words);
  const unit = height / 7;
  const sign = at(Math.round(unit * (6 * word.length + 1)), Math.round(unit * 9));
  return { objects, rings: { size, boxes: rings }, sign: { word, size: height, box: sign } };
}

function picture(width, { objects, rings, sign }) {
  const scaled = ({ left, top }, size, inner) => `<g transform="translate(${left} ${top}) scale(${size / 100})">${inner}</g>`;
  const drawn = objects.map(({ shape, color, size, box }) =>
    scaled(box, size, `<g fill="${colors[color]}">${shapes[shape]}</g>`),
  );
  const ring = '<circle cx="50" cy="50" r="38" fill="none" stroke="#19d3d3" stroke-width="24"/>';
  for (const box of rings.boxes) drawn.push(scaled(box, rings.size, ring));
  const unit = sign.size / 7;
  const dots = [...sign.word].flatMap((letter, i) =>
    letters[letter]
      .split(" ")
      .flatMap((row, y) =>
        [...row].flatMap((dot, x) => (dot === "1" ? `<rect x="${1 + 6 * i + x}" y="${1 + y}" width="1.02" height="1.02"/>` : [])),
      ),
  );
  const board = `<rect width="${6 * sign.word.length + 1}" height="9" fill="#fafafa"/><g fill="#0a0a0a">${dots.join("")}</g>`;
  drawn.push(`<g transform="translate(${sign.box.left} ${sign.box.top}) scale(${unit})">${board}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${side}">${drawn.join("")}</svg>`;
}

async function write(image, path) {
  await image.jpeg({ quality: 92, chromaSubsampling: "4:4:4" }).toFile(`${path}.part`);
  renameSync(`${path}.part`, path);
}
