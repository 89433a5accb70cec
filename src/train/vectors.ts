/** Parameters that are updated together as one vector: on a graphics card each operator has a cost of its own, however small its tensors are. */
import { Concat, constant, type Graph, type GraphTensor, input, Reshape, type ShapedValue, Slice } from "../onnx/index.ts";
import type { Optimizer } from "./optimizers.ts";

/** Tensors one after the other in one vector, with zeros up to a multiple of `unit`. */
export interface Vector {
  /** The name in the graph. */
  readonly name: string;
  readonly parts: readonly { readonly name: string; readonly dims: readonly number[] }[];
  /** True for a stack of tensors of the same shape, which the optimizer wants as [k, ...dims]. */
  readonly stacked: boolean;
}

/** So that a sum over a vector can be made in two steps of many sums each. */
export const unit = 1024;

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const filledLength = ({ parts }: Vector): number => parts.reduce((sum, { dims }) => sum + product(dims), 0);
const lengthOf = (vector: Vector): number => Math.ceil(filledLength(vector) / unit) * unit;

/** Puts the parameters that the optimizer treats alike into vectors. */
export function vectorsOf(parameters: ReadonlyMap<string, readonly number[]>, optimizer: Optimizer): Vector[] {
  const vectors = new Map<string, Vector & { parts: Vector["parts"][number][] }>();
  for (const [name, dims] of parameters) {
    const { key, stacked = false } = optimizer.group?.(name, dims) ?? { key: `alone ${name}`, stacked: true };
    if (!vectors.has(key)) vectors.set(key, { name: `vector.${vectors.size}`, parts: [], stacked });
    vectors.get(key)!.parts.push({ name, dims });
  }
  return [...vectors.values()];
}

/** Adds a vector as an input, under its name after the prefix. */
export const vectorInput = (graph: Graph, vector: Vector, prefix = ""): ShapedValue =>
  input(graph, prefix + vector.name, "float32", [lengthOf(vector)]);

/** Cuts a vector into its tensors. */
export function tensorsOf(value: ShapedValue, { parts }: Vector): Map<string, ShapedValue> {
  let end = 0;
  return new Map(
    parts.map(({ name, dims }) => {
      end += product(dims);
      return [name, Reshape(Slice(value, end - product(dims), end, 0), dims)];
    }),
  );
}

/** Joins tensors to a vector. */
export function joined(tensors: readonly ShapedValue[], vector: Vector): ShapedValue {
  const flat = tensors.map((tensor) => Reshape(tensor, [product(tensor.dims as number[])]));
  const rest = lengthOf(vector) - filledLength(vector);
  return Concat(rest > 0 ? [...flat, constant(tensors[0].graph, "float32", [rest], new Float32Array(rest))] : flat, 0);
}

/** Gives a vector the shape that the optimizer wants. */
export function shapedVector(value: ShapedValue, vector: Vector): ShapedValue {
  if (!vector.stacked) return value;
  const filled = filledLength(vector);
  const { parts } = vector;
  const stack = parts.length > 1 ? [parts.length, ...parts[0].dims] : parts[0].dims;
  return Reshape(filled < lengthOf(vector) ? Slice(value, 0, filled, 0) : value, stack);
}

/** Undoes `shapedVector`. */
export const flatVector = (value: ShapedValue, vector: Vector): ShapedValue => (vector.stacked ? joined([value], vector) : value);

type State = Readonly<Record<string, GraphTensor>>;

/** Puts the tensors of a state into the vectors of a step. */
export function packState(vectors: readonly Vector[], state: State): Record<string, GraphTensor> {
  const packed: Record<string, GraphTensor> = { ...state };
  for (const vector of vectors) {
    const data = new Float32Array(lengthOf(vector));
    let at = 0;
    for (const { name } of vector.parts) {
      data.set(state[name].data as Float32Array, at);
      at += state[name].data.length;
      delete packed[name];
    }
    packed[vector.name] = { dims: [data.length], data };
  }
  return packed;
}

/** Undoes `packState`. */
export function unpackState(vectors: readonly Vector[], packed: State): Record<string, GraphTensor> {
  const state: Record<string, GraphTensor> = { ...packed };
  for (const { name: vector, parts } of vectors) {
    let at = 0;
    delete state[vector];
    for (const { name, dims } of parts) {
      state[name] = { dims, data: (packed[vector].data as Float32Array).slice(at, at + product(dims)) };
      at += product(dims);
    }
  }
  return state;
}
