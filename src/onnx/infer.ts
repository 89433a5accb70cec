/** Infers what an operator returns: element types, shapes, and the values of small tensors of whole numbers from which shapes are made. */
import { S2Error } from "../core/index.ts";
import { shapeText } from "./dims.ts";
import { isOnnx } from "./file.ts";
import { layerRules, microsoftRules } from "./infer-layers.ts";
import { numberRules } from "./infer-numbers.ts";
import { shapeRules } from "./infer-shapes.ts";
import { type Call, Mismatch, type Rule, type Shaped } from "./rule.ts";

const rules: Readonly<Record<string, Rule>> = { ...numberRules, ...shapeRules, ...layerRules, ...microsoftRules };

/** The name under which rules are listed: ONNX's own operators by their name, others with their domain in front. */
export function operatorName(domain: string | undefined, op = ""): string {
  return isOnnx(domain) ? op : `${domain}.${op}`;
}

/** Returns true for an operator with a rule; shapes-of.ts follows the two that run graphs. */
export const isKnown = (op: string): boolean => Object.hasOwn(rules, op) || op === "If" || op === "Loop";

/**
 * Infers the outputs of a node; an unknown operator's have no shape.
 * @throws S2Error "graph" when the inputs do not fit together.
 */
export function infer(call: Call, location: string): Shaped[] {
  if (!Object.hasOwn(rules, call.op))
    return Array.from({ length: call.outputs }, () => ({ type: call.inputs[0]?.type ?? "float32" }));
  try {
    return [rules[call.op](call)].flat();
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const given = call.inputs.map((input) => (input?.dims ? shapeText(input.dims) : "?")).join(", ");
    throw new S2Error("graph", `${call.op} in ${location} was given the shapes ${given}: ${error.message}.`, { cause: error });
  }
}
