/** Several views of a tile at one scale: a control with as many channels as several scales, but with no more detail. */
import type { Tensor } from "s2-vision";
import type { ImageModel } from "./context.ts";

/** Shifts of the views in half tokens: the tile itself, then along its diagonal in both directions. */
const SHIFTS = [0, 1, -1];

/** Wraps a model so that it gives the channels of `count` views, one after the other: the tile, and the tile moved by half a token. */
export function withViews(model: ImageModel, count: number, patchSize: number): ImageModel {
  const views = async (images: Tensor): Promise<Tensor> => {
    const outputs: Tensor[] = [];
    for (const shift of SHIFTS.slice(0, count)) outputs.push(await model(shifted(images, (shift * patchSize) / 2)));
    return joinChannels(outputs, model.traits?.layout === "bchw");
  };
  const { channels, multiplyAdds, ...traits } = model.traits ?? {};
  return Object.assign(views, {
    traits: { ...traits, ...(channels !== undefined && { channels: count * channels }) },
    preprocessing: model.preprocessing,
  });
}

/** Moves the content of tiles [b, c, h, w] down and to the right by a number of pixels, up and to the left by a negative one; edges are repeated. */
export function shifted({ dims, data }: Tensor, pixels: number): Tensor {
  const move = Math.round(pixels);
  const [height, width] = dims.slice(2);
  const clamp = (at: number, length: number) => Math.min(length - 1, Math.max(0, at));
  const moved = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += height * width)
    for (let y = 0; y < height; y++) {
      const from = at + clamp(y - move, height) * width;
      for (let x = 0; x < width; x++) moved[at + y * width + x] = data[from + clamp(x - move, width)];
    }
  return { dims, data: moved };
}

/** Joins outputs [b, n, c] or maps [b, c, h, w] along their channels. */
function joinChannels(outputs: readonly Tensor[], areMaps: boolean): Tensor {
  const [{ dims }] = outputs;
  const outer = areMaps ? dims[0] : dims[0] * dims[1];
  const inner = outputs[0].data.length / outer;
  const data = new Float32Array(outer * inner * outputs.length);
  for (const [view, output] of outputs.entries())
    for (let i = 0; i < outer; i++)
      data.set(output.data.subarray(i * inner, (i + 1) * inner), (i * outputs.length + view) * inner);
  const channels = areMaps ? 1 : 2;
  return { dims: dims.map((length, i) => (i === channels ? length * outputs.length : length)), data };
}
