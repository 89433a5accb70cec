/** Another model's graph as a part of this one: its nodes copied under new names, its weights shared and not copied. */

import { S2Error } from "../core/index.ts";
import type { Graph, Value } from "./builder.ts";
import { nameNow, uniqueName } from "./builder.ts";
import { isOnnx, opsetOf } from "./file.ts";
import { withoutFunctions } from "./functions.ts";
import { domainsUsed, inOrder, renamed } from "./nodes.ts";
import type { ModelProto } from "./proto.ts";

/** A model whose weights are in the graph already; called as often as it is needed. */
export type Inlined = (feeds: Readonly<Record<string, Value>>) => Map<string, string>;

/**
 * Adds the model's weights to `graph` and returns a function that adds one copy of its nodes, fed by values of `graph` or of a
 * graph within it; it gives the new names of the model's outputs. Calls of the model's own functions become their nodes: two models may
 * have functions of one name.
 * @throws S2Error "graph" when the model is of other operator sets than the graph.
 */
export function inline(graph: Graph, whole: ModelProto, name: string): Inlined {
  const model = withoutFunctions(whole);
  if (opsetOf(model) !== graph.opset)
    throw new S2Error(
      "graph",
      `The model is of operator set ${opsetOf(model)}, the graph of ${graph.opset}; they must be the same.`,
    );
  addDomains(graph, model);
  const shared = new Map<string, string>();
  for (const tensor of model.graph.initializer ?? []) {
    const own = uniqueName(graph, tensor.name ?? "");
    shared.set(tensor.name ?? "", own);
    graph.initializers.push({ ...tensor, name: own });
  }
  const nodes = inOrder(model.graph.node ?? []);
  return (feeds) => {
    const fed = new Map(Object.entries(feeds).map(([input, value]) => [input, nameNow(value)]));
    const prefix = uniqueName(graph, name);
    const rename = (old: string) => (old === "" ? "" : (fed.get(old) ?? shared.get(old) ?? `${prefix}/${old}`));
    const within = Object.values(feeds)[0].graph;
    within.nodes.push(...nodes.map((node) => renamed(node, rename)));
    return new Map((model.graph.output ?? []).map((output) => [output.name ?? "", rename(output.name ?? "")]));
  };
}

/** Tools list domains that no node is of; only those of nodes count. */
function addDomains(graph: Graph, model: ModelProto): void {
  const used = domainsUsed(model);
  for (const { domain = "", version } of model.opsetImport) {
    if (isOnnx(domain) || !used.has(domain)) continue;
    const here = graph.domains.get(domain);
    if (here !== undefined && here !== Number(version))
      throw new S2Error(
        "graph",
        `The model's operators of ${domain} are of version ${version}, the graph's of ${here}; they must be the same.`,
      );
    graph.domains.set(domain, Number(version));
  }
}
