/** What a shape rule is given and gives, and how it reads inputs and attributes. */
import type { Attributes, AttributeValue } from "./attributes.ts";
import type { Dim } from "./dims.ts";
import type { ElementType } from "./tensor.ts";

/** What is known of a value. */
export interface Shaped {
  readonly type: ElementType;
  /** Absent: not even the rank is known. */
  readonly dims?: readonly Dim[];
  /** The values of a small tensor of rank 0 or 1: whole numbers, truths as 0 and 1, floats that sizes are computed with. */
  readonly ints?: readonly Dim[];
}

/** One use of an operator. Inputs that are left out are undefined. */
export interface Call {
  readonly op: string;
  readonly inputs: readonly (Shaped | undefined)[];
  readonly attributes: Attributes;
  /** How many outputs are named. */
  readonly outputs: number;
  readonly opset: number;
}

/** The outputs of a call. A rule may throw `Mismatch`. */
export type Rule = (call: Call) => Shaped[];

/** Inputs that do not go together, in words. */
export class Mismatch extends Error {}

export const dimsOf = (value: Shaped | undefined): readonly Dim[] | undefined => value?.dims;

export const int = (value: AttributeValue | undefined, otherwise: number): number =>
  value === undefined ? otherwise : Number(value);

export const ints = (value: AttributeValue | undefined): number[] | undefined => value as number[] | undefined;

/** Axes from 0, of a tensor of that rank. */
export function axesOf(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => axisOf(axis, rank));
}

export function axisOf(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) throw new Mismatch(`there is no axis ${axis} in a tensor of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}
