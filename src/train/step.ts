/** One training step as one graph: loss, gradients, clipping, optimizer and averages, from all tensors to their next values. */
import { badOption } from "../core/index.ts";
import {
  Add,
  type ElementType,
  finishGraph,
  type Graph,
  input,
  Mul,
  newGraph,
  output,
  type ShapedValue,
  Split,
  scope,
  writeOnnx,
} from "../onnx/index.ts";
import { gradients } from "./gradients.ts";
import { clipped, type Optimizer } from "./optimizers.ts";
import { spreadSums } from "./spread.ts";
import { flatVector, joined, shapedVector, tensorsOf, type Vector, vectorInput, vectorsOf } from "./vectors.ts";
import type { Parameter } from "./vit.ts";

/** Options of `makeStep`. */
export interface StepOptions {
  /** Type and dims of a batch's tensors; the first size is the batch's. */
  readonly inputs: Readonly<Record<string, { readonly type: ElementType; readonly dims: readonly number[] }>>;
  /** Builds the loss, one number, and other metrics; called for each part of the batch, and for "gpu" once more to learn the parameters. */
  readonly loss: (
    inputs: Readonly<Record<string, ShapedValue>>,
    parameter: Parameter,
  ) => { readonly loss: ShapedValue; readonly metrics?: Readonly<Record<string, ShapedValue>> };
  /** Updates the parameters. */
  readonly optimizer: Optimizer;
  /** Largest norm of all gradients together; default unlimited. */
  readonly clip?: number;
  /** Decay of a moving average of each parameter: average · decay + parameter · (1 - decay); default no average. */
  readonly average?: number;
  /** Number of parts of the batch whose gradients are summed: less memory, and faster where a part fits the caches. Default 1. */
  readonly parts?: number;
  /**
   * Form of the graph. "cpu" (default) updates each parameter by itself, which fits the caches. "gpu" keeps the parameters that the optimizer
   * treats alike in one vector and spreads long sums: less than half the kernels, for `openLoop` with a device. Losses differ by rounding alone.
   */
  readonly form?: "cpu" | "gpu";
}

/** The graph of a step. Its inputs are the state, the batch, `rate` and `step`; its outputs `next/` and the state's names, `loss` and the metrics. */
export interface Step {
  /** The ONNX file. */
  readonly file: Uint8Array;
  /** Tensors that are kept between steps: parameters under their names, `adam.m/NAME` and the like, `average/NAME`. */
  readonly state: readonly { readonly name: string; readonly dims: readonly number[]; readonly parameter: string }[];
  /** Tensors of the state that are inputs and outputs of the graph as one vector; `fit` joins and cuts them. Empty in the form "cpu". */
  readonly vectors: readonly Vector[];
  /** Names of the metrics. */
  readonly metrics: readonly string[];
  /** The metrics as one output, in the form "gpu": each output is read from the card by itself. */
  readonly metricVectors: readonly Vector[];
}

/**
 * Builds the graph of one training step (operator set 20).
 * @throws S2Error "gradient" or "graph" as `gradients` and the operators do.
 */
export function makeStep(options: StepOptions): Step {
  const { form = "cpu" } = options;
  if (form !== "cpu" && form !== "gpu") throw badOption("option", "form", form, '"cpu" or "gpu"');
  return buildStep(options, { vectors: form === "gpu", spread: form === "gpu" });
}

