/** Shape rules: what they are given and return, and how they read inputs and attributes. */
import type { Attributes, AttributeValue } from "./attributes.ts";
import type { Dim } from "./dims.ts";
import type { ElementType } from "./tensor.ts";

/** The known properties of a value. */
export interface Shaped {
  readonly type: ElementType;
  /** Undefined where not even the rank is known. */
  readonly dims?: readonly Dim[];
  /** The values of a small tensor of rank 0 or 1: whole numbers, booleans as 0 and 1, floats from which sizes are computed. */
  readonly ints?: readonly Dim[];
}

/** One use of an operator. Omitted inputs are undefined. */
export interface Call {
  readonly op: string;
  readonly inputs: readonly (Shaped | undefined)[];
  readonly attributes: Attributes;
  /** The number of named outputs. */
  readonly outputs: number;
  readonly opset: number;
}

/** Infers the outputs of a call. A rule may throw `Mismatch`. */
export type Rule = (call: Call) => Shaped | Shaped[];

/** Inputs that do not fit together; the message says why. */
export class Mismatch extends Error {}

/** Makes a rule for one output of the first input's type. `infer` runs where the input's dims are known. */
export function shaped(infer: (dims: readonly Dim[], call: Call) => readonly Dim[] | undefined): (call: Call) => Shaped {
  return (call) => {
    const { type, dims } = call.inputs[0]!;
    return { type, dims: dims && infer(dims, call) };
  };
}

/** All outputs have the type and dims of the first input. */
export const same: Rule = ({ inputs: [x], outputs }) =>
  Array.from({ length: Math.max(outputs, 1) }, () => ({ type: x!.type, dims: x!.dims }));

/** The first output has these dims; the shapes of the others (statistics, caches) are not followed. */
export function firstOutput({ outputs }: Call, type: ElementType, dims?: readonly Dim[]): Shaped[] {
  return Array.from({ length: outputs }, (_, i) => ({ type, dims: i === 0 ? dims : undefined }));
}

/** The same rule for several operators, listed with spaces between. */
export const sharedRule = (operators: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(operators.split(/\s+/).map((op) => [op, rule]));

export const int = (value: AttributeValue | undefined, otherwise: number): number =>
  value === undefined ? otherwise : Number(value);

export const ints = (value: AttributeValue | undefined): number[] | undefined => value as number[] | undefined;

/** Axes that are an input in newer operator sets and an attribute in older ones; undefined where values decide or none are given. */
export const givenAxes = ({ inputs: [, axes], attributes }: Call): number[] | undefined =>
  axes ? axes.ints?.map(Number) : ints(attributes.axes);

/** Axes counted from 0 in a tensor of that rank. */
export function axesOf(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => axisOf(axis, rank));
}

export function axisOf(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) throw new Mismatch(`there is no axis ${axis} in a tensor of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}
