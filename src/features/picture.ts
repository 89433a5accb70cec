/** Pictures that lie side by side; one explains S²: the image, then each scale's features in colors with the tiles that the model saw. */

import { type Box, S2Error } from "../core/index.ts";
import { type Pixels, resizePixels } from "../images/index.ts";

/** Pixels of white between two panels. */
const GAP = 8;

/**
 * A strip of panels of one size: the image, then per scale its colors (one pixel per token) enlarged to the image's drawn size, with the
 * outlines of its tiles (boxes in pixels of the image; what lies beyond the image is drawn at its edge). An image wider than 2:1 gets
 * panels of 2 · height, so that a panorama does not make the strip endless.
 */
export function picture(image: Pixels, scales: readonly { colors: Pixels; tiles: readonly Box[] }[], height = 448): Pixels {
  const size = panelSize(image, height);
  const panels = [opaque(resizePixels(image, size, "bicubic"))];
  for (const { colors, tiles } of scales) {
    const panel = opaque(resizePixels(colors, size, "box")); // enlarging, Pillow's box is the nearest neighbor
    outline(panel, image, tiles);
    panels.push(panel);
  }
  return strip(panels);
}

/** The size at which an image is drawn. @throws S2Error "picture" for an invalid height. */
export function panelSize(image: Pixels, height: number): [height: number, width: number] {
  if (!Number.isSafeInteger(height) || height < 1) {
    throw new S2Error("picture", `Got height ${height}; expected a whole number of pixels of at least 1, 448 for example.`);
  }
  const scale = Math.min(height / image.height, (2 * height) / image.width);
  return [Math.max(1, Math.round(image.height * scale)), Math.max(1, Math.round(image.width * scale))];
}

/** RGB, freshly made: gray is repeated, what is transparent lies on white. */
export function opaque({ width, height, channels, data }: Pixels): Pixels {
  const rgb = new Uint8Array(width * height * 3);
  const second = channels === 1 ? 0 : 1;
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const alpha = channels === 4 ? data[from + 3] : 255;
    const white = 255 * (255 - alpha);
    rgb[to] = Math.round((data[from] * alpha + white) / 255);
    rgb[to + 1] = Math.round((data[from + second] * alpha + white) / 255);
    rgb[to + 2] = Math.round((data[from + 2 * second] * alpha + white) / 255);
  }
  return { width, height, channels: 3, data: rgb };
}

/** White lines with dark on either side, visible on any color; all dark before all white, for neighbors share their edges. */
export function outline(panel: Pixels, image: Pixels, tiles: readonly Box[]): void {
  for (const [value, around] of [
    [32, 1],
    [255, 0],
  ]) {
    for (const { left, top, width, height } of tiles) {
      const x0 = onPanel(left, image.width, panel.width);
      const x1 = onPanel(left + width, image.width, panel.width);
      const y0 = onPanel(top, image.height, panel.height);
      const y1 = onPanel(top + height, image.height, panel.height);
      fill(panel, x0 - around, y0 - around, x0 + around, y1 + around, value);
      fill(panel, x1 - around, y0 - around, x1 + around, y1 + around, value);
      fill(panel, x0 - around, y0 - around, x1 + around, y0 + around, value);
      fill(panel, x0 - around, y1 - around, x1 + around, y1 + around, value);
    }
  }
}

/** A coordinate in the image as a whole pixel of the panel, edges included. */
function onPanel(coordinate: number, imageSide: number, panelSide: number): number {
  return Math.min(panelSide - 1, Math.max(0, Math.round((coordinate * panelSide) / imageSide)));
}

/** Fills the rectangle, last row and column included, as far as it lies on the picture. */
function fill({ width, height, data }: Pixels, x0: number, y0: number, x1: number, y1: number, value: number): void {
  const from = Math.max(0, x0) * 3;
  const to = (Math.min(width - 1, x1) + 1) * 3;
  for (let y = Math.max(0, y0); y <= Math.min(height - 1, y1); y++) data.fill(value, y * width * 3 + from, y * width * 3 + to);
}

/** The panels side by side on white. */
export function strip(panels: readonly Pixels[]): Pixels {
  const [{ width: side, height }] = panels;
  const width = panels.length * (side + GAP) - GAP;
  const data = new Uint8Array(width * height * 3).fill(255);
  panels.forEach((panel, i) => {
    for (let y = 0; y < height; y++) {
      data.set(panel.data.subarray(y * side * 3, (y + 1) * side * 3), (y * width + i * (side + GAP)) * 3);
    }
  });
  return { width, height, channels: 3, data };
}