/** Builds the step with each of the changes for graphics cards or without it. */
export function buildStep(options: StepOptions, changes: { readonly vectors: boolean; readonly spread: boolean }): Step {
  const { inputs, optimizer, clip, average, parts = 1 } = options;
  const graph = newGraph(20);
  const given = Object.entries(inputs).map(([name, { type, dims }]) => {
    const batch = input(graph, name, type, dims);
    return [name, parts > 1 ? Split(batch, evenly(dims[0], parts), 0) : [batch]] as const;
  });
  const parameters = new Map<string, ShapedValue>();
  const vectors = changes.vectors ? vectorsOf(parametersOf(options), optimizer) : [];
  const vectorInputs = vectors.map((vector) => vectorInput(graph, vector));
  for (const [i, vector] of vectors.entries())
    for (const [name, value] of tensorsOf(vectorInputs[i], vector)) parameters.set(name, value);
  const parameter: Parameter = (name, dims) => {
    if (!parameters.has(name)) parameters.set(name, input(graph, name, "float32", dims));
    return parameters.get(name)!;
  };
  const { loss, metrics, sums } = overParts(graph, options, given, parameter, parameters);
  const byName = new Map([...parameters.keys()].map((name, i) => [name, sums[i]]));
  const groups: readonly Group[] = changes.vectors
    ? vectors.map((vector, i) => ({
        ...{ vector, name: vector.name, parameter: vectorInputs[i], parts: vector.parts },
        gradient: joined(
          vector.parts.map(({ name }) => byName.get(name)!),
          vector,
        ),
      }))
    : [...parameters].map(([name, value], i) => ({
        ...{ name, parameter: value, parts: [{ name, dims: value.dims as number[] }], gradient: sums[i] },
      }));
  const numbers = { rate: input(graph, "rate", "float32", []), step: input(graph, "step", "float32", []) };
  const gradientsOf = groups.map(({ gradient }) => gradient);
  const limited = clip === undefined ? { gradients: gradientsOf } : clipped(gradientsOf, clip);
  const state: Step["state"][number][] = [];
  const stateVectors: Vector[] = [];
  const carry = (prefix: string, { name, parts, vector }: Group, next: ShapedValue) => {
    for (const { name: of, dims } of parts) state.push({ name: prefix + of, dims, parameter: of });
    if (vector) {
      const named = parts.map((tensor) => ({ ...tensor, name: prefix + tensor.name }));
      stateVectors.push({ ...vector, name: prefix + name, parts: named });
    }
    output(next, `next/${prefix}${name}`);
  };
  scope(graph, "update", () => {
    for (const [i, group] of groups.entries()) {
      const { name, parameter: value, parts, vector } = group;
      const kept = optimizer.slots(parts[0].name);
      const slots = kept.map((slot) => input(graph, `${slot}/${name}`, "float32", value.dims));
      const shaped = (each: ShapedValue) => (vector ? shapedVector(each, vector) : each);
      const flat = (each: ShapedValue) => (vector ? flatVector(each, vector) : each);
      const gradient = shaped(limited.gradients[i]);
      const next = optimizer.update(shaped(value), gradient, slots.map(shaped), numbers, parts[0].name);
      const updated = flat(next.parameter);
      carry("", group, updated);
      for (const [s, each] of next.slots.entries()) carry(`${kept[s]}/`, group, flat(each));
      if (average === undefined) continue;
      const before = input(graph, `average/${name}`, "float32", value.dims);
      carry("average/", group, Add(Mul(before, average), Mul(updated, 1 - average)));
    }
  });
  const all = { loss, ...metrics, ...("length" in limited && { gradient: limited.length }) };
  const metricNames = Object.keys(all);
  const metricVector = { name: "metrics", parts: metricNames.map((name) => ({ name, dims: [] })), stacked: false };
  if (changes.vectors) output(joined(Object.values(all), metricVector), metricVector.name);
  else for (const [name, value] of Object.entries(all)) output(value, name);
  if (changes.spread) spreadSums(graph);
  const file = writeOnnx(finishGraph(graph, "step"));
  return { file, state, vectors: stateVectors, metrics: metricNames, metricVectors: changes.vectors ? [metricVector] : [] };
}

/** Parameters that are updated together: one, or those of a vector. */
interface Group {
  readonly name: string;
  readonly parts: Vector["parts"];
  readonly parameter: ShapedValue;
  readonly gradient: ShapedValue;
  readonly vector?: Vector;
}

/** Builds the loss once to learn the parameters and their dims. */
function parametersOf({ inputs, loss, parts = 1 }: StepOptions): Map<string, readonly number[]> {
  const graph = newGraph(20);
  const given = Object.entries(inputs).map(
    ([
      name,
      {
        type,
        dims: [first, ...rest],
      },
    ]) => {
      return [name, input(graph, name, type, [first / parts, ...rest])];
    },
  );
  const found = new Map<string, ShapedValue>();
  loss(Object.fromEntries(given), (name, dims) => {
    if (!found.has(name)) found.set(name, input(graph, name, "float32", dims));
    return found.get(name)!;
  });
  return new Map([...found].map(([name, { dims }]) => [name, dims as number[]]));
}

/** Builds forward and backward passes part by part; returns the means of losses, metrics and gradients. */
function overParts(
  graph: Graph,
  { loss: build, parts = 1 }: StepOptions,
  given: readonly (readonly [string, readonly ShapedValue[]])[],
  parameter: Parameter,
  parameters: ReadonlyMap<string, ShapedValue>,
) {
  const done = Array.from({ length: parts }, (_, i) =>
    scope(graph, parts > 1 ? `part.${i}` : "model", () => {
      const made = build(Object.fromEntries(given.map(([name, pieces]) => [name, pieces[i]])), parameter);
      return { ...made, gradients: gradients(graph, made.loss, [...parameters.values()]) };
    }),
  );
  const mean = (values: readonly ShapedValue[]) => {
    const sum = values.reduce((a, b) => Add(a, b));
    return parts > 1 ? Mul(sum, 1 / parts) : sum;
  };
  const names = Object.keys(done[0].metrics ?? {});
  return {
    loss: mean(done.map(({ loss }) => loss)),
    metrics: Object.fromEntries(names.map((name) => [name, mean(done.map(({ metrics }) => metrics![name]))])),
    sums: [...parameters.keys()].map((_, i) => mean(done.map(({ gradients }) => gradients[i]))),
  };
}

const evenly = (size: number, parts: number): number[] => Array.from({ length: parts }, () => size / parts);
