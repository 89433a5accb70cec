/** Nodes under other names: those that they read and give, in the graphs within them too. */
import type { AttributeProto, GraphProto, NodeProto } from "./proto.ts";

export type Rename = (name: string) => string;

/** A copy of the node with every name of a value renamed. */
export function renamed(node: NodeProto, rename: Rename): NodeProto {
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
