/** The shapes of all values of a model for an input of a given shape, as far as the operators are known here. */
import { S2Error } from "../core/index.ts";
import { readAttributes } from "./attributes.ts";
import type { Dim } from "./dims.ts";
import { opsetOf } from "./file.ts";
import { infer } from "./infer.ts";
import { shapedTensor } from "./infer-shapes.ts";
import type { ModelProto } from "./proto.ts";
import type { Shaped } from "./rule.ts";
import { elementType } from "./tensor.ts";

/** By the values' names; what follows from an unknown operator is without shape. */
export function shapesOf(model: ModelProto, inputs: Readonly<Record<string, readonly Dim[]>>): Map<string, Shaped> {
  const shapes = new Map<string, Shaped>();
  const opset = opsetOf(model);
  for (const tensor of model.graph.initializer ?? []) shapes.set(tensor.name ?? "", shapedTensor(tensor));
  for (const { name = "", type } of model.graph.input ?? []) {
    if (inputs[name]) shapes.set(name, { type: elementType(type?.tensorType?.elemType), dims: inputs[name] });
  }
  for (const node of model.graph.node ?? []) {
    const given = (node.input ?? []).map((name) => (name ? (shapes.get(name) ?? { type: "float32" as const }) : undefined));
    const call = {
      op: node.opType ?? "",
      inputs: given,
      attributes: readAttributes(node),
      outputs: node.output?.length ?? 1,
      opset,
    };
    const results = inferOrNothing(call, node.name ?? "");
    (node.output ?? []).forEach((name, i) => {
      if (name && results[i]) shapes.set(name, results[i]);
    });
  }
  return shapes;
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
