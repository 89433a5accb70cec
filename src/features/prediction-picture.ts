/** Draws per-pixel predictions beside the image: classes blended into it, depth from near (light) to far (dark). */
import { type Pixels, resizePixels } from "../images/index.ts";
import { classColor } from "./class-colors.ts";
import { INFERNO } from "./heat-picture.ts";
import { opaque, panelSize, strip } from "./picture.ts";

type Map<Data> = { readonly width: number; readonly height: number; readonly data: Data };

/** Opacity of the class's color over the image. */
const COVER = 0.5;
/** Contrast that remains of the image's gray under the colors: with all of it, a dark class in the light looks like a light one in the dark. */
const CONTRAST = 0.7;

/** Draws the image in gray under the colors of its pixels' classes, each region with an outline; the mask has the image's shape, at any size. */
export function maskOver(image: Pixels, mask: Map<Uint8Array>): Pixels {
  const { width, height, data } = opaque(image);
  const ids = sampled(mask, width, height);
  const colors = Array.from({ length: ids.reduce((most, id) => Math.max(most, id), 0) + 1 }, (_, id) => classColor(id));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const color = colors[ids[at]];
      const cover = isBorder(ids, width, height, x, y) ? 1 : COVER;
      const light = 0.299 * data[3 * at] + 0.587 * data[3 * at + 1] + 0.114 * data[3 * at + 2];
      const ground = (1 - cover) * (128 + CONTRAST * (light - 128));
      for (let c = 0; c < 3; c++) data[3 * at + c] = Math.round(ground + color[c] * cover);
    }
  }
  return { width, height, channels: 3, data };
}

/** Returns the id of the mask at the center of each pixel. */
function sampled(mask: Map<Uint8Array>, width: number, height: number): Uint8Array {
  if (mask.width === width && mask.height === height) return mask.data;
  const ids = new Uint8Array(width * height);
  const column = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * mask.width) / width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) ids[at++] = mask.data[row + column[x]];
  }
  return ids;
}

/** Returns true for a pixel beside one of another class. */
function isBorder(ids: Uint8Array, width: number, height: number, x: number, y: number): boolean {
  const at = y * width + x;
  const id = ids[at];
  return (
    (x > 0 && ids[at - 1] !== id) ||
    (x < width - 1 && ids[at + 1] !== id) ||
    (y > 0 && ids[at - width] !== id) ||
    (y < height - 1 && ids[at + width] !== id)
  );
}

/** Draws the image, and beside it the image under the colors of its pixels' classes (`maskOver`); the mask has the image's size. */
export function maskPicture(image: Pixels, mask: Map<Uint8Array>, height = 448): Pixels {
  const drawn = opaque(resizePixels(image, panelSize(image, height), "bicubic"));
  return strip([drawn, maskOver(drawn, mask)]);
}

/** Draws the image, and beside it its depth: `near` meters and less is lightest, `far` and more darkest; as `depthColor`. */
export function depthPicture(
  image: Pixels,
  depth: Map<Float32Array>,
  range: { near: number; far: number },
  height = 448,
): Pixels {
  const colors = Array.from({ length: 256 }, (_, i) => depthColor(i / 255));
  const span = range.far - range.near;
  const level = (meters: number) => (span > 0 ? Math.round(255 * Math.min(1, Math.max(0, (meters - range.near) / span))) : 0);
  const flat = painted(depth, (meters) => colors[level(meters)]);
  const size = panelSize(image, height);
  return strip([opaque(resizePixels(image, size, "bicubic")), resizePixels(flat, size, "box")]);
}

/** Returns the color of a depth, scaled to 0 for the nearest and 1 for the farthest. */
export function depthColor(depth: number): [red: number, green: number, blue: number] {
  const position = (1 - depth) * (INFERNO.length - 1);
  const below = Math.min(INFERNO.length - 2, Math.floor(position));
  const between = (c: number) => Math.round(INFERNO[below][c] + (INFERNO[below + 1][c] - INFERNO[below][c]) * (position - below));
  return [between(0), between(1), between(2)];
}

function painted({ width, height, data }: Map<ArrayLike<number>>, colorOf: (value: number) => readonly number[]): Pixels {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) rgb.set(colorOf(data[i]), 3 * i);
  return { width, height, channels: 3, data: rgb };
}
