/** Colors times alpha and back, in Pillow's rounding (src/libImaging/Convert.c: rgba2rgbA, rgbA2rgba), so that transparent pixels do not bleed. */

/** RGBA -> RGBa: a copy whose colors are round(color * alpha / 255). */
export function premultiply(rgba: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgba.length);
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3];
    out[i] = times(rgba[i], alpha);
    out[i + 1] = times(rgba[i + 1], alpha);
    out[i + 2] = times(rgba[i + 2], alpha);
    out[i + 3] = alpha;
  }
  return out;
}

/** RGBa -> RGBA in place: colors become floor(255 * color / alpha), at most 255; where alpha is 0 or 255 they stay. */
export function unpremultiply(premultiplied: Uint8Array): void {
  for (let i = 0; i < premultiplied.length; i += 4) {
    const alpha = premultiplied[i + 3];
    if (alpha === 0 || alpha === 255) continue;
    premultiplied[i] = Math.min(255, (255 * premultiplied[i]) / alpha); // the store cuts the fraction off
    premultiplied[i + 1] = Math.min(255, (255 * premultiplied[i + 1]) / alpha);
    premultiplied[i + 2] = Math.min(255, (255 * premultiplied[i + 2]) / alpha);
  }
}

/** Pillow's MULDIV255: round(a * b / 255) without dividing. */
function times(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
