/** Adds another model's graph to a graph: its nodes are copied under new names, its weights are shared. */
import { S2Error } from "../core/index.ts";
import { type Graph, nameNow, uniqueName, type Value } from "./builder.ts";
import { isOnnx, opsetOf } from "./file.ts";
import { withoutFunctions } from "./functions.ts";
import { domainsUsed, inOrder, renamed } from "./nodes.ts";
import type { ModelProto } from "./proto.ts";

/** Adds one copy of a model's nodes, fed by these values, and returns the new names of the model's outputs. */
type Inlined = (feeds: Readonly<Record<string, Value>>) => Map<string, string>;

/**
 * Adds the model's weights to `graph` and returns a function that adds one copy of its nodes, fed by values of `graph` or of a
 * graph within it. Calls of the model's functions become their nodes, since two models may have functions of one name.
 * @throws S2Error "graph" when the model has other operator sets than the graph.
 */
export function inline(graph: Graph, file: ModelProto, name: string): Inlined {
  const model = withoutFunctions(file);
  if (opsetOf(model) !== graph.opset)
    throw new S2Error(
      "graph",
      `The model is of operator set ${opsetOf(model)}, the graph of ${graph.opset}; they must be the same.`,
    );
  addDomains(graph, model);
  const shared = new Map<string, string>();
  for (const tensor of model.graph.initializer ?? []) {
    const newName = uniqueName(graph, tensor.name ?? "");
    shared.set(tensor.name ?? "", newName);
    graph.initializers.push({ ...tensor, name: newName });
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

/** Adds the model's domains; those that tools list without a node of theirs do not count. */
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
