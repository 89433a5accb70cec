/** The images and patches of CrossViT's branches: resized to each branch's size, embedded by one convolution or (dagger models) three. */
import { px, resize, S2Error } from "../core/index.ts";
import { Add, Pad, Relu, type ShapedValue, Slice, scope } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";
import { planesToTokens, sizeOf } from "./feature-maps.ts";
import { shapeOf } from "./hierarchy.ts";
import { conv, parameter } from "./layers.ts";
import { timesLeft, timesRight } from "./s2-graph.ts";
import type { Weights } from "./weights.ts";

/** The longest side that is resized: matrices of longer ones fill the memory. */
const longest = 8192;

/**
 * Images of the branch's size: as they are, cut out of the middle, or resized by torch's bicubic without antialias, whatever their
 * shape. By matrices, which take a tenth of the time of onnxruntime's Resize.
 */
export function branchImages(images: ShapedValue, size: Size, crops: boolean): ShapedValue {
  const from = sizeOf(images);
  if (from[0] === size[0] && from[1] === size[1]) return images;
  if (crops && size[0] <= from[0] && size[1] <= from[1]) {
    const [top, left] = from.map((side, axis) => roundHalfEven((side - size[axis]) / 2));
    return Slice(Slice(images, top, top + size[0], 2), left, left + size[1], 3);
  }
  if (Math.max(...from, ...size) > longest)
    throw new S2Error(
      "input",
      `Images are ${px(from)}, resized to ${px(size)}; CrossViT takes sides of at most ${longest} pixels.`,
    );
  const down = { dims: [size[0], from[0]] as const, data: resized(from[0], size[0], 0) };
  const across = { dims: [from[1], size[1]] as const, data: resized(from[1], size[1], 1) };
  return timesRight(timesLeft(down, images, "resize_rows"), across, "resize_cols");
}

/** Python's round. */
const roundHalfEven = (value: number): number => (value % 2 === 0.5 ? Math.floor(value) : Math.round(value));

/** A line of pixels resized along one axis is a product with the resized identity: [to, from] along rows, [from, to] along columns. */
function resized(from: number, to: number, axis: 0 | 1): Float32Array {
  const identity = new Float32Array(from * from);
  for (let i = 0; i < from; i++) identity[i * (from + 1)] = 1;
  const size: Size = axis === 0 ? [to, from] : [from, to];
  return resize({ dims: [1, 1, from, from], data: identity }, size).data;
}

/** Tokens [b, 1 + rows·cols, d] of a branch: the class token, then patches row by row, with their positions. */
export function patchTokens(images: ShapedValue, weights: Weights, branch: number, patchSize: number): ShapedValue {
  const patches = planesToTokens(
    scope(images.graph, `patch_embed.${branch}`, () => embed(images, weights.under(`patch_embed.${branch}`), patchSize)),
  );
  const [, count, dim] = patches.dims as readonly [string, number, number];
  // The authors' own files have a dot before the number.
  const named = (name: string) => (weights.has(`${name}.${branch}`) ? `${name}.${branch}` : `${name}_${branch}`);
  const positions = weights.get(named("pos_embed"), [1, 1 + count, dim]).data.slice();
  const first = weights.get(named("cls_token"), [1, 1, dim]).data;
  for (let i = 0; i < dim; i++) positions[i] += first[i];
  const table = parameter(images.graph, { dims: [1, 1 + count, dim], data: positions }, `pos_embed_${branch}`);
  return Add(Pad(patches, [0, 1, 0, 0, 0, 0]), table);
}

/** The three convolutions of dagger models, of 7x7 by 4, then to patches of 12 or 16 pixels: kernel 3, stride and padding. */
const steps: Readonly<Record<number, readonly (readonly [stride: number, padding: number])[]>> = {
  12: [
    [3, 0],
    [1, 1],
  ],
  16: [
    [2, 1],
    [2, 1],
  ],
};

function embed(images: ShapedValue, weights: Weights, patchSize: number): ShapedValue {
  const channels = (name: string) => shapeOf(weights, `${name}.weight`)[0];
  if (!weights.has("proj.0.weight")) {
    const kernel = shapeOf(weights, "proj.weight")[2];
    return conv(images, weights.under("proj"), { channels: channels("proj"), kernel, stride: kernel });
  }
  const layer = (x: ShapedValue, name: string, kernel: number, [stride, padding]: readonly [number, number]) =>
    conv(x, weights.under(name), { channels: channels(name), kernel, stride, padding });
  const [second, third] = steps[patchSize];
  const halved = Relu(layer(Relu(layer(images, "proj.0", 7, [4, 3])), "proj.2", 3, second));
  return layer(halved, "proj.4", 3, third);
}
