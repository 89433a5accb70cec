/** What an operator gives, from what it takes: element type, shape, and the values of small whole-number tensors (shapes in the making). */
import { S2Error } from "../core/index.ts";
import { shapeText } from "./dims.ts";
import { isOnnx } from "./file.ts";
import { contribRules } from "./infer-contrib.ts";
import { imageRules } from "./infer-images.ts";
import { layerRules } from "./infer-layers.ts";
import { numberRules } from "./infer-numbers.ts";
import { shapeRules } from "./infer-shapes.ts";
import { type Call, Mismatch, type Rule, type Shaped } from "./rule.ts";

const rules: Readonly<Record<string, Rule>> = { ...numberRules, ...shapeRules, ...imageRules, ...layerRules, ...contribRules };

/** What a rule is listed under: ONNX's own operators by their name, others with their domain in front. */
export function operatorName(domain: string | undefined, op = ""): string {
  return isOnnx(domain) ? op : `${domain}.${op}`;
}

/** Whether the operator is known here; the two that run graphs are shapes-of.ts's. */
export const isKnown = (op: string): boolean => Object.hasOwn(rules, op) || op === "If" || op === "Loop";

/**
 * The outputs of a node; of an operator that is not known here, nothing but their number.
 * @throws S2Error "graph" when the inputs do not go together.
 */
export function infer(call: Call, where: string): Shaped[] {
  if (!Object.hasOwn(rules, call.op))
    return Array.from({ length: call.outputs }, () => ({ type: call.inputs[0]?.type ?? "float32" }));
  try {
    return rules[call.op](call);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const given = call.inputs.map((input) => (input?.dims ? shapeText(input.dims) : "?")).join(", ");
    throw new S2Error("graph", `${call.op} in ${where} was given the shapes ${given}: ${error.message}.`, { cause: error });
  }
}
