/** Finds and moves the channel axis of images and feature maps: exporters of TensorFlow and JAX put it last. */

type Shape = readonly (number | string)[];

/** Returns true for images [b, h, w, 3]. */
export const takesChannelsLast = (shape: Shape): boolean => shape.length === 4 && shape[3] === 3 && shape[1] !== 3;

/** [b, h, w, c] as [b, c, h, w]. */
export const channelsFirst = <T>([b, h, w, c]: readonly T[]): [T, T, T, T] => [b, c, h, w];

/** [b, c, h, w] as [b, h, w, c]. */
export const channelsLast = <T>([b, c, h, w]: readonly T[]): [T, T, T, T] => [b, h, w, c];

/** Returns true for maps [b, h, w, c] of an image: their middle two axes are a grid of it and their last two are not. */
export function givesChannelsLast(dims: readonly number[], size: readonly [height: number, width: number]): boolean {
  return dims.length === 4 && !isGrid(dims[2], dims[3], size) && isGrid(dims[1], dims[2], size);
}

/** Returns true if some stride cuts the image into that many rows and columns, the last ones complete or not. */
function isGrid(rows: number, cols: number, [height, width]: readonly [number, number]): boolean {
  const fits = (length: number, stride: number, count: number) =>
    count === Math.floor(length / stride) || count === Math.ceil(length / stride);
  for (let stride = 1; stride <= Math.max(height, width); stride++) {
    if (fits(height, stride, rows) && fits(width, stride, cols)) return true;
  }
  return false;
}

/** Moves the channels of `data` [b, c, h, w] to the end, or with `back` those of [b, h, w, c] before the rows. */
export function moveChannels(dims: readonly number[], data: Float32Array, back = false): Float32Array {
  const [batch, channels, pixels] = back ? [dims[0], dims[3], dims[1] * dims[2]] : [dims[0], dims[1], dims[2] * dims[3]];
  const moved = new Float32Array(data.length);
  for (let b = 0; b < batch; b++) {
    const from = b * channels * pixels;
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const [first, last] = [from + c * pixels + p, from + p * channels + c];
        if (back) moved[first] = data[last];
        else moved[last] = data[first];
      }
    }
  }
  return moved;
}
