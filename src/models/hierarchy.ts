/** Shared code of models with several stages: output names in both libraries, and sizes read off the tensors. */
import type { ShapedValue } from "../onnx/index.ts";
import type { Outputs } from "./architecture.ts";
import { linear } from "./layers.ts";
import type { Weights } from "./weights.ts";

export type Source = "transformers" | "timm";

/** The values of a graph that have names in a library. */
export interface StagedValues {
  /** The main features as the library lays them out. */
  readonly features: ShapedValue;
  /** [b, c]; absent where the file has not its norm. */
  readonly pooled?: ShapedValue;
  readonly logits?: ShapedValue;
  /** Maps [b, c, h, w] of all stages, before the next one halves them. */
  readonly stages: readonly ShapedValue[];
  /** timm's `intermediates` where they are not the stages. */
  readonly intermediates?: readonly ShapedValue[];
  /** Only transformers has these: `hidden_states`, `reshaped_hidden_states`. */
  readonly hidden: Readonly<Record<string, readonly ShapedValue[]>>;
}

/** Main features, pooled ones, logits: as transformers names them, and timm. */
export const mainOutputs = ["last_hidden_state", "pooler_output", "logits", "forward_features", "pre_logits", "output"];

/** Outputs by their names in the library, and `stages.i` in both: for S², `stages.<last>` is the main map before a final norm. */
export function namedOutputs(source: Source, values: StagedValues): Outputs {
  const { features, pooled, logits, stages, hidden, intermediates = stages } = values;
  if (source === "timm")
    return {
      ...{ forward_features: features, ...numbered("intermediates", intermediates) },
      ...(pooled && { pre_logits: pooled, output: logits ?? pooled }),
      ...numbered("stages", stages),
    };
  return {
    last_hidden_state: features,
    ...Object.assign({}, ...Object.entries(hidden).map(([name, values]) => numbered(name, values))),
    ...(pooled && { pooler_output: pooled }),
    ...(logits && { logits }),
    ...numbered("stages", stages),
  };
}

function numbered(name: string, values: readonly ShapedValue[]): Outputs {
  return Object.fromEntries(values.map((value, i) => [`${name}.${i}`, value]));
}

/** The shape of a tensor that says how large a part of the model is; a refusal where there is none. */
export function shapeOf(weights: Weights, name: string): readonly number[] {
  const dims = weights.dims(name);
  if (dims?.length) return dims;
  weights.get(name, dims ? [0] : []);
  weights.refuseIssues(/./);
  return [];
}

/** Logits of pooled features [b, c], where the file has the layer. */
export function classifier(pooled: ShapedValue, weights: Weights): ShapedValue | undefined {
  const classes = weights.dims("weight")?.[0];
  return classes === undefined ? undefined : linear(pooled, weights, classes);
}
