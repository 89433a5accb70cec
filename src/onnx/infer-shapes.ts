/** Shapes of operators that move, cut, join, repeat or make numbers, and of those that resize images. */
import { type Dim, derived, differ, divide, isNumber, multiply, opaque, shapeText, sum } from "./dims.ts";
import type { TensorProto } from "./proto.ts";
import {
  axesOf,
  axisOf,
  firstOutput,
  givenAxes,
  int,
  ints,
  Mismatch,
  type Rule,
  type Shaped,
  shaped,
  sharedRule,
} from "./rule.ts";
import { type ElementType, elementType, tensorData, tensorDims } from "./tensor.ts";

function evenly(size: Dim, count: number): Dim[] {
  const section = derived(size, (all) => Math.ceil(all / count), `split ${count} of `);
  return Array.from({ length: count }, (_, i) => (isNumber(size) && i === count - 1 ? size - (section as number) * i : section));
}

function range(size: number, start: number, end: number, step: number): number[] {
  const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const picked: number[] = [];
  if (step > 0) for (let at = clamp(start, 0, size); at < clamp(end, 0, size); at += step) picked.push(at);
  else for (let at = clamp(start, 0, size - 1); at > clamp(end, -1, size - 1); at += step) picked.push(at);
  return picked;
}

/** The longest list whose values are kept, by type: sizes and axes, conditions, factors of a Resize. */
const longest: Partial<Record<ElementType, number>> = { int64: 64, int32: 64, bool: 1, float32: 4, float64: 4 };

/** The shape of an initializer or constant; the values of a short list of numbers. */
export function shapedTensor(tensor: TensorProto): Shaped {
  const [type, dims] = [elementType(tensor.dataType), tensorDims(tensor)];
  if (dims.length > 1 || (dims[0] ?? 1) > (longest[type] ?? -1) || tensor.dataLocation === 1) return { type, dims };
  return { type, dims, ints: Array.from(tensorData(tensor) as Int32Array, Number) };
}

/** Factors are float32: 16 times 1.0625 must not be 16.999. */
function scaled(dim: Dim, factor: Dim): Dim {
  if (factor === 1) return dim;
  if (!isNumber(factor)) return opaque(`(${dim}·${factor})`);
  return derived(dim, (all) => Math.floor(Math.fround(all * Math.fround(factor))), `${factor} of `);
}

/** [b, c, h, w] with blocks of pixels moved out of channels (1) or into them (-1). */
const blocks = (direction: 1 | -1) =>
  shaped((dims, { attributes: { blocksize } }) => {
    if (dims.length !== 4) return undefined;
    const power = (i: number) => Number(blocksize) ** (i === 0 ? -2 * direction : direction);
    return [dims[0], ...dims.slice(1).map((dim, i) => derived(dim, (all) => all * power(i), "blocks of "))];
  });

