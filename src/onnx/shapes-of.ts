/** Follows the shapes of inputs through a model, its branches, loops and functions, as far as the operators are known. */
import { S2Error } from "../core/index.ts";
import { readAttributes } from "./attributes.ts";
import { type Dim, isNumber } from "./dims.ts";
import { opsetOf } from "./file.ts";
import { withoutFunctions } from "./functions.ts";
import { infer, isKnown, operatorName } from "./infer.ts";
import { shapedTensor } from "./infer-shapes.ts";
import { inOrder } from "./nodes.ts";
import type { GraphProto, ModelProto, NodeProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { elementType } from "./tensor.ts";

/** One node that runs. */
export interface Step {
  readonly node: NodeProto;
  readonly given: readonly (Shaped | undefined)[];
  readonly results: readonly Shaped[];
  /** The number of runs; undefined where values decide it. */
  readonly times: number | undefined;
}

interface Walk {
  readonly opset: number;
  readonly times: number | undefined;
  readonly visit: (step: Step) => void;
}

type Shapes = Map<string, Shaped>;
type Given = readonly (Shaped | undefined)[];

/** Infers the shapes of all values by name; what follows from an unknown operator has none. `visit` is called for each node that runs. */
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

/** Names the operator at which shapes are lost first: its result has none although its inputs have. */
export function whereLost(model: ModelProto, inputs: Readonly<Record<string, readonly Dim[]>>): string | undefined {
  let lost: string | undefined;
  shapesOf(model, inputs, (step) => {
    lost ??= lostAt(step);
  });
  return lost;
}

/** Says in words that shapes are lost at this node; undefined when they are not. */
export function lostAt({ node, given, results }: Step): string | undefined {
  const isKnownShape = (value: Shaped | undefined) => value?.dims?.every(isNumber);
  if (isKnownShape(results[0]) || given.some((input) => input && !isKnownShape(input))) return undefined;
  const op = operatorName(node.domain, node.opType);
  const name = node.name ? ` (${node.name})` : "";
  return isKnown(op) ? `the shape that ${op}${name} gives depends on values` : `the operator ${op}${name} is not known here`;
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
  const run = (body: unknown, inputs: readonly Shaped[], inner: Walk) =>
    typeof body === "object" ? inside(body as GraphProto, inputs, shapes, inner) : [];
  if (op === "If") return branch(given, (taken, inner) => run(attributes[`${taken}_branch`], [], inner), walk);
  if (op === "Loop") return loop(given, (inputs, inner) => run(attributes.body, inputs, inner), walk);
  const call = { op, inputs: given, attributes, outputs: node.output?.length ?? 1, opset: walk.opset };
  return inferOrNothing(call, node.name ?? "");
}

/** A file's node whose inputs seem not to fit is one that the rules do not cover fully: nothing is inferred. */
function inferOrNothing(call: Parameters<typeof infer>[0], where: string): Shaped[] {
  try {
    return infer(call, where);
  } catch (error) {
    if (error instanceof S2Error) return [];
    throw error;
  }
}

/** Follows a graph within the graph; its nodes also read values of the graph around. */
function inside(graph: GraphProto, inputs: readonly Shaped[], shapes: Shapes, walk: Walk): Shaped[] {
  const inner = new Map(shapes);
  graph.input?.forEach(({ name = "" }, i) => {
    if (inputs[i]) inner.set(name, inputs[i]);
  });
  follow(graph, inner, walk);
  return (graph.output ?? []).map(({ name = "" }) => inner.get(name) ?? { type: "float32" });
}

/** Follows the branch that is taken where the condition follows from shapes; else returns what both branches agree on. */
function branch([condition]: Given, run: (taken: "then" | "else", walk: Walk) => Shaped[], walk: Walk): Shaped[] {
  const decided = condition?.ints?.[0];
  if (typeof decided === "number") return run(decided ? "then" : "else", walk);
  const either = { ...walk, times: undefined };
  const [yes, no] = [run("then", either), run("else", either)];
  return yes.map((value, i) => agreed(value, no[i]));
}

function agreed(a: Shaped, b: Shaped | undefined): Shaped {
  if (!a.dims || a.dims.length !== b?.dims?.length) return { type: a.type };
  return { type: a.type, dims: a.dims.map((dim, axis) => (dim === b.dims![axis] ? dim : `?${axis}`)) };
}

/** Carried values keep their shape or lose it; stacked ones get the number of iterations in front. */
function loop([most, going, ...carried]: Given, run: (inputs: readonly Shaped[], walk: Walk) => Shaped[], walk: Walk): Shaped[] {
  const start = carried.map((value): Shaped => ({ type: value?.type ?? "float32", dims: value?.dims }));
  const turn: Shaped[] = [
    { type: "int64", dims: [] },
    { type: "bool", dims: [], ints: going ? going.ints : [1] },
  ];
  const [goesOn, ...once] = run([...turn, ...start], { ...walk, visit: () => {} });
  const endless = (!going || going.ints?.[0] === 1) && goesOn?.ints?.[0] === 1;
  const count = endless ? most?.ints?.[0] : undefined;
  const turns = typeof count === "number" ? Math.max(count, 0) : undefined;
  const times = turns === undefined || walk.times === undefined ? undefined : turns * walk.times;
  const kept = start.map((value, i) => agreed(value, once[i]));
  const [, ...results] = run([...turn, ...kept], { ...walk, times });
  return results.map(({ type, dims }, i) => {
    if (i < carried.length) return kept[i];
    return { type, ...(dims && { dims: [turns ?? "turns", ...dims] }) };
  });
}
