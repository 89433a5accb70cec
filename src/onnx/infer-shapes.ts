/** Shapes of operators that move numbers: reshape, transpose, join, cut, gather, fill. */
import { type Dim, derived, divide, multiply, shapeText, sum } from "./dims.ts";
import type { TensorProto } from "./proto.ts";
import { axesOf, axisOf, type Call, dimsOf, int, ints, Mismatch, type Rule, type Shaped } from "./rule.ts";
import { type ElementType, elementType, tensorData, tensorDims } from "./tensor.ts";

const unknown = (x: Shaped | undefined, outputs = 1): Shaped[] => Array.from({ length: outputs }, () => ({ type: x!.type }));

function reshape({ inputs: [x, shape], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  const wanted = shape?.ints;
  if (!wanted) return unknown(x);
  if (!dims && wanted.some((dim) => dim === 0 || dim === -1)) return unknown(x);
  const copied = wanted.map((dim, axis) => (dim === 0 && !int(attributes.allowzero, 0) ? dims![axis] : dim));
  const at = copied.indexOf(-1);
  if (!dims) return [{ type: x!.type, dims: copied }];
  if (at < 0) {
    if (isNumber(multiply(dims)) && isNumber(multiply(copied)) && multiply(dims) !== multiply(copied))
      throw new Mismatch(`it has not the elements for ${shapeText(wanted)}`);
    return [{ type: x!.type, dims: copied }];
  }
  const rest = multiply(copied.filter((_, axis) => axis !== at));
  const left = divide(multiply(dims), rest);
  if (left === undefined && isNumber(multiply(dims)) && isNumber(rest))
    throw new Mismatch(`its elements do not divide into ${shapeText(wanted)}`);
  return [{ type: x!.type, dims: copied.with(at, left ?? `(${multiply(dims)}/${rest})`.replaceAll("*", "·")), ...carried(x!) }];
}

const isNumber = (dim: Dim): dim is number => typeof dim === "number";

/** Values of a tensor of rank 0 or 1 go along where only the rank changes. */
const carried = ({ ints: values }: Shaped): { ints?: readonly Dim[] } => (values ? { ints: values } : {});

function transpose({ inputs: [x], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  if (!dims) return unknown(x);
  const perm = ints(attributes.perm) ?? dims.map((_, axis) => dims.length - 1 - axis);
  if (perm.length !== dims.length) throw new Mismatch(`perm [${perm}] is for a tensor of rank ${perm.length}`);
  return [{ type: x!.type, dims: perm.map((axis) => dims[axis]) }];
}

function concat({ inputs, attributes }: Call): Shaped[] {
  const all = inputs.map((input) => input!);
  const known = all.find(({ dims }) => dims);
  if (!known?.dims) return unknown(all[0]);
  const axis = axisOf(int(attributes.axis, 0), known.dims.length);
  const rest = (dims: readonly Dim[]) => shapeText(dims.map((dim, i) => (i === axis || !isNumber(dim) ? 0 : dim)));
  for (const { dims } of all) {
    if (!dims) return unknown(all[0]);
    if (
      dims.length !== known.dims.length ||
      (dims.every((d, i) => i === axis || isNumber(d)) &&
        known.dims.every((d, i) => i === axis || isNumber(d)) &&
        rest(dims) !== rest(known.dims))
    )
      throw new Mismatch(`they differ elsewhere than along axis ${axis}`);
  }
  const dims = known.dims.with(axis, sum(all.map((input) => input.dims![axis])));
  const values = all.every((input) => input.ints) ? all.flatMap((input) => input.ints!) : undefined;
  return [{ type: known.type, dims, ...(values && { ints: values }) }];
}

function split({ inputs: [x, sizes], attributes, outputs }: Call): Shaped[] {
  const dims = dimsOf(x);
  if (!dims) return unknown(x, outputs);
  const axis = axisOf(int(attributes.axis, 0), dims.length);
  const parts = sizes?.ints ?? ints(attributes.split) ?? evenly(dims[axis], int(attributes.num_outputs, outputs));
  const total = sum(parts);
  if (isNumber(total) && isNumber(dims[axis]) && total !== dims[axis])
    throw new Mismatch(`the parts [${parts}] do not make ${dims[axis]} along axis ${axis}`);
  return parts.map((part) => ({ type: x!.type, dims: dims.with(axis, part) }));
}

function evenly(size: Dim, parts: number): Dim[] {
  const part = derived(size, (all) => Math.ceil(all / parts), `split ${parts} of `);
  return Array.from({ length: parts }, (_, i) => (isNumber(size) && i === parts - 1 ? size - (part as number) * i : part));
}

function slice({ inputs: [x, startsInput, endsInput, axesInput, stepsInput], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  const starts = startsInput?.ints ?? ints(attributes.starts);
  const ends = endsInput?.ints ?? ints(attributes.ends);
  if (!dims) return unknown(x);
  const axes = axesInput ? axesInput.ints?.map(Number) : (ints(attributes.axes) ?? starts?.map((_, i) => i));
  if (!axes) return [{ type: x!.type, dims: dims.map((_, axis) => `?${axis}`) }];
  const result = [...dims];
  let values = x!.ints;
  axesOf(axes, dims.length).forEach((axis, i) => {
    const [size, start, end, step] = [dims[axis], starts?.[i], ends?.[i], stepsInput ? stepsInput.ints?.[i] : 1];
    if (isNumber(size) && [start, end, step].every((n) => typeof n === "number")) {
      const picked = range(size, start as number, end as number, step as number);
      result[axis] = picked.length;
      values = axis === 0 ? values && picked.map((at) => values![at]) : undefined;
    } else {
      const whole = start === 0 && step === 1 && typeof end === "number" && end >= 2 ** 31 - 1;
      result[axis] = whole ? size : `slice(${size})`.replaceAll("*", "·");
      values = whole ? values : undefined;
    }
  });
  return [{ type: x!.type, dims: result, ...(values && { ints: values }) }];
}

function range(size: number, start: number, end: number, step: number): number[] {
  const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const picked: number[] = [];
  if (step > 0) for (let at = clamp(start, 0, size); at < clamp(end, 0, size); at += step) picked.push(at);
  else for (let at = clamp(start, 0, size - 1); at > clamp(end, -1, size - 1); at += step) picked.push(at);
  return picked;
}

function gather({ inputs: [x, indices], attributes }: Call): Shaped[] {
  const [dims, at] = [dimsOf(x), dimsOf(indices)];
  if (!dims || !at) return unknown(x);
  const axis = axisOf(int(attributes.axis, 0), dims.length);
  const picked = indices!.ints?.map((index) => x!.ints?.at(Number(index)));
  const values = picked?.every((value) => value !== undefined) ? picked : undefined;
  return [{ type: x!.type, dims: [...dims.slice(0, axis), ...at, ...dims.slice(axis + 1)], ...(values && { ints: values }) }];
}

function unsqueeze({ inputs: [x, axesInput], attributes }: Call): Shaped[] {
  const axes = axesInput ? axesInput.ints?.map(Number) : ints(attributes.axes);
  if (!x!.dims || !axes) return unknown(x);
  const rank = x!.dims.length + axes.length;
  const rest = [...x!.dims];
  const added = axesOf(axes, rank);
  return [
    {
      type: x!.type,
      dims: Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!)),
      ...carried(x!),
    },
  ];
}

function squeeze({ inputs: [x, axesInput], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  if (!dims) return unknown(x);
  const given = axesInput ? axesInput.ints?.map(Number) : ints(attributes.axes);
  if (axesInput && !given) return unknown(x);
  const axes = given ? axesOf(given, dims.length) : dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  return [{ type: x!.type, dims: dims.filter((_, axis) => !axes.includes(axis)), ...carried(x!) }];
}

function expand({ inputs: [x, shape] }: Call): Shaped[] {
  if (!x!.dims || !shape?.ints) return unknown(x);
  const [a, b] = [x!.dims, shape.ints];
  const rank = Math.max(a.length, b.length);
  const dims = Array.from({ length: rank }, (_, axis) => {
    const [mine, wanted] = [a[a.length - rank + axis] ?? 1, b[b.length - rank + axis] ?? 1];
    return wanted === 1 || wanted === -1 ? mine : wanted;
  });
  return [{ type: x!.type, dims }];
}

function constant({ attributes }: Call): Shaped[] {
  const { value, value_int: one, value_ints: many, value_float: float, value_floats: floats } = attributes;
  if (value === undefined) {
    if (many !== undefined) return [{ type: "int64", dims: [(many as number[]).length], ints: many as number[] }];
    if (one !== undefined) return [{ type: "int64", dims: [], ints: [Number(one)] }];
    if (float !== undefined) return [{ type: "float32", dims: [], ints: [float as number] }];
    return [{ type: "float32", dims: [((floats as number[]) ?? []).length] }];
  }
  return [shapedTensor(value as TensorProto)];
}

/** The longest list whose values are kept, by type: sizes and axes, conditions, factors of a Resize. */
const kept: Partial<Record<ElementType, number>> = { int64: 64, int32: 64, bool: 1, float32: 4, float64: 4 };

/** What is known of an initializer or constant: short lists of numbers with their values. */
export function shapedTensor(tensor: TensorProto): Shaped {
  const [type, dims] = [elementType(tensor.dataType), tensorDims(tensor)];
  if (dims.length > 1 || (dims[0] ?? 1) > (kept[type] ?? -1) || tensor.dataLocation === 1) return { type, dims };
  return { type, dims, ints: Array.from(tensorData(tensor) as Int32Array, Number) };
}

function shapeOf({ inputs: [x], attributes }: Call): Shaped[] {
  if (!x!.dims) return [{ type: "int64" }];
  const rank = x!.dims.length;
  const clamp = (axis: number) => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  const values = x!.dims.slice(clamp(int(attributes.start, 0)), clamp(int(attributes.end, rank)));
  return [{ type: "int64", dims: [values.length], ints: values }];
}

function flatten({ inputs: [x], attributes }: Call): Shaped[] {
  const dims = dimsOf(x);
  if (!dims) return unknown(x);
  const axis = int(attributes.axis, 1) === dims.length ? dims.length : axisOf(int(attributes.axis, 1), dims.length);
  return [{ type: x!.type, dims: [multiply(dims.slice(0, axis)), multiply(dims.slice(axis))] }];
}

function tile({ inputs: [x, repeats] }: Call): Shaped[] {
  if (!x!.dims || !repeats?.ints) return unknown(x);
  return [{ type: x!.type, dims: x!.dims.map((dim, axis) => multiply([dim, repeats.ints![axis]])) }];
}

function rangeOf({ inputs: [start, limit, delta] }: Call): Shaped[] {
  const [from, to, by] = [start, limit, delta].map((input) => input?.ints?.[0]);
  if (![from, to, by].every((value) => typeof value === "number")) return [{ type: start!.type, dims: ["range"] }];
  const length = Math.max(Math.ceil((Number(to) - Number(from)) / Number(by)), 0);
  const values = Array.from({ length: Math.min(length, 64) }, (_, i) => Number(from) + i * Number(by));
  return [{ type: start!.type, dims: [length], ...(length <= 64 && { ints: values }) }];
}

function constantOfShape({ inputs: [shape], attributes }: Call): Shaped[] {
  const value = attributes.value as TensorProto | undefined;
  const type = value ? elementType(value.dataType) : "float32";
  if (!shape?.ints) return [{ type }];
  const one = value && (type === "int64" || type === "int32") ? Number(tensorData(value)[0]) : undefined;
  const filled = shape.ints.length === 1 && typeof shape.ints[0] === "number" && shape.ints[0] <= 64 && one !== undefined;
  return [{ type, dims: shape.ints, ...(filled && { ints: Array<number>(shape.ints[0] as number).fill(one!) }) }];
}

function gatherNd(x: Shaped, at: Shaped, shared: number): Shaped[] {
  const depth = at.dims?.at(-1);
  if (!x.dims || !at.dims || typeof depth !== "number") return unknown(x);
  return [{ type: x.type, dims: [...at.dims.slice(0, -1), ...x.dims.slice(shared + depth)] }];
}

export const shapeRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: ({ inputs: [x, indices] }) => [{ type: x!.type, dims: indices!.dims }],
  ScatterND: ({ inputs: [x] }) => [{ type: x!.type, dims: x!.dims }],
  ScatterElements: ({ inputs: [x] }) => [{ type: x!.type, dims: x!.dims }],
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Expand: expand,
  Tile: tile,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: ({ inputs: [x] }) => [{ type: "int64", dims: [], ...(x!.dims && { ints: [multiply(x!.dims)] }) }],
  Flatten: flatten,
  Range: rangeOf,
  GatherND: ({ inputs: [x, at], attributes }) => gatherNd(x!, at!, int(attributes.batch_dims, 0)),
};
