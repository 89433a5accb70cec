/** Walks over the nodes of graphs and of the graphs within nodes: the branches of an If, the body of a Loop. */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "./proto.ts";

function subgraphs({ attribute = [] }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs = [] }) => (g ? [g, ...graphs] : graphs));
}

/** Replaces the graphs within a node. */
export function mapSubgraphs(node: NodeProto, change: (graph: GraphProto) => GraphProto): NodeProto {
  if (subgraphs(node).length === 0) return node;
  const attribute = node.attribute!.map((each) => {
    const { g, graphs } = each;
    return { ...each, ...(g && { g: change(g) }), ...(graphs && { graphs: graphs.map(change) }) };
  });
  return { ...node, attribute };
}

/** Copies a node with every value renamed, in the graphs within it too, which read values of the graph around them. */
export function renamed(node: NodeProto, rename: (name: string) => string): NodeProto {
  const { name, input, output } = node;
  const inner = mapSubgraphs(node, (graph) => renamedGraph(graph, rename));
  return { ...inner, name: name && rename(name), input: input?.map(rename), output: output?.map(rename) };
}

function renamedGraph(graph: GraphProto, rename: (name: string) => string): GraphProto {
  const named = <T extends { name?: string }>(list: T[] | undefined) =>
    list?.map((each) => ({ ...each, name: rename(each.name ?? "") }));
  return {
    ...graph,
    node: graph.node?.map((node) => renamed(node, rename)),
    initializer: named(graph.initializer),
    input: named(graph.input),
    output: named(graph.output),
    valueInfo: named(graph.valueInfo),
  };
}

/** The names of the values that a node reads, its subgraphs' included. */
export function namesRead(node: NodeProto): string[] {
  const inner = subgraphs(node).flatMap(({ node: nodes = [], output = [] }) => [
    ...nodes.flatMap(namesRead),
    ...output.map(({ name }) => name ?? ""),
  ]);
  return [...(node.input ?? []), ...inner];
}

/** The graph without nodes and initializers that no output needs. */
export function usedPart(graph: GraphProto): GraphProto {
  const needed = new Set((graph.output ?? []).map(({ name }) => name ?? ""));
  const kept: NodeProto[] = [];
  for (const node of [...(graph.node ?? [])].reverse()) {
    if (!node.output?.some((name) => name !== "" && needed.has(name))) continue; // "" is an omitted input or output
    kept.push(node);
    for (const name of namesRead(node)) needed.add(name);
  }
  const initializer = (graph.initializer ?? []).filter(({ name }) => needed.has(name ?? ""));
  return { ...graph, node: kept.reverse(), initializer };
}

/**
 * Sorts nodes so that each comes after those that it reads. Some tools append nodes that others read (casts to float16); onnxruntime
 * sorts a model's graph itself, but not a loop's body.
 */
export function inOrder(nodes: readonly NodeProto[]): readonly NodeProto[] {
  const missing = new Set(nodes.flatMap(({ output }) => output ?? []).filter((name) => name !== ""));
  const sorted: NodeProto[] = [];
  let waiting = nodes;
  for (let before = -1; waiting.length > 0 && before !== waiting.length; ) {
    before = waiting.length;
    waiting = waiting.filter((node) => {
      if (namesRead(node).some((name) => missing.has(name))) return true;
      for (const name of node.output ?? []) missing.delete(name);
      sorted.push(node);
      return false;
    });
  }
  return [...sorted, ...waiting];
}

/** Every node of a model, those of subgraphs and functions included. */
function* nodesOf({ graph, functions = [] }: ModelProto): Generator<NodeProto> {
  const pending = [graph, ...functions].flatMap(({ node }) => node ?? []);
  for (let node = pending.pop(); node; node = pending.pop()) {
    yield node;
    for (const inner of subgraphs(node)) for (const each of inner.node ?? []) pending.push(each);
  }
}

/** Every tensor of a model: initializers and attributes, those of subgraphs and functions included. */
export function* tensorsOf(model: ModelProto): Generator<TensorProto> {
  yield* model.graph.initializer ?? [];
  for (const node of nodesOf(model)) {
    for (const { t, tensors = [] } of node.attribute ?? []) yield* t ? [t, ...tensors] : tensors;
    for (const { initializer = [] } of subgraphs(node)) yield* initializer;
  }
}

/** The domains of all operators that the model uses, "" for ONNX's own. */
export const domainsUsed = (model: ModelProto): Set<string> => new Set([...nodesOf(model)].map(({ domain }) => domain ?? ""));
