/** Pictures that lie side by side; one explains S²: the photo, then each scale's features in colours with the tiles that the model saw. */

import { type Box, S2Error } from "../core/index.ts";
import { type Pixels, resizePixels } from "../images/index.ts";

/** Pixels of white between two panels. */
const GAP = 8;

/**
 * A strip of panels of one size: the photo, then per scale its colours (one pixel per token) enlarged to the photo's drawn size, with the
 * outlines of its tiles (boxes in pixels of the photo; what lies beyond the photo is drawn at its edge). A photo wider than 2:1 gets
 * panels of 2 · height, so that a panorama does not make the strip endless.
 */
export function picture(photo: Pixels, scales: readonly { colours: Pixels; tiles: readonly Box[] }[], height = 448): Pixels {
  const size = panelSize(photo, height);
  const panels = [opaque(resizePixels(photo, size, "bicubic"))];
  for (const { colours, tiles } of scales) {
    const panel = opaque(resizePixels(colours, size, "box")); // enlarging, Pillow's box is the nearest neighbour
    outline(panel, photo, tiles);
    panels.push(panel);
  }
  return strip(panels);
}

/** The size at which a photo is drawn. @throws S2Error "picture" for a height that is none. */
export function panelSize(photo: Pixels, height: number): [height: number, width: number] {
  if (!Number.isSafeInteger(height) || height < 1) {
    throw new S2Error("picture", `Got height ${height}; expected a whole number of pixels of at least 1, 448 for example.`);
  }
  const scale = Math.min(height / photo.height, (2 * height) / photo.width);
  return [Math.max(1, Math.round(photo.height * scale)), Math.max(1, Math.round(photo.width * scale))];
}

/** RGB, freshly made: grey is repeated, what is transparent lies on white. */
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

/** White lines with dark on either side, visible on any colour; all dark before all white, for neighbours share their edges. */
export function outline(panel: Pixels, photo: Pixels, tiles: readonly Box[]): void {
  for (const [value, around] of [
    [32, 1],
    [255, 0],
  ]) {
    for (const { left, top, width, height } of tiles) {
      const x0 = onPanel(left, photo.width, panel.width);
      const x1 = onPanel(left + width, photo.width, panel.width);
      const y0 = onPanel(top, photo.height, panel.height);
      const y1 = onPanel(top + height, photo.height, panel.height);
      fill(panel, x0 - around, y0 - around, x0 + around, y1 + around, value);
      fill(panel, x1 - around, y0 - around, x1 + around, y1 + around, value);
      fill(panel, x0 - around, y0 - around, x1 + around, y0 + around, value);
      fill(panel, x0 - around, y1 - around, x1 + around, y1 + around, value);
    }
  }
}

/** A place in the photo as a whole pixel of the panel, edges included. */
function onPanel(place: number, photoSide: number, panelSide: number): number {
  return Math.min(panelSide - 1, Math.max(0, Math.round((place * panelSide) / photoSide)));
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
