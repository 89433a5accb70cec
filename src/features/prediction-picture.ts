/** Draws per-pixel predictions beside the image: classes blended into it, depth from near (light) to far (dark). */
import { type Pixels, resizePixels } from "../images/index.ts";
import { INFERNO } from "./heat-picture.ts";
import { opaque, panelSize, strip } from "./picture.ts";

type Map<Data> = { readonly width: number; readonly height: number; readonly data: Data };

/** Okabe and Ito's colors, safe for color-blind readers. */
const FIRST = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [213, 94, 0],
  [86, 180, 233],
  [240, 228, 66],
];
/** Opacity of the class's color over the image. */
const COVER = 0.8;

/** Returns the color of a class by its id: always the same, the first seven by Okabe and Ito, then hues a golden angle apart. */
export function classColor(id: number): [red: number, green: number, blue: number] {
  if (id < FIRST.length) return [...FIRST[id]] as [number, number, number];
  const hue = (id * 137.508) % 360;
  const light = id % 2 === 0 ? 0.4 : 0.65;
  // HSL at a saturation of 0.7 to RGB (CSS Color 4, §7.1).
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light - 0.7 * Math.min(light, 1 - light) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Draws the image, and beside it the image under the colors of its pixels' classes; the mask has the image's size. */
export function maskPicture(image: Pixels, mask: Map<Uint8Array>, height = 448): Pixels {
  const colors = Array.from({ length: 256 }, (_, id) => classColor(id));
  const flat = painted(mask, (id) => colors[id]);
  const size = panelSize(image, height);
  const drawn = opaque(resizePixels(image, size, "bicubic"));
  const over = resizePixels(flat, size, "box");
  const blended = drawn.data.map((value, i) => Math.round(value * (1 - COVER) + over.data[i] * COVER));
  return strip([drawn, { ...drawn, data: blended }]);
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
