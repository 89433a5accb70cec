/** Strong augmentation: rotation, shear and large changes of color (Asano and Saeed, arXiv 2112.00725, §3). */
import type { Random } from "../tensors/index.ts";

/** Largest rotation in radians, and shear in pixels to the side per pixel down. */
const [mostTurn, mostShear] = [Math.PI / 6, 0.2];
/** Largest rotation of hue in radians, and change of contrast, saturation and brightness from 1. */
const [mostHue, mostOther] = [Math.PI, 0.4];

/** Alters RGB bytes [side, side, 3] in place, all views in the same way. */
export function alter(views: readonly { data: Uint8Array; side: number }[], random: Random): void {
  const between = (most: number) => most * (2 * random() - 1);
  const [angle, shear] = [between(mostTurn), between(mostShear)];
  const [hue, contrast, saturation, brightness] = [
    between(mostHue) * random(),
    1 + between(mostOther),
    1 + between(mostOther),
    1 + between(mostOther),
  ];
  for (const { data, side } of views) {
    turn(data, side, angle, shear);
    recolorBy(data, hue, saturation, contrast, brightness);
  }
}

/** Rotates and shears about the middle, by bilinear interpolation; outside, the image is mirrored at the edge. */
function turn(data: Uint8Array, side: number, angle: number, shear: number): void {
  const from = data.slice();
  const [cos, sin, middle] = [Math.cos(angle), Math.sin(angle), (side - 1) / 2];
  const inside = (at: number) => {
    const along = Math.abs(at) % (2 * (side - 1));
    return along > side - 1 ? 2 * (side - 1) - along : along;
  };
  for (let row = 0, i = 0; row < side; row++) {
    for (let col = 0; col < side; col++, i += 3) {
      const [y, x] = [row - middle, col - middle + shear * (row - middle)];
      const [top, left] = [inside(middle + cos * y - sin * x), inside(middle + sin * y + cos * x)];
      const [y0, x0] = [Math.floor(top), Math.floor(left)];
      const [dy, dx] = [top - y0, left - x0];
      const [down, right] = [y0 + 1 < side ? 3 * side : 0, x0 + 1 < side ? 3 : 0];
      const at = (y0 * side + x0) * 3;
      for (let c = 0; c < 3; c++) {
        const above = from[at + c] + dx * (from[at + right + c] - from[at + c]);
        const below = from[at + down + c] + dx * (from[at + down + right + c] - from[at + down + c]);
        data[i + c] = Math.round(above + dy * (below - above));
      }
    }
  }
}

/** Rotates hue about the axis of grays and scales the distance from gray; then changes contrast about the mean, and brightness. */
function recolorBy(data: Uint8Array, hue: number, saturation: number, contrast: number, brightness: number): void {
  const [cos, third] = [saturation * Math.cos(hue), (1 - saturation * Math.cos(hue)) / 3];
  const across = (saturation * Math.sin(hue)) / Math.sqrt(3);
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  const mean = sum / data.length;
  const [scale, shift] = [brightness * contrast, brightness * (1 - contrast) * mean];
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    const gray = third * (r + g + b);
    data[i] = byte(scale * (cos * r + gray + across * (b - g)) + shift);
    data[i + 1] = byte(scale * (cos * g + gray + across * (r - b)) + shift);
    data[i + 2] = byte(scale * (cos * b + gray + across * (g - r)) + shift);
  }
}

/** Rounds to a byte. */
export const byte = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
