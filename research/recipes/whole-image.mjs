import { loadImage, resizePixels } from "s2-vision/node";

const [mean, std] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];

/** An image squashed into the square of s2-tiny and its teacher: [1, 3, side, side]. */
export async function wholeImage(path, side = 224) {
  const { data: bytes } = resizePixels(await loadImage(path), [side, side], "bicubic");
  const data = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const c = Math.floor(i / (side * side));
    return (bytes[(i % (side * side)) * 3 + c] / 255 - mean[c]) / std[c];
  });
  return { dims: [1, 3, side, side], data };
}
