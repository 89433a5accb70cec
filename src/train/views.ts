/** Views of an image to train on: a random crop at the model's size and, if wanted, at twice that, flipped and recolored at random. */
import { type Pixels, resizePixels } from "../images/index.ts";
import type { Random } from "../tensors/index.ts";
import { alter, byte } from "./alter.ts";

/** Options of views. */
export interface ViewOptions {
  /** Side of the coarse view in pixels; the fine view has twice that. */
  readonly side: number;
  /** Smallest and largest fraction of the image's area. */
  readonly area: readonly [number, number];
  /** Makes a fine view too; default true. */
  readonly fine?: boolean;
  /** Fraction of views that are the whole image; default 0. */
  readonly wholeFraction?: number;
  /** Fraction of views that are turned, sheared and recolored (`alter`); default 0. */
  readonly altered?: number;
}

/** RGB bytes [side, side, 3] and [2·side, 2·side, 3] of the same crop of the image. */
export interface View {
  readonly coarse: Uint8Array;
  readonly fine?: Uint8Array;
}

/** Draws a view of an image. */
export function drawView(
  image: Pixels,
  { side, area, fine = true, wholeFraction = 0, altered = 0 }: ViewOptions,
  random: Random,
): View {
  const isWhole = wholeFraction > 0 && random() < wholeFraction;
  const box = isWhole ? ([0, 0, image.width, image.height] as const) : drawBox(image, area, random);
  const flipped = random() < 0.5;
  const draw = (size: number) => {
    const { data } = resizePixels(image, [size, size], "bicubic", box);
    if (flipped) flip(data, size);
    return data;
  };
  const view = { coarse: draw(side), ...(fine && { fine: draw(2 * side) }) };
  if (altered > 0 && random() < altered) {
    const both = [{ data: view.coarse, side }, ...(view.fine ? [{ data: view.fine, side: 2 * side }] : [])];
    alter(both, random);
  }
  return view;
}

/** Draws a crop of random area and aspect ratio (3:4 to 4:3), anywhere; torchvision's RandomResizedCrop. */
function drawBox(
  { width, height }: Pixels,
  [least, most]: readonly [number, number],
  random: Random,
): [number, number, number, number] {
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = width * height * (least + (most - least) * random());
    const ratio = Math.exp((2 * random() - 1) * Math.log(4 / 3));
    const [w, h] = [Math.sqrt(target * ratio), Math.sqrt(target / ratio)];
    if (w > width || h > height) continue;
    const [left, top] = [(width - w) * random(), (height - h) * random()];
    return [left, top, left + w, top + h];
  }
  const side = Math.min(width, height);
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  return [left, top, left + side, top + side];
}

/** Mirrors an image left to right. */
function flip(data: Uint8Array, side: number): void {
  for (let row = 0; row < side; row++) {
    for (let a = row * side * 3, b = a + (side - 1) * 3; a < b; a += 3, b -= 3) {
      for (let c = 0; c < 3; c++) [data[a + c], data[b + c]] = [data[b + c], data[a + c]];
    }
  }
}

/** Changes brightness, contrast about the mean gray, then saturation about each pixel's gray, each by a random factor up to `most` from 1. */
export function recolor(data: Uint8Array, most: number, random: Random): void {
  const [brightness, contrast, saturation] = [0, 1, 2].map(() => 1 + most * (2 * random() - 1));
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  const mean = (sum / (data.length / 3)) * brightness;
  const scale = brightness * contrast;
  const shift = mean * (1 - contrast);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i] * scale + shift, data[i + 1] * scale + shift, data[i + 2] * scale + shift];
    const gray = (0.299 * r + 0.587 * g + 0.114 * b) * (1 - saturation);
    data[i] = byte(r * saturation + gray);
    data[i + 1] = byte(g * saturation + gray);
    data[i + 2] = byte(b * saturation + gray);
  }
}
