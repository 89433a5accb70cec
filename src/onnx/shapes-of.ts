/** The shapes of all values of a model for an input of a given shape, as far as the operators are known here: through branches, loops and functions. */
import { S2Error } from "../core/index.ts";
import { readAttributes } from "./attributes.ts";
import type { Dim } from "./dims.ts";
import { opsetOf } from "./file.ts";
import { withoutFunctions } from "./functions.ts";
import { infer, isKnown, operatorName } from "./infer.ts";
import { shapedTensor } from "./infer-shapes.ts";
import { inOrder } from "./nodes.ts";
import type { GraphProto, ModelProto, NodeProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { elementType } from "./tensor.ts";

/** One node as it is met. */
export interface Step {
  readonly node: NodeProto;
  readonly given: readonly (Shaped | undefined)[];
  readonly results: readonly Shaped[];
  /** How often it runs; undefined: that is decided by values. */
  readonly times: number | undefined;
}

interface Walk {
  readonly opset: number;
  readonly times: number | undefined;
  readonly visit: (step: Step) => void;
}

type Shapes = Map<string, Shaped>;
type Given = readonly (Shaped | undefined)[];

/** By the values' names; what follows from an unknown operator is without shape. `visit` is called for each node that runs, in order. */
export function shapesOf(
  model: ModelProto,
  inputs: Readonly<Record<string, readonly Dim[]>>,
  visit: (step: Step) => void = () => {},
): Map<string, Shaped> {
  const flat = withoutFunctions(model);
  const shapes: Shapes = new Map();
  for (const { name = "", type } of flat.graph.input ?? []) {
    if (inputs[name]) shapes.set(name, { type: elementType(type?.tensorType?.elemType), dims: inputs[name] });
  }
  follow(flat.graph, shapes, { opset: opsetOf(flat), times: 1, visit });
  return shapes;
}

/** Where shapes get lost first, in words: the operator whose result is without shape although its inputs' shapes are known. */
export function whereLost(model: ModelProto, inputs: Readonly<Record<string, readonly Dim[]>>): string | undefined {
  let lost: string | undefined;
  shapesOf(model, inputs, (step) => {
    lost ??= lostAt(step);
  });
  return lost;
}

/** Whether shapes get lost at this node, in words. */
export function lostAt({ node, given, results }: Step): string | undefined {
  const whole = (value: Shaped | undefined) => value?.dims?.every((dim) => typeof dim === "number");
  if (whole(results[0]) || given.some((input) => input && !whole(input))) return undefined;
  const op = operatorName(node.domain, node.opType);
  const place = node.name ? ` (${node.name})` : "";
  return isKnown(op) ? `the shape that ${op}${place} gives depends on values` : `the operator ${op}${place} is not known here`;
}

function follow(graph: GraphProto, shapes: Shapes, walk: Walk): void {
  for (const tensor of graph.initializer ?? []) shapes.set(tensor.name ?? "", shapedTensor(tensor));
  for (const node of inOrder(graph.node ?? [])) {
    const given = (node.input ?? []).map((name) => (name ? (shapes.get(name) ?? { type: "float32" as const }) : undefined));
    const results = resultsOf(node, given, shapes, walk);
    walk.visit({ node, given, results, times: walk.times });
    (node.output ?? []).forEach((name, i) => {
      if (name && results[i]) shapes.set(name, results[i]);
    });
  }
}

function resultsOf(node: NodeProto, given: Given, shapes: Shapes, walk: Walk): Shaped[] {
  const op = operatorName(node.domain, node.opType);
  const attributes = readAttributes(node);
  // A damaged graph may lack a body, or have something else in its place.
  const run = (body: unknown, inputs: readonly Shaped[], own: Walk) =>
    typeof body === "object" ? inside(body as GraphProto, inputs, shapes, own) : [];
  if (op === "If") return branch(given, (taken, own) => run(attributes[`${taken}_branch`], [], own), walk);
  if (op === "Loop") return loop(given, (inputs, own) => run(attributes.body, inputs, own), walk);
  const call = { op, inputs: given, attributes, outputs: node.output?.length ?? 1, opset: walk.opset };
  return inferOrNothing(call, node.name ?? "");
}

/** A foreign graph's node that contradicts itself here is one that this package does not know well enough. */
function inferOrNothing(call: Parameters<typeof infer>[0], where: string): Shaped[] {
  try {
    return infer(call, where);
  } catch (error) {
    if (error instanceof S2Error) return [];
    throw error;
  }
}

/** Names within see those around. */
function inside(graph: GraphProto, inputs: readonly Shaped[], shapes: Shapes, walk: Walk): Shaped[] {
  const inner = new Map(shapes);
  graph.input?.forEach(({ name = "" }, i) => {
    if (inputs[i]) inner.set(name, inputs[i]);
  });
  follow(graph, inner, walk);
  return (graph.output ?? []).map(({ name = "" }) => inner.get(name) ?? { type: "float32" });
}

/** The branch that is taken, where the condition follows from shapes; else what both branches agree on. */
function branch([condition]: Given, run: (taken: "then" | "else", walk: Walk) => Shaped[], walk: Walk): Shaped[] {
  const decided = condition?.ints?.[0];
  if (typeof decided === "number") return run(decided ? "then" : "else", walk);
  const either = { ...walk, times: undefined };
  const [yes, no] = [run("then", either), run("else", either)];
  return yes.map((one, i) => agreed(one, no[i]));
}

function agreed(a: Shaped, b: Shaped | undefined): Shaped {
  if (!a.dims || a.dims.length !== b?.dims?.length) return { type: a.type };
  return { type: a.type, dims: a.dims.map((dim, axis) => (dim === b.dims![axis] ? dim : `?${axis}`)) };
}

/** Values carried along keep their shape or lose it; what is stacked has the turns in front. */
function loop([most, going, ...carried]: Given, run: (inputs: readonly Shaped[], walk: Walk) => Shaped[], walk: Walk): Shaped[] {
  const start = carried.map((one): Shaped => ({ type: one?.type ?? "float32", ...(one?.dims && { dims: one.dims }) }));
  const turn: Shaped[] = [
    { type: "int64", dims: [] },
    { type: "bool", dims: [], ints: going ? going.ints : [1] },
  ];
  const [goesOn, ...once] = run([...turn, ...start], { ...walk, visit: () => {} });
  const endless = (!going || going.ints?.[0] === 1) && goesOn?.ints?.[0] === 1;
  const count = endless ? most?.ints?.[0] : undefined;
  const turns = typeof count === "number" ? Math.max(count, 0) : undefined;
  const times = turns === undefined || walk.times === undefined ? undefined : turns * walk.times;
  const kept = start.map((one, i) => agreed(one, once[i]));
  const [, ...results] = run([...turn, ...kept], { ...walk, times });
  return results.map(({ type, dims }, i) => {
    if (i < carried.length) return kept[i];
    return { type, ...(dims && { dims: [turns ?? "turns", ...dims] }) };
  });
}