export const shapeRules: Readonly<Record<string, Rule>> = {
  Reshape: ({ inputs: [x, shape], attributes }) => {
    const { type, dims, ints: values } = x!;
    const target = shape?.ints;
    if (!target || (!dims && target.some((dim) => dim === 0 || dim === -1))) return { type };
    const copied = target.map((dim, axis) => (dim === 0 && !int(attributes.allowzero, 0) ? dims![axis] : dim));
    if (!dims) return { type, dims: copied };
    const [elements, at] = [multiply(dims), copied.indexOf(-1)];
    if (at < 0) {
      if (differ(elements, multiply(copied))) throw new Mismatch(`it has not the elements for ${shapeText(target)}`);
      return { type, dims: copied };
    }
    const rest = multiply(copied.filter((_, axis) => axis !== at));
    const inferred = divide(elements, rest);
    if (inferred === undefined && isNumber(elements) && isNumber(rest))
      throw new Mismatch(`its elements do not divide into ${shapeText(target)}`);
    return { type, dims: copied.with(at, inferred ?? opaque(`(${elements}/${rest})`)), ints: values };
  },
  Transpose: shaped((dims, { attributes }) => {
    const perm = ints(attributes.perm) ?? dims.map((_, axis) => dims.length - 1 - axis);
    if (perm.length !== dims.length) throw new Mismatch(`perm [${perm}] is for a tensor of rank ${perm.length}`);
    return perm.map((axis) => dims[axis]);
  }),
  Concat: ({ inputs, attributes }) => {
    const all = inputs.map((input) => input!);
    const known = all.find(({ dims }) => dims);
    if (!known?.dims) return { type: all[0].type };
    const axis = axisOf(int(attributes.axis, 0), known.dims.length);
    const others = (dims: readonly Dim[]) => dims.filter((_, i) => i !== axis);
    const expected = others(known.dims);
    for (const { dims } of all) {
      if (!dims) return { type: all[0].type };
      const unlike = [...others(dims), ...expected].every(isNumber) && String(others(dims)) !== String(expected);
      if (dims.length !== known.dims.length || unlike) throw new Mismatch(`they differ elsewhere than along axis ${axis}`);
    }
    const values = all.every((input) => input.ints) ? all.flatMap((input) => input.ints!) : undefined;
    return { type: known.type, dims: known.dims.with(axis, sum(all.map((input) => input.dims![axis]))), ints: values };
  },
  Split: ({ inputs: [x, sizes], attributes, outputs }) => {
    const { type, dims } = x!;
    if (!dims) return Array.from({ length: outputs }, () => ({ type }));
    const axis = axisOf(int(attributes.axis, 0), dims.length);
    const sections = sizes?.ints ?? ints(attributes.split) ?? evenly(dims[axis], int(attributes.num_outputs, outputs));
    if (differ(sum(sections), dims[axis]))
      throw new Mismatch(`the parts [${sections}] do not make ${dims[axis]} along axis ${axis}`);
    return sections.map((section) => ({ type, dims: dims.with(axis, section) }));
  },
  Slice: ({ inputs: [x, startsInput, endsInput, axesInput, stepsInput], attributes }) => {
    const { type, dims } = x!;
    const starts = startsInput?.ints ?? ints(attributes.starts);
    const ends = endsInput?.ints ?? ints(attributes.ends);
    if (!dims) return { type };
    const axes = axesInput ? axesInput.ints?.map(Number) : (ints(attributes.axes) ?? starts?.map((_, i) => i));
    if (!axes) return { type, dims: dims.map((_, axis) => `?${axis}`) };
    const result = [...dims];
    let values = x!.ints;
    for (const [i, axis] of axesOf(axes, dims.length).entries()) {
      const [size, start, end, step] = [dims[axis], starts?.[i], ends?.[i], stepsInput ? stepsInput.ints?.[i] : 1];
      if (isNumber(size) && isNumber(start) && isNumber(end) && isNumber(step)) {
        const picked = range(size, start, end, step);
        result[axis] = picked.length;
        values = axis === 0 ? values && picked.map((at) => values![at]) : undefined;
      } else {
        const isFull = start === 0 && step === 1 && isNumber(end) && end >= 2 ** 31 - 1;
        result[axis] = isFull ? size : opaque(`slice(${size})`);
        values = isFull ? values : undefined;
      }
    }
    return { type, dims: result, ints: values };
  },
  Gather: ({ inputs: [x, indices], attributes }) => {
    const { type, dims, ints: values } = x!;
    if (!dims || !indices?.dims) return { type };
    const axis = axisOf(int(attributes.axis, 0), dims.length);
    const picked = indices.ints?.map((index) => values?.at(Number(index)));
    return {
      type,
      dims: [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)],
      ints: picked?.every((value) => value !== undefined) ? picked : undefined,
    };
  },
  GatherElements: ({ inputs: [x, indices] }) => ({ type: x!.type, dims: indices!.dims }),
  ...sharedRule("ScatterND ScatterElements", (call) => firstOutput(call, call.inputs[0]!.type, call.inputs[0]!.dims)),
  Unsqueeze: (call) => {
    const { type, dims, ints: values } = call.inputs[0]!;
    const axes = givenAxes(call);
    if (!dims || !axes) return { type };
    const rank = dims.length + axes.length;
    const rest = [...dims];
    const added = axesOf(axes, rank);
    return { type, dims: Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!)), ints: values };
  },
  Squeeze: (call) => {
    const { type, dims, ints: values } = call.inputs[0]!;
    const given = givenAxes(call);
    if (!dims || (call.inputs[1] && !given)) return { type };
    const axes = given ? axesOf(given, dims.length) : dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
    return { type, dims: dims.filter((_, axis) => !axes.includes(axis)), ints: values };
  },
  Expand: shaped((dims, { inputs: [, shape] }) => {
    if (!shape?.ints) return undefined;
    const rank = Math.max(dims.length, shape.ints.length);
    return Array.from({ length: rank }, (_, axis) => {
      const [size, target] = [dims, shape.ints!].map((list) => list[list.length - rank + axis] ?? 1);
      return target === 1 || target === -1 ? size : target;
    });
  }),
  Tile: shaped((dims, { inputs: [, repeats] }) => repeats?.ints && dims.map((dim, axis) => multiply([dim, repeats.ints![axis]]))),
  Constant: ({ attributes }) => {
    const { value, value_int: one, value_ints: many, value_float: float, value_floats: floats = [] } = attributes;
    if (value !== undefined) return shapedTensor(value as TensorProto);
    if (many !== undefined) return { type: "int64", dims: [(many as number[]).length], ints: many as number[] };
    if (one !== undefined) return { type: "int64", dims: [], ints: [Number(one)] };
    if (float !== undefined) return { type: "float32", dims: [], ints: [float as number] };
    return { type: "float32", dims: [(floats as number[]).length] };
  },
  ConstantOfShape: ({ inputs: [shape], attributes }) => {
    const value = attributes.value as TensorProto | undefined;
    const type = value ? elementType(value.dataType) : "float32";
    const [length, ...more] = shape?.ints ?? [];
    const isList = (type === "int64" || type === "int32") && isNumber(length) && length <= 64 && more.length === 0;
    return { type, dims: shape?.ints, ints: isList ? Array(length).fill(Number(tensorData(value!)[0])) : undefined };
  },
  Shape: ({ inputs: [x], attributes }) => {
    if (!x!.dims) return { type: "int64" };
    const rank = x!.dims.length;
    const clamp = (axis: number) => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
    const values = x!.dims.slice(clamp(int(attributes.start, 0)), clamp(int(attributes.end, rank)));
    return { type: "int64", dims: [values.length], ints: values };
  },
  Size: ({ inputs: [x] }) => ({ type: "int64", dims: [], ints: x!.dims && [multiply(x!.dims)] }),
  Flatten: shaped((dims, { attributes }) => {
    const axis = int(attributes.axis, 1) === dims.length ? dims.length : axisOf(int(attributes.axis, 1), dims.length);
    return [multiply(dims.slice(0, axis)), multiply(dims.slice(axis))];
  }),
  Range: ({ inputs }) => {
    const { type } = inputs[0]!;
    const [from, to, step] = inputs.map((input) => input?.ints?.[0]);
    if (!isNumber(from) || !isNumber(to) || !isNumber(step)) return { type, dims: ["range"] };
    const length = Math.max(Math.ceil((to - from) / step), 0);
    return { type, dims: [length], ints: length <= 64 ? Array.from({ length }, (_, i) => from + i * step) : undefined };
  },
  GatherND: shaped((dims, { inputs: [, at], attributes }) => {
    const depth = at?.dims?.at(-1);
    return isNumber(depth) ? [...at!.dims!.slice(0, -1), ...dims.slice(int(attributes.batch_dims, 0) + depth)] : undefined;
  }),
  Pad: shaped((dims, { inputs: [, padsInput, , axesInput], attributes }) => {
    const pads = padsInput?.ints ?? ints(attributes.pads);
    if (!pads) return undefined;
    const axes = axesInput ? axesOf(axesInput.ints?.map(Number) ?? [], dims.length) : dims.map((_, axis) => axis);
    const result = [...dims];
    for (const [i, axis] of axes.entries()) result[axis] = sum([dims[axis], pads[i], pads[axes.length + i]]);
    return result;
  }),
  /** To sizes, or by factors; of all axes, or from opset 18 of some. */
  Resize: shaped((dims, { inputs: [, , scales, sizes], attributes }) => {
    const target = sizes?.ints ?? scales?.ints;
    const axes = attributes.axes ? axesOf(ints(attributes.axes)!, dims.length) : dims.map((_, axis) => axis);
    if (axes.length !== target?.length || (attributes.keep_aspect_ratio_policy ?? "stretch") !== "stretch") return undefined;
    const result = [...dims];
    for (const [i, axis] of axes.entries()) result[axis] = sizes?.ints ? target[i] : scaled(dims[axis], target[i]);
    return result;
  }),
  DepthToSpace: blocks(1),
  SpaceToDepth: blocks(-1),
};
