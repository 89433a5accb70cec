/** Shapes of operators that make images larger, smaller or deeper: pad, resize, blocks of pixels. */
import { type Dim, derived, sum } from "./dims.ts";
import { axesOf, type Call, dimsOf, ints, type Rule, type Shaped } from "./rule.ts";

const unknown = (x: Shaped | undefined): Shaped[] => [{ type: x!.type }];

function pad({ inputs: [x, padsInput, , axesInput], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  const pads = padsInput?.ints ?? ints(attributes.pads);
  if (!dims || !pads) return unknown(x);
  const axes = axesInput ? axesOf(axesInput.ints?.map(Number) ?? [], dims.length) : dims.map((_, axis) => axis);
  const result = [...dims];
  axes.forEach((axis, i) => {
    result[axis] = sum([dims[axis], pads[i], pads[axes.length + i]]);
  });
  return [{ type: x!.type, dims: result }];
}

/** To sizes, or by factors; of all axes, or from opset 18 of some. */
function resize({ inputs: [x, , scales, sizes], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  const wanted = sizes?.ints ?? scales?.ints;
  if (!dims || !wanted || (attributes.keep_aspect_ratio_policy ?? "stretch") !== "stretch") return unknown(x);
  const axes = attributes.axes ? axesOf(ints(attributes.axes)!, dims.length) : dims.map((_, axis) => axis);
  if (axes.length !== wanted.length) return unknown(x);
  const result = [...dims];
  axes.forEach((axis, i) => {
    result[axis] = sizes?.ints ? wanted[i] : scaled(dims[axis], wanted[i]);
  });
  return [{ type: x!.type, dims: result }];
}

/** Factors are float32: 16 times 1.0625 must not be 16.999. */
function scaled(dim: Dim, factor: Dim): Dim {
  if (factor === 1) return dim;
  if (typeof factor !== "number") return `(${dim}·${factor})`.replaceAll("*", "·");
  return derived(dim, (all) => Math.floor(Math.fround(all * Math.fround(factor))), `${factor} of `);
}

/** [b, c, h, w] with blocks of pixels out of channels, or the other way. */
function blocks(x: Shaped, size: number, way: 1 | -1): Shaped[] {
  if (x.dims?.length !== 4) return unknown(x);
  const [c, h, w] = x.dims
    .slice(1)
    .map((dim, i) => derived(dim, (all) => all * size ** (i === 0 ? -2 * way : way), "blocks of "));
  return [{ type: x.type, dims: [x.dims[0], c, h, w] }];
}

export const imageRules: Readonly<Record<string, Rule>> = {
  Pad: pad,
  Resize: resize,
  DepthToSpace: ({ inputs: [x], attributes: { blocksize } }) => blocks(x!, Number(blocksize), 1),
  SpaceToDepth: ({ inputs: [x], attributes: { blocksize } }) => blocks(x!, Number(blocksize), -1),
};
