/** Another model's graph as a part of this one: its nodes copied under new names, its weights shared and not copied. */

import { S2Error } from "../core/index.ts";
import type { Graph, Value } from "./builder.ts";
import { uniqueName } from "./builder.ts";
import { isOnnx, opsetOf } from "./file.ts";
import type { AttributeProto, GraphProto, ModelProto, NodeProto } from "./proto.ts";

/** A model whose weights are in the graph already; called as often as it is needed. */
export type Inlined = (feeds: Readonly<Record<string, Value>>) => Map<string, string>;

/**
 * Adds the model's weights to `graph` and returns a function that adds one copy of its nodes, fed by values of `graph` or of a
 * graph within it; it gives the new names of the model's outputs.
 * @throws S2Error "graph" when the model is of another operator set than the graph.
 */
export function inline(graph: Graph, model: ModelProto, name: string): Inlined {
  if (opsetOf(model) !== graph.opset)
    throw new S2Error(
      "graph",
      `The model is of operator set ${opsetOf(model)}, the graph of ${graph.opset}; they must be the same.`,
    );
  for (const { domain, version } of model.opsetImport) if (!isOnnx(domain)) graph.domains.set(domain!, Number(version));
  const shared = new Map<string, string>();
  for (const tensor of model.graph.initializer ?? []) {
    const own = uniqueName(graph, tensor.name ?? "");
    shared.set(tensor.name ?? "", own);
    graph.initializers.push({ ...tensor, name: own });
  }
  return (feeds) => {
    const fed = new Map(Object.entries(feeds).map(([input, value]) => [input, value.name]));
    const prefix = uniqueName(graph, name);
    const rename = (old: string) => (old === "" ? "" : (fed.get(old) ?? shared.get(old) ?? `${prefix}/${old}`));
    const within = Object.values(feeds)[0].graph;
    within.nodes.push(...(model.graph.node ?? []).map((node) => renamed(node, rename)));
    return new Map((model.graph.output ?? []).map((output) => [output.name ?? "", rename(output.name ?? "")]));
  };
}

type Rename = (name: string) => string;

function renamed(node: NodeProto, rename: Rename): NodeProto {
  return {
    ...node,
    name: node.name && rename(node.name),
    input: node.input?.map(rename),
    output: node.output?.map(rename),
    attribute: node.attribute?.map((attribute) => renamedWithin(attribute, rename)),
  };
}

/** The branches of an If and the body of a Loop read names of the graph around them. */
function renamedWithin(attribute: AttributeProto, rename: Rename): AttributeProto {
  if (!attribute.g && !attribute.graphs) return attribute;
  const graphs = attribute.graphs?.map((graph) => renamedGraph(graph, rename));
  return { ...attribute, ...(attribute.g && { g: renamedGraph(attribute.g, rename) }), ...(graphs && { graphs }) };
}

function renamedGraph(graph: GraphProto, rename: Rename): GraphProto {
  const named = <T extends { name?: string }>(list: T[] | undefined) =>
    list?.map((one) => ({ ...one, name: rename(one.name ?? "") }));
  return {
    ...graph,
    node: graph.node?.map((node) => renamed(node, rename)),
    initializer: named(graph.initializer),
    input: named(graph.input),
    output: named(graph.output),
    valueInfo: named(graph.valueInfo),
  };
}
