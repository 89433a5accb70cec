/** Small data sets on disk whose images say plainly what they hold: a color for each class, brightness for depth, squares for objects. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encode } from "fast-png";
import { makeRandom } from "../../src/tensors/index.ts";

const SIDE = 64;
type Color = readonly [number, number, number];
export const COLOURS: Readonly<Record<string, Color>> = { blue: [30, 40, 200], green: [40, 190, 50], red: [210, 40, 30] };
const SPLITS = { train: 12, val: 6, test: 9 };

function write(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** An image of these colors, with noise of its own. */
export function image(seed: number, colorAt: (x: number, y: number) => Color): Uint8Array {
  const random = makeRandom(seed);
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const value = colorAt(pixel % SIDE, Math.floor(pixel / SIDE))[i % 3] + 40 * (random() - 0.5);
    data[i] = Math.min(255, Math.max(0, Math.round(value)));
  }
  return encode({ width: SIDE, height: SIDE, channels: 3, depth: 8, data });
}

const gray = (data: Uint8Array | Uint16Array, side = SIDE) =>
  encode({ width: side, height: side, channels: 1, depth: data instanceof Uint16Array ? 16 : 8, data });

/** Each split's images, numbered through. */
function* numbered(splits: Readonly<Record<string, number>> = SPLITS): Generator<{ split: string; i: number }> {
  let i = 0;
  for (const [split, count] of Object.entries(splits)) for (let at = 0; at < count; at++) yield { split, i: i++ };
}

export function drawClasses(
  folder: string,
  names = Object.keys(COLOURS),
  splits: Readonly<Record<string, number>> = SPLITS,
): string {
  for (const { split, i } of numbered(splits)) {
    const name = names[i % names.length];
    write(
      join(folder, split, name, `${i}.png`),
      image(i + 1, () => COLOURS[name]),
    );
  }
  return folder;
}

/** Left of a border "wall", right of it "floor"; the border moves by whole patches. */
export function drawMasks(folder: string): string {
  write(join(folder, "classes.txt"), "wall\nfloor\n");
  for (const { split, i } of numbered()) {
    const border = 16 * (1 + (i % 3));
    write(
      join(folder, split, "images", `${i}.png`),
      image(i + 1, (x) => (x < border ? COLOURS.red : COLOURS.blue)),
    );
    write(
      join(folder, split, "masks", `${i}.png`),
      gray(Uint8Array.from({ length: SIDE ** 2 }, (_, at) => (at % SIDE < border ? 0 : 1))),
    );
  }
  return folder;
}

/** The brighter the nearer: 1 to 3 meters, on a grid of half the side; ids 1 and 20 as objects. */
export function drawDepth(folder: string): string {
  for (const { split, i } of numbered()) {
    const meters = 1 + (i % 3);
    const light = 240 - 70 * (meters - 1);
    write(
      join(folder, split, "rgb", `${i}.png`),
      image(i + 1, () => [light, light, light]),
    );
    write(join(folder, split, "depth", `${i}.png`), gray(new Uint16Array((SIDE / 2) ** 2).fill(1000 * meters), SIDE / 2));
    write(
      join(folder, split, "labels", `${i}.png`),
      gray(Uint8Array.from({ length: SIDE ** 2 }, (_, at) => (at < SIDE ? 20 : 1))),
    );
  }
  return folder;
}

/** On green, in images of an odd number, a red square. */
export function drawBoxes(folder: string): string {
  write(join(folder, "classes.txt"), "square\nnever\n");
  for (const { split, i } of numbered()) {
    const left = 16 * (i % 3);
    const inside = (x: number, y: number) => i % 2 === 1 && x >= left && x < left + 16 && y >= 16 && y < 32;
    write(
      join(folder, "images", split, `${i}.png`),
      image(i + 1, (x, y) => (inside(x, y) ? COLOURS.red : COLOURS.green)),
    );
    const box = `0 ${(left + 8) / SIDE} ${24 / SIDE} ${16 / SIDE} ${16 / SIDE}\n`;
    write(join(folder, "labels", split, `${i}.txt`), i % 2 === 1 ? box : "");
  }
  return folder;
}
