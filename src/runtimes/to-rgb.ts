/** Converts decoded samples to 8-bit RGB: alpha over a background and 16 bits to 8, each rounded once and exactly. Platform-free. */

type Color = readonly [red: number, green: number, blue: number];

/** Lays 8-bit RGBA over `background`: round((color * alpha + background * (255 - alpha)) / 255), where sharp's flatten truncates. */
export function rgbFrom8(rgba: Uint8Array, pixels: number, channels: number, [red, green, blue]: Color): Uint8Array {
  const out = new Uint8Array(pixels * 3);
  for (let i = 0, o = 0; o < out.length; i += channels, o += 3) {
    const alpha = rgba[i + 3];
    const rest = 255 - alpha;
    // adding 127 and truncating rounds: 255 is odd, so nothing lies half way
    out[o] = (rgba[i] * alpha + red * rest + 127) / 255;
    out[o + 1] = (rgba[i + 1] * alpha + green * rest + 127) / 255;
    out[o + 2] = (rgba[i + 2] * alpha + blue * rest + 127) / 255;
  }
  return out;
}

/** Converts 16-bit RGB or RGBA: v * 255 / 65535 rounded (sharp drops the low byte), alpha in 16 bits too. */
export function rgbFrom16(samples: Uint16Array, pixels: number, channels: number, [red, green, blue]: Color): Uint8Array {
  const out = new Uint8Array(pixels * 3);
  const full = 65535 * 257;
  const half = (full - 1) / 2;
  for (let i = 0, o = 0; o < out.length; i += channels, o += 3) {
    const alpha = channels === 4 ? samples[i + 3] : 65535;
    const rest = 257 * (65535 - alpha);
    out[o] = (samples[i] * alpha + red * rest + half) / full;
    out[o + 1] = (samples[i + 1] * alpha + green * rest + half) / full;
    out[o + 2] = (samples[i + 2] * alpha + blue * rest + half) / full;
  }
  return out;
}
