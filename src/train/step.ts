/** One training step as one graph: loss, gradients, clipping, optimizer and averages, from all tensors to their next values. */
import {
  Add,
  type Dim,
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
import type { Parameter } from "./vit.ts";

/** Options of `makeStep`. */
export interface StepOptions {
  /** Type and dims of a batch's tensors; the first size is the batch's. */
  readonly inputs: Readonly<Record<string, { readonly type: ElementType; readonly dims: readonly number[] }>>;
  /** Builds the loss, one number, and other metrics; called once for each part of the batch. */
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
}

/** The graph of a step. Its inputs are the state, the batch, `rate` and `step`; its outputs `next/` and the state's names, `loss` and the metrics. */
export interface Step {
  /** The ONNX file. */
  readonly file: Uint8Array;
  /** Tensors that are kept between steps: parameters under their names, `adam.m/NAME` and the like, `average/NAME`. */
  readonly state: readonly { readonly name: string; readonly dims: readonly number[]; readonly parameter: string }[];
  /** Names of the metrics. */
  readonly metrics: readonly string[];
}

/**
 * Builds the graph of one training step (operator set 20).
 * @throws S2Error "gradient" or "graph" as `gradients` and the operators do.
 */
export function makeStep(options: StepOptions): Step {
  const { inputs, optimizer, clip, average, parts = 1 } = options;
  const graph = newGraph(20);
  const given = Object.entries(inputs).map(
    ([name, { type, dims }]) => [name, Split(input(graph, name, type, dims), evenly(dims[0], parts), 0)] as const,
  );
  const parameters = new Map<string, ShapedValue>();
  const parameter: Parameter = (name, dims) => {
    if (!parameters.has(name)) parameters.set(name, input(graph, name, "float32", dims));
    return parameters.get(name)!;
  };
  const { loss, metrics, sums } = overParts(graph, options, given, parameter, parameters);
  const rate = input(graph, "rate", "float32", []);
  const step = input(graph, "step", "float32", []);
  const limited = clip === undefined ? { gradients: sums } : clipped(sums, clip);
  const state: Step["state"][number][] = [];
  const carry = (name: string, of: string, dims: readonly Dim[], next: ShapedValue) => {
    state.push({ name, dims: dims as number[], parameter: of });
    output(next, `next/${name}`);
  };
  scope(graph, "update", () => {
    for (const [i, [name, value]] of [...parameters].entries()) {
      const kept = optimizer.slots(name);
      const slots = kept.map((slot) => input(graph, `${slot}/${name}`, "float32", value.dims));
      const next = optimizer.update(value, limited.gradients[i], slots, { rate, step }, name);
      carry(name, name, value.dims, next.parameter);
      for (const [s, each] of next.slots.entries()) carry(`${kept[s]}/${name}`, name, value.dims, each);
      if (average === undefined) continue;
      const before = input(graph, `average/${name}`, "float32", value.dims);
      carry(`average/${name}`, name, value.dims, Add(Mul(before, average), Mul(next.parameter, 1 - average)));
    }
  });
  const all = { loss, ...metrics, ...("length" in limited && { gradient: limited.length }) };
  for (const [name, value] of Object.entries(all)) output(value, name);
  return { file: writeOnnx(finishGraph(graph, "step")), state, metrics: Object.keys(all) };
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
