/** Reverse-mode differentiation of a graph under construction: walks its operators backwards and adds those of the gradients. */
import { S2Error } from "../core/index.ts";
import { Add, type Graph, readAttributes, type ShapedValue, type Value } from "../onnx/index.ts";
import { filled, type Rule } from "./rule.ts";
import { numberRules } from "./rules-numbers.ts";
import { productRules } from "./rules-products.ts";
import { reduceRules } from "./rules-reduce.ts";
import { shapeRules } from "./rules-shape.ts";

/** One rule per operator; another operator is refused by name. */
const rules: Readonly<Record<string, Rule>> = { ...numberRules, ...reduceRules, ...shapeRules, ...productRules };

/** Operators with integer, boolean or piecewise constant outputs, whose gradient is zero. */
const flat = new Set(["Shape", "Equal", "Less", "Greater", "Not", "And", "Or", "ArgMax", "Round", "Floor", "Ceil", "Sign"]);

/**
 * Returns the derivatives of `loss`, one number, by each of the parameters, in their shapes; zeros where the loss does not depend on one.
 * All sizes must be numbers: fix the batch size when building.
 * @throws S2Error "gradient" for a loss of several numbers, or an operator between parameter and loss that has no rule.
 */
export function gradients(graph: Graph, loss: Value, parameters: readonly ShapedValue[]): ShapedValue[] {
  const size = loss.dims?.reduce((product: number, dim) => product * Number(dim), 1);
  if (size !== 1)
    throw new S2Error(
      "gradient",
      `The loss has the shape [${loss.dims?.join(", ") ?? "?"}]; expected one number. Take its mean or sum.`,
    );
  const nodes = [...graph.nodes]; // without those that are added below
  const reached = new Set(parameters.map(({ name }) => name));
  for (const { input, output, opType } of nodes) {
    if (flat.has(opType!) || !input?.some((name) => reached.has(name))) continue;
    for (const name of output!) reached.add(name);
  }
  const sums = new Map<string, ShapedValue[]>();
  sums.set(graph.renamed.get(loss.name) ?? loss.name, [filled(graph, loss.dims as number[], 1)]);
  const named = (name: string): ShapedValue | undefined =>
    name ? (graph.values.get(name) as ShapedValue | undefined) : undefined;
  for (const node of nodes.reverse()) {
    const names = node.input ?? [];
    const given = node.output!.map((name) => total(sums, name));
    if (given.every((gradient) => gradient === undefined) || !names.some((name) => reached.has(name)) || flat.has(node.opType!))
      continue;
    const rule = rules[node.opType!];
    if (!rule)
      throw new S2Error(
        "gradient",
        `There is no rule for the gradient of ${node.opType} (${node.name}); operators with one: ${Object.keys(rules).sort().join(", ")}.`,
      );
    const results = rule({
      inputs: names.map(named) as ShapedValue[],
      outputs: node.output!.map(named) as ShapedValue[],
      gradients: given,
      wanted: names.map((name) => reached.has(name)),
      attributes: readAttributes(node),
    });
    results.forEach((gradient, i) => {
      if (gradient && reached.has(names[i])) sums.set(names[i], [...(sums.get(names[i]) ?? []), gradient]);
    });
  }
  return parameters.map((parameter) => total(sums, parameter.name) ?? filled(graph, parameter.dims as number[], 0));
}

/** Returns the sum of a value's gradients. All that reads the value comes later in the graph, so the sum is complete. */
function total(sums: Map<string, ShapedValue[]>, name: string): ShapedValue | undefined {
  const found = sums.get(name);
  if (!found) return undefined;
  const sum = found.reduce((a, b) => Add(a, b));
  sums.set(name, [sum]);
  return sum;
}
