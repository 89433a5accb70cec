/** Draws similarity to one location as heat over the darkened image, a panel for each heat map. */
import { type Box, S2Error } from "../core/index.ts";
import { type Pixels, resizePixels } from "../images/index.ts";
import type { GridGeometry } from "./features.ts";
import { opaque, outline, panelSize, strip } from "./picture.ts";

/** A number for each token of a grid, row by row. */
export interface HeatMap {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float32Array;
}

/** Dark to light, as matplotlib's "inferno" at sixths: rising lightness, so that gray prints keep the order. */
export const INFERNO = [
  [0, 0, 4],
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
];
/** Brightness of the image where there is no heat. */
const darkened = 0.45;

/**
 * The image with the marked box, then the image under each map's heat. In each map the lower half of the numbers is cold and the highest
 * hundredth hottest: cosines of one image's tokens differ little, and the location itself would outshine all others; `gridGeometry` says where the maps' grids lie.
 */
export function heatPicture(
  image: Pixels,
  maps: readonly { readonly heat: HeatMap; readonly gridGeometry: GridGeometry }[],
  marked: Box,
  height = 448,
): Pixels {
  const drawn = opaque(resizePixels(image, panelSize(image, height), "bicubic"));
  const panels = [drawn, ...maps.map(({ heat, gridGeometry }) => heatOver(drawn, image, heat, gridGeometry))];
  for (const panel of panels) outline(panel, image, [marked]);
  return strip(panels);
}

/**
 * One such panel: the image as it is `drawn` (RGB, any size), darkened, and over it the heat. `image` is the size that the grid geometry refers to.
 * @throws S2Error "picture" for numbers that are not finite.
 */
export function heatOver(
  drawn: Pixels,
  image: { readonly height: number; readonly width: number },
  heat: HeatMap,
  { region, token }: GridGeometry,
): Pixels {
  const [down, across] = [drawn.height / image.height, drawn.width / image.width];
  const grid: Pixels = { width: heat.cols, height: heat.rows, channels: 1, data: levels(heat) };
  const size = [heat.rows * token[0] * down, heat.cols * token[1] * across].map((side) => Math.max(1, Math.round(side)));
  const smooth = resizePixels(grid, [size[0], size[1]], "bicubic");
  const table = lightTable();
  const data = new Uint8Array(drawn.data.length);
  for (let i = 0; i < data.length; i++) data[i] = dimmed[drawn.data[i]];
  const panel: Pixels = { ...drawn, data };
  const [top, left] = [Math.round(region.top * down), Math.round(region.left * across)];
  const bottom = Math.min(panel.height, top + smooth.height, Math.round((region.top + region.height) * down));
  const right = Math.min(panel.width, left + smooth.width, Math.round((region.left + region.width) * across));
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = 3 * (y * panel.width + x);
      const level = smooth.data[(y - top) * smooth.width + x - left] << 8;
      for (let c = 0; c < 3; c++) data[at + c] = table[(c << 16) | level | drawn.data[at + c]];
    }
  }
  return panel;
}

/** Numbers to 0 … 255: the median and below are 0, the highest hundredth is 255. @throws S2Error "picture" for numbers that are not finite. */
function levels({ rows, cols, data }: HeatMap): Uint8Array {
  if (data.length !== rows * cols || data.length === 0 || !data.every(Number.isFinite)) {
    throw new S2Error(
      "picture",
      `Got ${data.length} numbers as heat of ${rows} x ${cols} tokens; expected one finite number each.`,
    );
  }
  const sorted = data.toSorted();
  const cold = sorted[sorted.length >> 1];
  const range = sorted[Math.ceil(0.99 * (sorted.length - 1))] - cold;
  return Uint8Array.from(data, (value) => (range > 0 ? Math.round(255 * Math.min(1, Math.max(0, (value - cold) / range))) : 0));
}

/** For each level of heat: the image's weight, and red, green and blue to add. Hotter cells cover more of the image. */
const glows = Float64Array.from({ length: 4 * 256 }, (_, i) => {
  const heat = (i >> 2) / 255;
  const cover = 0.85 * Math.min(1, 2 * heat);
  if (i % 4 === 0) return 1 - cover;
  const position = heat * (INFERNO.length - 1);
  const below = Math.min(INFERNO.length - 2, Math.floor(position));
  const [from, to] = [INFERNO[below][(i % 4) - 1], INFERNO[below + 1][(i % 4) - 1]];
  return (from + (to - from) * (position - below)) * cover;
});

/** A channel's light, of each level of heat over each level of the image's light: [3, 256, 256]; made when first wanted. */
let lights: Uint8Array | undefined;
function lightTable(): Uint8Array {
  if (lights) return lights;
  const table = new Uint8Array(3 * 65536);
  for (let c = 0, at = 0; c < 3; c++)
    for (let level = 0; level < 256; level++)
      for (let light = 0; light < 256; light++, at++)
        table[at] = Math.round(dimmed[light] * glows[4 * level] + glows[4 * level + 1 + c]);
  lights = table;
  return table;
}

/** Darkened value of each level of light. */
const dimmed = Uint8Array.from({ length: 256 }, (_, light) => Math.round(light * darkened));
