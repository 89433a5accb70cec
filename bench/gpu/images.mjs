/** Eight photos without a file: gradients, stripes and noise in 640 x 480 pixels, the same on every machine. */
import { resizePixels } from "s2-vision/node";
import { mean, std } from "./models.mjs";

export const [width, height] = [640, 480];

/** Decoded photos, as `loadImage` gives them. */
export function makePhotos(count) {
  return Array.from({ length: count }, (_, n) => {
    const data = new Uint8Array(width * height * 3);
    let noise = n + 1;
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++, i++) {
          noise = (Math.imul(noise, 1664525) + 1013904223) | 0;
          const wave = Math.sin((x * (n + 1) + y * (c + 2)) / 40) * 60;
          data[i] = 128 + wave + (x / width - y / height) * 40 + (noise >>> 27);
        }
    return { data, width, height, channels: 3 };
  });
}

/** Photos at the model's size, as bytes [n, side, side, 3] and as normalized tensor [n, 3, side, side]. */
export function prepare(photos, side) {
  const area = side * side;
  const bytes = new Uint8Array(photos.length * area * 3);
  const data = new Float32Array(bytes.length);
  for (const [n, photo] of photos.entries()) {
    const pixels = resizePixels(photo, [side, side], "bicubic").data;
    bytes.set(pixels, n * area * 3);
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < area; i++) data[(n * 3 + c) * area + i] = (pixels[i * 3 + c] / 255 - mean[c]) / std[c];
  }
  return { bytes: { dims: [photos.length, side, side, 3], data: bytes }, images: { dims: [photos.length, 3, side, side], data } };
}
